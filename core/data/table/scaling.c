/* core/data/table/scaling.c - mean and deviation of a series' columns. */
#include "core/data/table/series.h"

#include <math.h>

/* Is row i of no window because a cell is missing? Such a row is a run of its own. */
static bool is_alone(const nas_series *s, int32_t i) {
    return (i == 0 || s->run[i - 1] != s->run[i]) &&
           (i + 1 == s->rows || s->run[i + 1] != s->run[i]);
}

static nas_status moments(const nas_series *s, const float *x, int32_t n, int32_t column,
                          const char *name, const nas_spans *of, float *mean, float *deviation,
                          nas_err *err) {
    double sum = 0, squares = 0;
    int64_t used = 0;
    for (int32_t g = 0; g < of->n; g++)
        for (int32_t i = of->begin[g]; i < of->end[g]; i++) {
            if (is_alone(s, i)) continue;
            sum += (double)x[(size_t)i * (size_t)n + (size_t)column];
            used++;
        }
    const double m = used ? sum / (double)used : 0;
    for (int32_t g = 0; g < of->n; g++)
        for (int32_t i = of->begin[g]; i < of->end[g]; i++) {
            if (is_alone(s, i)) continue;
            const double d = (double)x[(size_t)i * (size_t)n + (size_t)column] - m;
            squares += d * d;
        }
    const double d = used ? sqrt(squares / (double)used) : 0;
    *mean = (float)m;
    *deviation = (float)d;
    if (d > 1e-7 * fmax(1e-30, fabs(m))) return NAS_OK;
    return nas_fail(err, NAS_EINVAL,
                    "%s: column \"%.100s\" is constant (%g) in the training set; nothing can be "
                    "learnt of it, so leave it out",
                    s->path, name, m);
}

nas_status nas_scaling_in(const nas_series *s, const nas_spans *of, nas_arena *a, nas_scaling *out,
                          nas_err *err) {
    const nas_series_config *k = &s->config;
    const size_t in = (size_t)k->n_inputs, targets = (size_t)k->n_targets;
    float *v = nas_arena_array(a, 2 * (in + targets), sizeof *v, err);
    if (!v) return NAS_ENOMEM;
    for (int32_t i = 0; i < k->n_inputs; i++)
        NAS_TRY(moments(s, s->inputs, k->n_inputs, i, k->inputs[i], of, &v[i], &v[in + (size_t)i],
                        err));
    float *w = v + 2 * in;
    for (int32_t i = 0; i < k->n_targets; i++)
        NAS_TRY(moments(s, s->targets, k->n_targets, i, k->targets[i], of, &w[i],
                        &w[targets + (size_t)i], err));
    *out = (nas_scaling){v, v + in, w, w + targets};
    return NAS_OK;
}

nas_status nas_scaling_find(const nas_series *s, int32_t begin, int32_t end, nas_arena *a,
                            nas_scaling *out, nas_err *err) {
    const nas_spans one = {1, &begin, &end};
    return nas_scaling_in(s, &one, a, out, err);
}

void nas_scaling_apply(const float *mean, const float *deviation, int32_t rows, int32_t n,
                       const float *from, float *to) {
    for (int32_t r = 0; r < rows; r++)
        for (int32_t i = 0; i < n; i++) *to++ = (*from++ - mean[i]) / deviation[i];
}
