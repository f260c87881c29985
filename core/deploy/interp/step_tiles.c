/* core/deploy/interp/step_tiles.c - CONV_2D with 3x3 windows of stride 1, at the points of tiles.
 * In int8 the points' weights are 4 times as large, so that all are integers and sums are exact. */
#include "core/deploy/interp/hybrid.h"

#include <float.h>
#include <string.h>

/* MOST_DEPTH: 4 * 9 * 255 * 255 times it fits into 31 bits. APART: elements between the points'
 * maps, or all would fall on the same lines of the cache. */
enum { LEAST_DEPTH = 16, MOST_DEPTH = 900, APART = 32 };

typedef struct tiles {
    nas_tiles t;
    nas_window point; /* tiles as pixels, depth as the run */
    int64_t each;     /* packed weights of a point */
    float *v, *sums, *w, *bias;
    float lo, hi;
    int16_t *v16, *w16;
    int32_t *sums32, *acc;
    nas_requant q;
    nas_hybrid hybrid;
} tiles;

/* Products of tiles against those of windows: at most three quarters. */
bool nas_tiles_suit(const nas_step *s) {
    const nas_op *o = s->op;
    const int32_t *k = s->in[1]->dims, *out = s->out->dims;
    const int64_t count = ((int64_t)out[1] + 1) / 2 * ((out[2] + 1) / 2);
    for (int32_t i = 0; i < 2; i++)
        if (k[1 + i] != 3 || o->stride[i] != 1 || o->dilation[i] != 1) return false;
    if (s->in[1]->dtype != NAS_I8 && s->kernel == &nas_infer_plain) return false;
    if (k[3] < LEAST_DEPTH || k[3] > MOST_DEPTH || k[0] < 8) return false;
    if (s->in[1]->dtype == NAS_I8 && k[3] < s->kernel->depth_unit) return false;
    return count * NAS_TILE_POINTS * 4 <= (int64_t)out[1] * out[2] * 9 * 3;
}

/* --- weights ---------------------------------------------------------------------------------- */

/* G w G^T of one kernel [3][3], step elements apart; G = (1 0 0, 1/2 1/2 1/2, 1/2 -1/2 1/2, 0 0 1).
 */
static void points_of(const double w[9], double out[NAS_TILE_POINTS]) {
    double a[4][3];
    for (int32_t x = 0; x < 3; x++) {
        const double p = w[x], q = w[3 + x], r = w[6 + x];
        a[0][x] = p;
        a[1][x] = (p + q + r) / 2;
        a[2][x] = (p - q + r) / 2;
        a[3][x] = r;
    }
    for (int32_t y = 0; y < 4; y++) {
        out[4 * y] = a[y][0];
        out[4 * y + 1] = (a[y][0] + a[y][1] + a[y][2]) / 2;
        out[4 * y + 2] = (a[y][0] - a[y][1] + a[y][2]) / 2;
        out[4 * y + 3] = a[y][2];
    }
}

static void kernel_of(const nas_step *s, int32_t c, int32_t k, double w[9]) {
    const int32_t in = s->in[1]->dims[3];
    const nas_tensor *t = s->in[1];
    for (int32_t i = 0; i < 9; i++) {
        const int64_t at = ((int64_t)c * 9 + i) * in + k;
        if (t->dtype == NAS_F32)
            w[i] = (double)((const float *)s->x[1])[at];
        else
            w[i] = ((const int8_t *)s->x[1])[at] - (t->n_scale == 1 ? t->zero_point[0] : 0);
    }
}

/* As core/kernel/infer.h has them for one run of `depth`, point after point. */
static void pack(const nas_step *s, tiles *d) {
    const nas_lanes *l = &d->t.out;
    const int32_t width = l->room / l->vectors;
    const int64_t depth = d->t.depth;
    for (int32_t lane = 0; lane < l->room; lane++) {
        const int32_t c = nas_lanes_channel(l, lane), j = lane / width, at = lane % width;
        for (int32_t k = 0; c >= 0 && k < d->t.in_c; k++) {
            double w[9], points[NAS_TILE_POINTS];
            kernel_of(s, c, k, w);
            points_of(w, points);
            for (int32_t p = 0; p < NAS_TILE_POINTS; p++) {
                if (d->w)
                    d->w[p * d->each +
                         nas_infer_place(l, s->kernel->most_f32, depth, k, j) * width + at] =
                        (float)points[p];
                else
                    d->w16[p * d->each +
                           2 * (nas_infer_place(l, s->kernel->most_i8, depth / 2, k / 2, j) *
                                    width +
                                at) +
                           k % 2] = (int16_t)(4 * points[p]);
            }
        }
    }
}

/* --- running ---------------------------------------------------------------------------------- */

static void run_f32(const nas_step *s) {
    const tiles *d = s->state;
    const nas_tiles *t = &d->t;
    s->kernel->tile_f32(t, s->x[0], d->v);
    for (int32_t p = 0; p < NAS_TILE_POINTS; p++)
        s->kernel->dense_f32(&d->point, d->v + p * t->in_point, d->w + p * d->each, NULL, 0, 0,
                             d->sums + p * t->out_point);
    s->kernel->untile_f32(t, d->sums, d->bias, d->lo, d->hi, s->y);
}

static void sums_i8(const nas_step *s, const int8_t *x, int32_t zero_point) {
    const tiles *d = s->state;
    const nas_tiles *t = &d->t;
    s->kernel->tile_i8(t, x, zero_point, d->v16);
    for (int32_t p = 0; p < NAS_TILE_POINTS; p++)
        s->kernel->dense_i8(&d->point, d->v16 + p * t->in_point, d->w16 + p * d->each,
                            d->sums32 + p * t->out_point);
    s->kernel->untile_i8(t, d->sums32, d->acc);
}

static void run_i8(const nas_step *s) {
    const tiles *d = s->state;
    sums_i8(s, s->x[0], s->in[0]->zero_point[0]);
    s->kernel->requant(d->t.out_h * d->t.out_w, &d->t.out, &d->q, d->acc, s->y);
}

static void run_hybrid(const nas_step *s) {
    const tiles *d = s->state;
    const nas_hybrid *h = &d->hybrid;
    float scale;
    int32_t zp;
    nas_hybrid_quantize(s->kernel, nas_tensor_count(s->in[0]), s->x[0], h->symmetric, h->codes,
                        &scale, &zp);
    sums_i8(s, h->codes, zp);
    nas_hybrid_finish(h, s, d->t.out_h * d->t.out_w, &d->t.out, scale, d->acc, s->y);
}

/* --- opening ---------------------------------------------------------------------------------- */

static nas_status plan(nas_step *s, tiles *d, nas_arena *a, nas_err *err) {
    const nas_op *o = s->op;
    const int32_t *in = s->in[0]->dims, *out = s->out->dims;
    nas_tiles *t = &d->t;
    int32_t before[2], same;
    for (int32_t k = 0; k < 2; k++)
        nas_window_axis(o->padding, in[1 + k], 3, 1, 1, &same, &before[k]);
    *t = (nas_tiles){.in_h = in[1],
                     .in_w = in[2],
                     .in_c = in[3],
                     .depth = s->in[1]->dtype == NAS_F32 ? in[3] : (in[3] + 1) / 2 * 2,
                     .out_h = out[1],
                     .out_w = out[2],
                     .top = before[0],
                     .left = before[1],
                     .down = (out[1] + 1) / 2,
                     .across = (out[2] + 1) / 2};
    NAS_TRY(nas_lanes_open(out[3], s->kernel->width, s->kernel->width, a, &t->out, err));
    const int32_t n = t->down * t->across;
    t->in_point = (int64_t)n * t->depth + APART;
    t->out_point = (int64_t)n * t->out.room + APART;
    d->each = (int64_t)t->depth * t->out.room;
    int32_t *at = nas_arena_array(a, (size_t)n, sizeof *at, err);
    int32_t *seg = nas_arena_alloc(a, sizeof *seg, err);
    if (!at || !seg) return NAS_ENOMEM;
    for (int32_t i = 0; i < n; i++) at[i] = i * t->depth;
    d->point =
        (nas_window){.n_pix = n, .n_seg = 1, .run = t->depth, .out = t->out, .at = at, .seg = seg};
    return NAS_OK;
}

static nas_status open_f32(nas_step *s, tiles *d, nas_arena *a, nas_err *err) {
    const nas_tiles *t = &d->t;
    d->v = nas_arena_array(a, (size_t)t->in_point * NAS_TILE_POINTS, sizeof *d->v, err);
    d->sums = nas_arena_array(a, (size_t)t->out_point * NAS_TILE_POINTS, sizeof *d->sums, err);
    d->w = nas_arena_array(a, (size_t)d->each * NAS_TILE_POINTS, sizeof *d->w, err);
    d->bias = nas_lanes_f32(&t->out, s->x[2], a, err);
    if (!d->v || !d->sums || !d->w || !d->bias) return NAS_ENOMEM;
    nas_clamp_f32(s->op->activation, &d->lo, &d->hi);
    s->run = run_f32;
    return NAS_OK;
}

static nas_status open_i8(nas_step *s, tiles *d, nas_arena *a, nas_err *err) {
    const nas_tiles *t = &d->t;
    const size_t pixels = (size_t)t->out_h * (size_t)t->out_w, points = NAS_TILE_POINTS;
    d->v16 = nas_arena_array(a, (size_t)t->in_point * points, sizeof *d->v16, err);
    d->sums32 = nas_arena_array(a, (size_t)t->out_point * points, sizeof *d->sums32, err);
    d->w16 = nas_arena_array(a, (size_t)d->each * points, sizeof *d->w16, err);
    d->acc = nas_arena_array(a, pixels * (size_t)t->out.room, sizeof *d->acc, err);
    if (!d->v16 || !d->sums32 || !d->w16 || !d->acc) return NAS_ENOMEM;
    if (nas_step_is_hybrid(s)) {
        s->run = run_hybrid;
        const int64_t n = nas_tensor_count(s->in[0]);
        return nas_hybrid_open(s, &t->out, n, a, &d->hybrid, err);
    }
    s->run = run_i8;
    return nas_requant_open(s, &t->out, a, &d->q, err);
}

nas_status nas_step_tiles(nas_step *s, nas_arena *a, nas_err *err) {
    tiles *d = nas_arena_alloc(a, sizeof *d, err);
    if (!d) return NAS_ENOMEM;
    s->state = d;
    NAS_TRY(plan(s, d, a, err));
    NAS_TRY(s->in[1]->dtype == NAS_F32 ? open_f32(s, d, a, err) : open_i8(s, d, a, err));
    pack(s, d);
    return NAS_OK;
}
