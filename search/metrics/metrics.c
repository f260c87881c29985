/* search/metrics/metrics.c - the table of metrics. */
#include "search/metrics/metrics.h"

#include "base/companion.h"

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

/* --- what the file says -------------------------------------------------------------------------
 */

static double tflite_read(const nas_shipped *f) {
    return (double)f->bytes;
}

static double zlib_read(const nas_shipped *f) {
    return (double)f->zlib_bytes;
}

static double zip_read(const nas_shipped *f) {
    return (double)f->zip_bytes;
}

static double params_read(const nas_shipped *f) {
    return (double)f->params;
}

static double nonzero_read(const nas_shipped *f) {
    return (double)f->nonzero;
}

static double macs_read(const nas_shipped *f) {
    return (double)f->macs;
}

static double ram_read(const nas_shipped *f) {
    return (double)f->ram_bytes;
}

static double arena_read(const nas_shipped *f) {
    return f->arena_bytes < 0 ? (double)NAN : (double)f->arena_bytes;
}

/* --- the table ----------------------------------------------------------------------------------
 */

#define MS \
    .unit = NAS_UNIT_MS, .known = NAS_KNOWN_MEASURED, .shown = NAS_SHOWN_SHORT, .selectable = true
#define END(id, text, suffix, what) [NAS_METRIC_##id] = {.name = text suffix, MS, .help = what text}
#define METRIC(id, ...)             [NAS_METRIC_##id] = {__VA_ARGS__},
#define TIME(id, text, what)                                                  \
    [NAS_METRIC_##id] = {.name = text,                                        \
                         MS,                                                  \
                         .listed = NAS_METRIC_##id != NAS_METRIC_FRONTEND_MS, \
                         .tested_as = text NAS_HI,                            \
                         .help = what ", median"},                            \
    END(id##_LO, text, NAS_LO, "lower end of the 95 % interval of "),         \
    END(id##_HI, text, NAS_HI, "upper end of the 95 % interval of "),         \
    [NAS_METRIC_##id##                                                        \
        _P95] = {.name = text NAS_P95,                                        \
                 MS,                                                          \
                 .help = "95th percentile of the runs of " text ": 95 % took no longer"},

const nas_metric nas_metrics[NAS_METRIC_COUNT] = {
#include "search/metrics/list.h"
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

void nas_metrics_read(const nas_shipped *f, double *metric) {
    for (int i = 0; i < NAS_METRIC_COUNT; i++)
        if (nas_metrics[i].read) metric[i] = nas_metrics[i].read(f);
}
