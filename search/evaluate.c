/* search/evaluate.c - the chain of stages of one candidate. */
#include "search/evaluate.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct stopwatch {
    double wall, cpu;
} stopwatch;

static stopwatch start(void) {
    return (stopwatch){nas_clock_wall(), nas_clock_cpu()};
}

static void note_stage(nas_outcome *out, const char *name, const nas_hash *key, bool reused,
                       stopwatch since) {
    out->stages[out->n_stages++] = (nas_stage_time){
        .name = name,
        .key = *key,
        .reused = reused,
        .wall = nas_clock_wall() - since.wall,
        .cpu = nas_clock_cpu() - since.cpu,
    };
}

nas_status nas_export_net(const nas_net *net, nas_format format, const float *x, int32_t n,
                          nas_arena *a, nas_bytes *tflite, nas_err *err) {
    nas_graph g = nas_graph_start(a), formatted = nas_graph_start(a);
    NAS_TRY(nas_net_lower(net, &g, err));
    NAS_TRY(nas_graph_fold(&g, err));
    NAS_TRY(nas_format_apply(&g, format, x, n, &formatted, err));
    NAS_TRY(nas_int8_units(&formatted, err));
    uint8_t *bytes;
    NAS_TRY(nas_tflite_write(&formatted, a, &bytes, &tflite->n, err));
    tflite->p = bytes;
    return NAS_OK;
}

static const float *calibration_rows(const nas_evaluator *e, const nas_features *f, nas_arena *a,
                                     nas_err *err) {
    const size_t row = (size_t)f->h * (size_t)f->w;
    float *x = nas_arena_array(a, (size_t)e->data->n_calibration * row, sizeof *x, err);
    for (int32_t i = 0; x && i < e->data->n_calibration; i++)
        memcpy(x + (size_t)i * row, f->x[NAS_TRAIN] + (size_t)e->data->calibration[i] * row,
               row * sizeof *x);
    return x;
}

static nas_hash export_key(const nas_candidate *c, const nas_hash *train) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "export");
    nas_hasher_i64(&h, NAS_EXPORT_VERSION);
    nas_hasher_i64(&h, NAS_DEPLOY_VERSION);
    nas_hasher_hash(&h, train);
    nas_hasher_text(&h, c->quantize_json);
    return nas_hasher_end(&h);
}

/* Folding, number format and file: milliseconds, so only the bytes at their end are kept. */
static nas_status export_stage(const nas_evaluator *e, const nas_candidate *c,
                               const nas_features *f, const nas_trained *t, nas_arena *a,
                               nas_outcome *out, nas_hash *key, nas_err *err) {
    const stopwatch since = start();
    *key = export_key(c, &t->key);
    nas_cached cached;
    bool found;
    NAS_TRY(nas_cache_get(e->cache, key, &cached, &found, err));
    if (found) {
        uint8_t *copy = nas_arena_alloc(a, cached.bytes, err);
        if (copy) memcpy(copy, cached.p, cached.bytes);
        out->tflite = (nas_bytes){copy, cached.bytes};
        nas_cache_release(&cached);
        if (!copy) return NAS_ENOMEM;
    } else {
        const float *x = calibration_rows(e, f, a, err);
        if (!x) return NAS_ENOMEM;
        NAS_TRY(nas_export_net(t->net, (nas_format)c->quantize, x, e->data->n_calibration, a,
                               &out->tflite, err));
        const nas_piece piece = {out->tflite.p, out->tflite.n};
        NAS_TRY(nas_cache_put(e->cache, key, &piece, 1, err));
    }
    uint8_t *zlib;
    NAS_TRY(nas_zlib_stream(out->tflite.p, out->tflite.n, a, &zlib, &out->zlib.n, err));
    out->zlib.p = zlib;
    note_stage(out, "export", key, found, since);
    return NAS_OK;
}

static nas_status latency_of(const nas_evaluator *e, const nas_candidate *c, const nas_features *f,
                             const nas_graph *g, double *metric, nas_err *err) {
    const int32_t rate = c->frontend.sample_rate_hz;
    const int32_t samples = (int32_t)lround(e->data->clips->clip_seconds * rate);
    const nas_rows *rows = &e->data->part[NAS_VALIDATION];
    float *pcm = malloc((size_t)samples * sizeof *pcm);
    if (!pcm) return nas_fail(err, NAS_ENOMEM, "latency: out of memory");
    nas_status st = nas_clips_read(e->data->clips, rows->clip[0], rate, pcm, samples, err);
    if (st == NAS_OK)
        st = nas_measure_latency(g, &c->frontend, f, pcm, samples, e->cache, metric, err);
    free(pcm);
    return st;
}

/* Everything here is read off the exported bytes. */
static nas_status measure_stage(const nas_evaluator *e, const nas_candidate *c,
                                const nas_features *f, const nas_hash *key, nas_arena *a,
                                nas_outcome *out, nas_err *err) {
    const stopwatch since = start();
    nas_graph g = nas_graph_start(a);
    NAS_TRY(nas_tflite_read(out->tflite.p, out->tflite.n, &g, err));
    nas_cost cost;
    NAS_TRY(nas_graph_cost(&g, &cost, err));
    nas_model_cost model;
    NAS_TRY(nas_model_check(&c->model, e->data->clips->n_labels, &model, err));
    double *m = out->metric;
    m[NAS_METRIC_PARAMS] = (double)model.params;
    m[NAS_METRIC_NONZERO_PARAMS] = (double)cost.nonzero;
    m[NAS_METRIC_MACS] = (double)cost.macs;
    m[NAS_METRIC_RAM_BYTES] = (double)cost.ram_bytes;
    m[NAS_METRIC_TFLITE_BYTES] = (double)out->tflite.n;
    m[NAS_METRIC_ZLIB_BYTES] = (double)out->zlib.n;
    const int32_t labels = e->data->clips->n_labels;
    const nas_examples validation = nas_features_part(e->data, f, NAS_VALIDATION);
    NAS_TRY(
        nas_measure_accuracy(&g, &validation, labels, NULL, &m[NAS_METRIC_ACCURACY], e->log, err));
    if (e->test) {
        const nas_examples test = nas_features_part(e->data, f, NAS_TEST);
        NAS_TRY(nas_measure_accuracy(&g, &test, labels, NULL, &m[NAS_METRIC_TEST_ACCURACY], e->log,
                                     err));
    }
    NAS_TRY(latency_of(e, c, f, &g, m, err));
    note_stage(out, "measure", key, false, since);
    return NAS_OK;
}

static nas_status train_and_measure(const nas_evaluator *e, const nas_candidate *c,
                                    const nas_features *f, nas_arena *a, nas_outcome *out,
                                    nas_err *err) {
    const stopwatch since = start();
    nas_trained t;
    NAS_TRY(nas_train_stage(e, c, f, a, &t, err));
    note_stage(out, "train", &t.key, t.reused, since);
    out->epochs = t.epochs;
    out->n_epochs = t.n_epochs;
    nas_status st = NAS_OK;
    if (t.end == NAS_TRAIN_DIVERGED) {
        out->state = "diverged";
        out->reason = "the loss was not finite";
    } else {
        nas_hash key;
        st = export_stage(e, c, f, &t, a, out, &key, err);
        if (st == NAS_OK) st = measure_stage(e, c, f, &key, a, out, err);
        if (st == NAS_OK) st = nas_package(e, c, f, a, out, err);
    }
    nas_net_close(t.net);
    return st;
}

nas_status nas_evaluate(const nas_evaluator *e, const nas_candidate *c, nas_arena *a,
                        nas_outcome *out, nas_err *err) {
    *out = (nas_outcome){.state = "complete"};
    for (int i = 0; i < NAS_METRIC_COUNT; i++) out->metric[i] = NAN;
    NAS_TRY(nas_reject(e, c, a, &out->reason, err));
    if (out->reason) {
        out->state = "rejected";
        return NAS_OK;
    }
    const stopwatch since = start();
    nas_features f;
    NAS_TRY(nas_features_open(e->data, c, e->cache, e->log, &f, err));
    note_stage(out, "features", &f.key, f.reused, since);
    const nas_status st = train_and_measure(e, c, &f, a, out, err);
    nas_features_close(&f);
    return st;
}
