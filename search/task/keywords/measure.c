/* search/task/keywords/measure.c - accuracy and latency of exported bytes. */
#include "search/task/keywords/keywords.h"

#include <stdlib.h>

static void mark(nas_marks *m, int32_t clip, int32_t class, bool right, float share) {
    const nas_keywords_said *said = m->own;
    m->right[clip] = right;
    if (!said) return;
    said->class[clip] = (int16_t) class;
    said->share[clip] = share;
}

nas_status nas_keywords_right(const nas_graph *g, const nas_examples *rows, const int32_t *clip,
                              nas_marks *marks, int32_t *right, const nas_log *log, nas_err *err) {
    nas_interp *it = NULL;
    NAS_TRY(nas_interp_open(g, &it, err));
    const size_t row = (size_t)rows->h * (size_t)rows->w;
    nas_status st = NAS_OK;
    *right = 0;
    for (int32_t i = 0; st == NAS_OK && i < rows->n; i++) {
        if (nas_should_stop(log)) st = nas_fail(err, NAS_ESTOP, "stopped");
        float share;
        const int32_t class = nas_interp_class(it, rows->x + (size_t)i * row, &share);
        *right += class == rows->y[i];
        if (marks) mark(marks, clip[i], class, class == rows->y[i], share);
    }
    nas_interp_close(it);
    return st;
}

typedef struct bench {
    nas_interp *it;
    nas_frontend *fe;
    const nas_frontend_config *config;
    const nas_features *f;
    const float *pcm;
    float *x, *y;
} bench;

static void once_frontend(void *ctx) {
    const bench *b = ctx;
    nas_frontend_run(b->fe, b->pcm, b->x);
    if (b->config->normalize)
        nas_frontend_normalize(b->f->mean, b->f->deviation, b->f->w, b->x,
                               (size_t)b->f->h * (size_t)b->f->w);
}

static void once_infer(void *ctx) {
    const bench *b = ctx;
    nas_interp_run(b->it, b->x, b->y);
}

static void once_total(void *ctx) {
    once_frontend(ctx);
    once_infer(ctx);
}

static nas_status measure_all(bench *b, double *metric, nas_err *err) {
    static const struct {
        void (*once)(void *);
        nas_metric_id time;
    } what[] = {
        {once_frontend, NAS_METRIC_FRONTEND_MS},
        {once_infer, NAS_METRIC_INFER_MS},
        {once_total, NAS_METRIC_TOTAL_MS},
    };
    enum { RUNS = 51 };
    for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
        nas_latency l;
        NAS_TRY(nas_latency_measure(what[i].once, b, RUNS, &l, err));
        nas_latency_metrics(&l, what[i].time, metric);
    }
    return NAS_OK;
}

static nas_status lock_and_measure(const nas_cache *cache, bench *b, double *metric, nas_err *err) {
    nas_lock lock;
    NAS_TRY(nas_measure_lock(cache, &lock, err));
    const nas_status st = measure_all(b, metric, err);
    nas_lock_release(&lock);
    return st;
}

nas_status nas_keywords_time(const nas_graph *g, const nas_frontend_config *config,
                             const nas_features *f, const float *pcm, int32_t samples,
                             const nas_cache *cache, double *metric, nas_err *err) {
    const int64_t outputs = nas_tensor_count(&g->tensors[g->output]);
    bench b = {.config = config, .f = f, .pcm = pcm};
    nas_status st = nas_interp_open(g, &b.it, err);
    if (st == NAS_OK) st = nas_frontend_open(config, samples, &b.fe, err);
    b.x = malloc((size_t)f->h * (size_t)f->w * sizeof *b.x);
    b.y = malloc((size_t)outputs * sizeof *b.y);
    if (st == NAS_OK && (!b.x || !b.y)) st = nas_fail(err, NAS_ENOMEM, "latency: out of memory");
    if (st == NAS_OK) st = lock_and_measure(cache, &b, metric, err);
    nas_interp_close(b.it);
    nas_frontend_close(b.fe);
    free(b.x);
    free(b.y);
    return st;
}
