/* search/metrics/metrics.c - the table of metrics. */
#include "search/metrics/metrics.h"

#include <stddef.h>
#include <string.h>

#define MS .unit = "ms", .measured = true, .selectable = true
#define TIME(id, text, what)                                                                 \
    [id] = {.name = text, MS, .tested_as = text "_hi", .help = what ", median"},             \
    [id##_LO] = {.name = text "_lo", MS, .help = "lower end of the 95 % interval of " text}, \
    [id##_HI] = {.name = text "_hi", MS, .help = "upper end of the 95 % interval of " text}, \
    [id##_P95] = {.name = text "_p95",                                                       \
                  MS,                                                                        \
                  .help = "95th percentile of the runs of " text ": 95 % took no longer"}

const nas_metric nas_metrics[NAS_METRIC_COUNT] = {
    [NAS_METRIC_ACCURACY] = {.name = "accuracy",
                             .unit = "fraction",
                             .selectable = true,
                             .bound = "accuracy_lo",
                             .help = "share of the validation part that the exported file gets "
                                     "right; with folds: of all their clips, each by the file "
                                     "that was made without its fold"},
    [NAS_METRIC_TEST_ACCURACY] = {.name = "test_accuracy",
                                  .unit = "fraction",
                                  .help = "the same on the test part; of the finalists only, and "
                                          "nothing selects on it"},
    [NAS_METRIC_SCORE_LO] = {.name = "accuracy_lo",
                             .unit = "fraction",
                             .selectable = true,
                             .help = "lower end of accuracy over other speakers, one-sided, at "
                                     "search.confidence; a constraint on accuracy is tested "
                                     "against it"},
    [NAS_METRIC_TFLITE_BYTES] = {.name = "tflite_bytes",
                                 .unit = "bytes",
                                 .integer = true,
                                 .selectable = true,
                                 .help = "length of model.tflite"},
    [NAS_METRIC_ZLIB_BYTES] = {.name = "zlib_bytes",
                               .unit = "bytes",
                               .integer = true,
                               .selectable = true,
                               .help = "length of the zlib stream of model.tflite"},
    [NAS_METRIC_ZIP_BYTES] = {.name = "zip_bytes",
                              .unit = "bytes",
                              .integer = true,
                              .selectable = true,
                              .help = "length of the archive that `zip -9 model.zip model.tflite` "
                                      "writes (Info-ZIP 3.0)"},
    [NAS_METRIC_PARAMS] = {.name = "params",
                           .unit = "count",
                           .integer = true,
                           .selectable = true,
                           .help = "trainable values of the net, batch norm included"},
    [NAS_METRIC_NONZERO_PARAMS] = {.name = "nonzero_params",
                                   .unit = "count",
                                   .integer = true,
                                   .selectable = true,
                                   .help = "constants of the file that are not zero"},
    [NAS_METRIC_MACS] = {.name = "macs",
                         .unit = "count",
                         .integer = true,
                         .selectable = true,
                         .help = "multiply-accumulates of one inference"},
    [NAS_METRIC_RAM_BYTES] = {.name = "ram_bytes",
                              .unit = "bytes",
                              .integer = true,
                              .selectable = true,
                              .help = "peak activation memory of one inference"},
    [NAS_METRIC_ARENA_BYTES] = {.name = "arena_bytes",
                                .unit = "bytes",
                                .integer = true,
                                .selectable = true,
                                .help = "head of the arena of TensorFlow Lite for "
                                        "Microcontrollers, scratch buffers included; none of a "
                                        "file that it refuses (float16, dynamic)"},
    TIME(NAS_METRIC_INFER_MS, "infer_ms", "one inference on one thread"),
    TIME(NAS_METRIC_FRONTEND_MS, "frontend_ms", "features of one clip on one thread"),
    TIME(NAS_METRIC_TOTAL_MS, "total_ms", "features and inference together"),
};

int nas_metric_in(const nas_metric_list *list, const char *name) {
    for (int i = 0; i < list->n; i++)
        if (strcmp(list->v[i].name, name) == 0) return i;
    return -1;
}

int nas_metric_find(const char *name) {
    const nas_metric_list common = {NAS_METRIC_COUNT, nas_metrics};
    return nas_metric_in(&common, name);
}
