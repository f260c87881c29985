/* search/metrics/list.h - the metrics that every task has, one row each, in the order of columns.
 * Included where a row is to become something: METRIC(name of its NAS_METRIC_..., members of
 * nas_metric), and TIME(the same, its column, what takes it), which is four: the median, the ends
 * of its interval, the 95th percentile. Functions that rows name are in metrics.c. */

/* Tasks call these three otherwise (`scores` of nas_task_ops). */
METRIC(SCORE, .name = "score", .unit = NAS_UNIT_NONE, .selectable = true,
       .help = "what the task is about: higher is better")
METRIC(TEST_SCORE, .name = "test_score", .unit = NAS_UNIT_NONE, .help = "the same on the test set")
METRIC(SCORE_LO, .name = "score" NAS_LO, .unit = NAS_UNIT_NONE,
       .help = "lower end of the score, one-sided")
METRIC(TFLITE_BYTES, .name = "tflite_bytes", .read = tflite_read, .listed = true,
       .unit = NAS_UNIT_BYTES, .integer = true, .before = tflite_before, .selectable = true,
       .help = "length of model.tflite")
METRIC(ZLIB_BYTES, .name = "zlib_bytes", .read = zlib_read, .listed = true, .unit = NAS_UNIT_BYTES,
       .integer = true, .before = zlib_before, .selectable = true,
       .help = "length of the zlib stream of model.tflite")
METRIC(ZIP_BYTES, .name = "zip_bytes", .read = zip_read, .listed = true, .unit = NAS_UNIT_BYTES,
       .integer = true, .before = zip_before, .selectable = true,
       .help = "length of the archive that `zip -9 model.zip model.tflite` "
               "writes (Info-ZIP 3.0)")
METRIC(PARAMS, .name = "params", .read = params_read, .unit = NAS_UNIT_COUNT, .integer = true,
       .known = NAS_KNOWN_BEFORE, .before = params_before, .selectable = true,
       .help = "trainable values of the net, batch norm included")
METRIC(NONZERO_PARAMS, .name = "nonzero_params", .read = nonzero_read, .unit = NAS_UNIT_COUNT,
       .integer = true, .selectable = true, .help = "constants of the file that are not zero")
METRIC(MACS, .name = "macs", .read = macs_read, .listed = true, .unit = NAS_UNIT_COUNT,
       .integer = true, .known = NAS_KNOWN_BEFORE, .before = macs_before, .selectable = true,
       .help = "multiply-accumulates of one inference")
METRIC(RAM_BYTES, .name = "ram_bytes", .read = ram_read, .unit = NAS_UNIT_BYTES, .integer = true,
       .known = NAS_KNOWN_BEFORE, .before = ram_before, .selectable = true,
       .help = "peak activation memory of one inference")
METRIC(ARENA_BYTES, .name = "arena_bytes", .read = arena_read, .unit = NAS_UNIT_BYTES,
       .integer = true, .known = NAS_KNOWN_BEFORE, .before = arena_before, .selectable = true,
       .help = "head of the arena of TensorFlow Lite for "
               "Microcontrollers, scratch buffers included; none of a "
               "file that it refuses (float16, dynamic)")
TIME(INFER_MS, "infer_ms", "one inference on one thread")
TIME(FRONTEND_MS, "frontend_ms", "features of one clip on one thread")
TIME(TOTAL_MS, "total_ms", "features and inference together")

#undef METRIC
#undef TIME
