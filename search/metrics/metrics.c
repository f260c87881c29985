/* search/metrics/metrics.c - the table of metrics. */
#include "search/metrics/metrics.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* --- what is known before training --------------------------------------------------------------
 */

static double params_before(const nas_foreseen *f) {
    return (double)f->params;
}

static double macs_before(const nas_foreseen *f) {
    return (double)f->macs;
}

static double ram_before(const nas_foreseen *f) {
    return (double)f->ram_bytes;
}

static double arena_before(const nas_foreseen *f) {
    return f->arena_bytes < 0 ? (double)INFINITY : (double)f->arena_bytes;
}

static double tflite_before(const nas_foreseen *f) {
    return (double)f->bytes;
}

/* DEFLATE has at least two bits for 258 bytes (RFC 1951, 3.2.5); an archive has its headers
 * besides. */
static double zip_before(const nas_foreseen *f) {
    return floor((double)f->bytes / 1032) + 174;
}

/* A weight of a kernel begins as one of 2^24 numbers that are equally likely, and keeps at least
 * that much: 3 bytes, which no code saves on. (Trained kernels take 3.6.) Biases and what batch
 * norm leaves begin alike and may stay so, in a layer that no gradient reaches or with a rate of 0:
 * beside many weights they are counted at 2 bytes, where the weights' fourth byte pays for them. */
static double zlib_before(const nas_foreseen *f) {
    const double all = 2.0 * (double)f->floats, kernels = 3.0 * (double)f->weights;
    return f->weights == 0 ? (double)NAN : fmin(all, kernels);
}

/* --- the table ----------------------------------------------------------------------------------
 */

#define MS \
    .unit = NAS_UNIT_MS, .known = NAS_KNOWN_MEASURED, .shown = NAS_SHOWN_SHORT, .selectable = true
#define TIME(id, text, what)                                                                 \
    [id] = {.name = text,                                                                    \
            MS,                                                                              \
            .listed = id != NAS_METRIC_FRONTEND_MS,                                          \
            .tested_as = text "_hi",                                                         \
            .help = what ", median"},                                                        \
    [id##_LO] = {.name = text "_lo", MS, .help = "lower end of the 95 % interval of " text}, \
    [id##_HI] = {.name = text "_hi", MS, .help = "upper end of the 95 % interval of " text}, \
    [id##_P95] = {.name = text "_p95",                                                       \
                  MS,                                                                        \
                  .help = "95th percentile of the runs of " text ": 95 % took no longer"}

const nas_metric nas_metrics[NAS_METRIC_COUNT] = {
    [NAS_METRIC_ACCURACY] = {.name = "accuracy",
                             .unit = NAS_UNIT_FRACTION,
                             .selectable = true,
                             .bound = "accuracy_lo",
                             .help = "share of the validation set that the exported file gets "
                                     "right; with folds: of all their clips, each by the file "
                                     "that was made without its fold"},
    [NAS_METRIC_TEST_ACCURACY] = {.name = "test_accuracy",
                                  .unit = NAS_UNIT_FRACTION,
                                  .help = "the same on the test set; of the finalists only, and "
                                          "nothing selects on it"},
    [NAS_METRIC_SCORE_LO] = {.name = "accuracy_lo",
                             .unit = NAS_UNIT_FRACTION,
                             .selectable = true,
                             .help = "lower end of accuracy over other speakers, one-sided, at "
                                     "search.confidence; a constraint on accuracy is tested "
                                     "against it"},
    [NAS_METRIC_TFLITE_BYTES] = {.name = "tflite_bytes",
                                 .listed = true,
                                 .unit = NAS_UNIT_BYTES,
                                 .integer = true,
                                 .before = tflite_before,
                                 .selectable = true,
                                 .help = "length of model.tflite"},
    [NAS_METRIC_ZLIB_BYTES] = {.name = "zlib_bytes",
                               .listed = true,
                               .unit = NAS_UNIT_BYTES,
                               .integer = true,
                               .before = zlib_before,
                               .selectable = true,
                               .help = "length of the zlib stream of model.tflite"},
    [NAS_METRIC_ZIP_BYTES] = {.name = "zip_bytes",
                              .listed = true,
                              .unit = NAS_UNIT_BYTES,
                              .integer = true,
                              .before = zip_before,
                              .selectable = true,
                              .help = "length of the archive that `zip -9 model.zip model.tflite` "
                                      "writes (Info-ZIP 3.0)"},
    [NAS_METRIC_PARAMS] = {.name = "params",
                           .unit = NAS_UNIT_COUNT,
                           .integer = true,
                           .known = NAS_KNOWN_BEFORE,
                           .before = params_before,
                           .selectable = true,
                           .help = "trainable values of the net, batch norm included"},
    [NAS_METRIC_NONZERO_PARAMS] = {.name = "nonzero_params",
                                   .unit = NAS_UNIT_COUNT,
                                   .integer = true,
                                   .selectable = true,
                                   .help = "constants of the file that are not zero"},
    [NAS_METRIC_MACS] = {.name = "macs",
                         .listed = true,
                         .unit = NAS_UNIT_COUNT,
                         .integer = true,
                         .known = NAS_KNOWN_BEFORE,
                         .before = macs_before,
                         .selectable = true,
                         .help = "multiply-accumulates of one inference"},
    [NAS_METRIC_RAM_BYTES] = {.name = "ram_bytes",
                              .unit = NAS_UNIT_BYTES,
                              .integer = true,
                              .known = NAS_KNOWN_BEFORE,
                              .before = ram_before,
                              .selectable = true,
                              .help = "peak activation memory of one inference"},
    [NAS_METRIC_ARENA_BYTES] = {.name = "arena_bytes",
                                .unit = NAS_UNIT_BYTES,
                                .integer = true,
                                .known = NAS_KNOWN_BEFORE,
                                .before = arena_before,
                                .selectable = true,
                                .help = "head of the arena of TensorFlow Lite for "
                                        "Microcontrollers, scratch buffers included; none of a "
                                        "file that it refuses (float16, dynamic)"},
    TIME(NAS_METRIC_INFER_MS, "infer_ms", "one inference on one thread"),
    TIME(NAS_METRIC_FRONTEND_MS, "frontend_ms", "features of one clip on one thread"),
    TIME(NAS_METRIC_TOTAL_MS, "total_ms", "features and inference together"),
};

const char *nas_metric_unit(const nas_metric *m) {
    return m->own_unit ? m->own_unit : nas_unit_text(m->unit);
}

int nas_metric_in(const nas_metric_list *list, const char *name) {
    for (int i = 0; i < list->n; i++)
        if (strcmp(list->v[i].name, name) == 0) return i;
    return -1;
}

int nas_metric_find(const char *name) {
    const nas_metric_list common = {NAS_METRIC_COUNT, nas_metrics};
    return nas_metric_in(&common, name);
}
