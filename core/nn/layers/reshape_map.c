/* core/nn/layers/reshape_map.c - the values of a map as a map of another shape: rows by rows,
 * channels innermost, without the padding that maps are stored with. */
#include "base/copy.h"
#include "core/nn/layers/conv_int.h"

/* A map of one image as runs of values that lie together. */
typedef struct runs {
    const nas_map *m;
    int32_t len, across; /* values of a run; runs of a row */
    int32_t row, run, used;
    float *at;
} runs;

static float *start_of(const runs *r, int32_t image) {
    return r->m->at + image * r->m->image + r->row * r->m->row + (ptrdiff_t)r->run * r->m->cs;
}

static runs runs_of(const nas_map *m, int32_t image) {
    const bool joined = m->cs == m->c;
    runs r = {.m = m, .len = joined ? m->w * m->c : m->c, .across = joined ? 1 : m->w};
    r.at = start_of(&r, image);
    return r;
}

static void advance(runs *r, int32_t image, int32_t values) {
    r->used += values;
    r->at += values;
    if (r->used < r->len) return;
    r->used = 0;
    if (++r->run == r->across) {
        r->run = 0;
        r->row++;
    }
    r->at = start_of(r, image);
}

/* No border, no padding. */
static bool is_dense(const nas_map *m) {
    return m->cs == m->c && m->row == m->w * m->cs && m->image == m->h * m->row;
}

/* Are an image's values one run? */
static bool is_one_run(const nas_map *m) {
    return m->h == 1 && (m->w == 1 || m->cs == m->c);
}

/* Between a map and one run of an image. */
static void flatten(const nas_map *m, int32_t n, const nas_map *flat, bool back) {
    const bool joined = m->cs == m->c;
    const int32_t across = joined ? 1 : m->w;
    const size_t len = joined ? (size_t)m->w * (size_t)m->c : (size_t)m->c;
    for (int32_t i = 0; i < n; i++) {
        float *run = flat->at + i * flat->image;
        for (int32_t y = 0; y < m->h; y++)
            for (int32_t x = 0; x < across; x++, run += len) {
                float *at = m->at + i * m->image + y * m->row + (ptrdiff_t)x * m->cs;
                nas_copy_floats(back ? at : run, back ? run : at, len);
            }
    }
}

static void reshape(const nas_map *x, int32_t n, const nas_map *y) {
    if (is_dense(x) && is_dense(y)) {
        memcpy(y->at, x->at, (size_t)n * (size_t)x->image * sizeof(float));
        return;
    }
    if (is_one_run(x) || is_one_run(y)) {
        const bool back = !is_one_run(y);
        flatten(back ? y : x, n, back ? x : y, back);
        return;
    }
    for (int32_t i = 0; i < n; i++) {
        runs from = runs_of(x, i), to = runs_of(y, i);
        while (from.row < x->h) {
            const int32_t a = from.len - from.used, b = to.len - to.used, some = a < b ? a : b;
            nas_copy_floats(to.at, from.at, (size_t)some);
            advance(&from, i, some);
            advance(&to, i, some);
        }
    }
}

void nas_reshape_forward(const nas_node *node, const nas_run *run) {
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    reshape(&x, run->n, &y);
}

void nas_reshape_backward(const nas_node *node, const nas_run *run) {
    if (!node->edge[0].wanted) return;
    const nas_map dy = nas_node_dy(node, run), dx = nas_node_dx(node, 0, run);
    reshape(&dy, run->n, &dx);
}

nas_status nas_nothing_lower(const nas_node *node, const struct nas_net *net, nas_graph *g,
                             const int32_t in[2], int32_t *out, nas_err *err) {
    (void)node;
    (void)net;
    (void)g;
    (void)err;
    *out = in[0];
    return NAS_OK;
}
