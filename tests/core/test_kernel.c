/* Every row of kernels that runs here against the reference, on odd shapes; what no kernel may
 * write stays as it was. The bits of each row are pinned: any compiler gives them, at any level of
 * optimisation, with sanitizers or without. */
#include "core/kernel/kernel_int.h"
#include "tests/nets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const vector_rows[] = {"generic", "avx2", "avx512"};

/* Of all that the tests below compare. Whoever changes them raises NAS_TRAIN_VERSION, or studies
 * mix both. */
#if defined __aarch64__
static const uint64_t pinned[] = {0x314e167802c2a91fU};
#else
static const uint64_t pinned[] = {0xc5031ee7bd710c0fU, 0x5401417268dfd929U, 0x4a02e6225db872cdU};
#endif

/* A map with a border, in a buffer that knows its size. */
typedef struct buffer {
    float *block;
    size_t floats;
    nas_map m;
} buffer;

static float *aligned(size_t floats) {
    float *p = aligned_alloc(64, (floats * sizeof *p + 63) / 64 * 64);
    assert_non_null(p);
    memset(p, 0, floats * sizeof *p);
    return p;
}

static buffer new_map(int32_t n, int32_t h, int32_t w, int32_t c, int32_t cs, int32_t border) {
    buffer b = {.m = {.h = h, .w = w, .c = c, .cs = cs}};
    b.m.row = (ptrdiff_t)(w + border) * cs;
    b.m.image = (h + border) * b.m.row;
    const ptrdiff_t lead = (border * b.m.row + (ptrdiff_t)border * cs + 15) / 16 * 16;
    b.floats = (size_t)(lead + n * b.m.image);
    b.block = aligned(b.floats);
    b.m.at = b.block + lead;
    return b;
}

static void fill_map(const buffer *b, int32_t n, uint32_t place) {
    float *v = malloc((size_t)(n * b->m.h * b->m.w * b->m.c) * sizeof *v), *from = v;
    fill(v, n * b->m.h * b->m.w * b->m.c, place);
    for (int32_t i = 0; i < n; i++)
        for (int32_t y = 0; y < b->m.h; y++)
            for (int32_t x = 0; x < b->m.w; x++, from += b->m.c)
                memcpy(b->m.at + i * b->m.image + y * b->m.row + (ptrdiff_t)x * b->m.cs, from,
                       (size_t)b->m.c * sizeof *v);
    free(v);
}

/* FNV-1a of what each kind of kernel of a row gave so far. */
enum { ROWS = 3, KINDS = 32 };
typedef struct kind {
    char what[24];
    uint64_t bits;
} kind;
static kind seen[ROWS][KINDS];

static void take(const char *row, const char *what, const float *v, size_t n) {
    int r = 0, i = 0;
    while (strcmp(vector_rows[r], row) != 0) r++;
    while (seen[r][i].what[0] && strcmp(seen[r][i].what, what) != 0) i++;
    assert_true(i < KINDS - 1);
    kind *k = &seen[r][i];
    if (!k->what[0]) *k = (kind){.bits = 0xcbf29ce484222325U};
    snprintf(k->what, sizeof k->what, "%s", what);
    for (size_t b = 0; b < n * sizeof *v; b++)
        k->bits = (k->bits ^ ((const uint8_t *)v)[b]) * 0x100000001b3U;
}

static void assert_close(const char *row, const char *what, const float *a, const float *b,
                         size_t n, float tolerance) {
    take(row, what, b, n);
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(a[i] - b[i]) <= tolerance * (1 + fabsf(a[i]))))
            fail_msg("%s, %s: value %zu is %g, reference %g", row, what, i, (double)b[i],
                     (double)a[i]);
}

/* Square window, "same" borders, plain strides: pixel (i, j) of y reads from (s * i - k / 2, ...).
 */
typedef struct shape {
    int32_t n, h, w, c, f, k, s;
    bool packed; /* the input's channels lie without padding */
} shape;

enum { MOST_TAPS = 25 };
typedef struct plan {
    nas_conv c;
    ptrdiff_t at[MOST_TAPS];
    int32_t tap[MOST_TAPS];
} plan;

static void make_plan(const shape *s, const nas_map *x, const nas_map *y, plan *p) {
    const int32_t across = s->packed ? 1 : s->k, depth = s->packed ? s->k * s->c : s->c;
    p->c = (nas_conv){.h = y->h,
                      .w = y->w,
                      .x_image = x->image,
                      .x_row = s->s * x->row,
                      .x_pixel = (ptrdiff_t)s->s * x->cs,
                      .y_image = y->image,
                      .y_row = y->row,
                      .y_pixel = y->cs,
                      .at = p->at,
                      .tap = p->tap,
                      .depth = depth,
                      .out = y->cs,
                      .w_out = 1,
                      .w_depth = y->cs,
                      .w_tap = (ptrdiff_t)depth * y->cs,
                      .used = y->c};
    for (int32_t i = 0; i < s->k; i++)
        for (int32_t j = 0; j < across; j++) {
            p->at[p->c.taps] = (i - s->k / 2) * x->row + (ptrdiff_t)(j - s->k / 2) * x->cs;
            p->tap[p->c.taps] = p->c.taps;
            p->c.taps++;
        }
}

static const shape shapes[] = {
    {1, 1, 1, 1, 1, 1, 1, false},     {5, 1, 1, 77, 8, 1, 1, false},
    {4, 24, 4, 17, 33, 3, 1, false},  {3, 5, 3, 3, 16, 3, 1, false},
    {2, 9, 7, 64, 48, 3, 1, false},   {4, 11, 6, 20, 80, 3, 2, false},
    {2, 19, 5, 1, 77, 3, 2, true},    {3, 7, 7, 3, 32, 5, 1, true},
    {1, 2, 3, 40, 100, 1, 1, false},  {2, 6, 9, 5, 112, 5, 3, false},
    {2, 6, 5, 128, 256, 3, 1, false}, {1, 2, 201, 40, 16, 1, 1, false},
    {2, 24, 4, 20, 464, 1, 1, false}, {3, 24, 5, 64, 128, 3, 2, false},
    {2, 30, 9, 13, 24, 3, 1, true},   {5, 1, 4, 6, 64, 3, 1, true},
    {2, 8, 5, 5, 40, 1, 3, true},     {300, 1, 1, 130, 33, 1, 1, false},
    {2, 5, 6, 150, 16, 3, 1, false},
};

static void check_conv(const nas_kernel *k, const shape *s) {
    const nas_kernel *ref = &nas_kernel_reference;
    const int32_t cs = s->packed ? s->c : (s->c + 15) / 16 * 16, fs = (s->f + 15) / 16 * 16;
    const int32_t oh = (s->h + s->s - 1) / s->s, ow = (s->w + s->s - 1) / s->s;
    buffer x = new_map(s->n, s->h, s->w, s->c, cs, s->k / 2),
           y = new_map(s->n, oh, ow, s->f, fs, 1);
    buffer z = new_map(s->n, oh, ow, s->f, fs, 1);
    plan p = {0};
    fill_map(&x, s->n, 1);
    make_plan(s, &x.m, &y.m, &p);
    const size_t weights = (size_t)(s->k * s->k * s->c * fs);
    float *w = aligned(weights), *packed = aligned(weights), *bias = aligned((size_t)fs);
    float *da = aligned(weights), *db = aligned(weights);
    for (size_t r = 0; r < weights / (size_t)fs; r++)
        fill(w + r * (size_t)fs, s->f, 100 + (uint32_t)r);
    fill(bias, s->f, 2);
    for (int with = 0; with < 2; with++) {
        ref->conv_pack(&p.c, w, packed);
        ref->conv(&p.c, s->n, x.m.at, packed, with ? bias : NULL, y.m.at);
        k->conv_pack(&p.c, w, packed);
        k->conv(&p.c, s->n, x.m.at, packed, with ? bias : NULL, z.m.at);
        assert_close(k->name, "conv", y.block, z.block, y.floats, 2e-5f);
    }
    fill_map(&y, s->n, 3);
    fill(da, s->f, 4);
    memcpy(db, da, (size_t)s->f * sizeof *db); /* adds to what is there */
    ref->conv_weights(&p.c, s->n, x.m.at, y.m.at, da);
    k->conv_weights(&p.c, s->n, x.m.at, y.m.at, db);
    assert_close(k->name, "conv_weights", da, db, weights, 1e-4f);
    /* What was there does not count. */
    nas_conv fresh = p.c;
    fresh.fresh = true;
    for (size_t i = 0; i < weights; i++) da[i] = db[i] = 7;
    ref->conv_weights(&fresh, s->n, x.m.at, y.m.at, da);
    k->conv_weights(&fresh, s->n, x.m.at, y.m.at, db);
    assert_close(k->name, "conv_weights, fresh", da, db, weights, 1e-4f);
    free(x.block), free(y.block), free(z.block), free(w), free(packed), free(bias);
    free(da), free(db);
}

static void check_depthwise(const nas_kernel *k, shape s) {
    const nas_kernel *ref = &nas_kernel_reference;
    s.packed = false;
    s.f = s.c;
    const int32_t cs = (s.c + 15) / 16 * 16;
    const int32_t oh = (s.h + s.s - 1) / s.s, ow = (s.w + s.s - 1) / s.s;
    buffer x = new_map(s.n, s.h, s.w, s.c, cs, 2), y = new_map(s.n, oh, ow, s.c, cs, 1);
    buffer z = new_map(s.n, oh, ow, s.c, cs, 1);
    plan p = {0};
    fill_map(&x, s.n, 1);
    make_plan(&s, &x.m, &y.m, &p);
    const size_t weights = (size_t)(s.k * s.k * cs);
    float *w = aligned(weights), *da = aligned(weights), *db = aligned(weights);
    for (size_t r = 0; r < weights / (size_t)cs; r++)
        fill(w + r * (size_t)cs, s.c, 100 + (uint32_t)r);
    ref->depthwise(&p.c, s.n, x.m.at, w, w, y.m.at);
    k->depthwise(&p.c, s.n, x.m.at, w, w, z.m.at);
    assert_close(k->name, "depthwise", y.block, z.block, y.floats, 1e-5f);
    fill_map(&y, s.n, 3);
    fill(da, s.c, 4);
    memcpy(db, da, (size_t)s.c * sizeof *db); /* adds to what is there */
    ref->depthwise_weights(&p.c, s.n, x.m.at, y.m.at, da);
    k->depthwise_weights(&p.c, s.n, x.m.at, y.m.at, db);
    assert_close(k->name, "depthwise_weights", da, db, weights, 1e-4f);
    free(x.block), free(y.block), free(z.block), free(w), free(da), free(db);
}

/* Windows of nine frames on a map one pixel wide, h frames of 48 channels. A tenth tap without
 * weight takes another way to the same bits. */
static void check_frames(const nas_kernel *k, int32_t h, bool back) {
    enum { N = 3, C = 48, BORDER = 10 };
    buffer x = new_map(N, h, 1, C, C, BORDER), y = new_map(N, h, 1, C, C, 1);
    buffer z = new_map(N, h, 1, C, C, 1), r = new_map(N, h, 1, C, C, 1);
    float *w = aligned(10 * C), *da = aligned(10 * C), *db = aligned(10 * C);
    plan p = {0};
    make_plan(&(shape){.k = 1, .s = 1}, &x.m, &y.m, &p);
    for (int32_t t = 0; t < 10; t++) {
        p.at[t] = (back ? 4 - t : t - 4) * x.m.row;
        p.tap[t] = t;
    }
    nas_conv nine = p.c, ten = p.c;
    nine.taps = 9;
    ten.taps = 10;
    fill_map(&x, N, 1);
    fill(w, 9 * C, 2);
    nas_kernel_reference.depthwise(&nine, N, x.m.at, w, w, r.m.at);
    k->depthwise(&nine, N, x.m.at, w, w, y.m.at);
    k->depthwise(&ten, N, x.m.at, w, w, z.m.at);
    assert_close(k->name, "depthwise over frames", r.block, y.block, y.floats, 1e-5f);
    assert_memory_equal(y.block, z.block, y.floats * sizeof *y.block);
    k->depthwise_weights(&nine, N, x.m.at, y.m.at, da);
    k->depthwise_weights(&ten, N, x.m.at, y.m.at, db);
    assert_memory_equal(da, db, 9 * C * sizeof *da);
    free(x.block), free(y.block), free(z.block), free(r.block), free(w), free(da), free(db);
}

static void each_row(void (*check)(const nas_kernel *)) {
    for (int r = 0; r < 3; r++) {
        const nas_kernel *k = nas_kernel_find(vector_rows[r]);
        if (k) check(k);
    }
}

static void conv_row(const nas_kernel *k) {
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) check_conv(k, &shapes[i]);
}
static void depthwise_row(const nas_kernel *k) {
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) check_depthwise(k, shapes[i]);
    for (int32_t h = 1; h < 27; h++)
        for (int back = 0; back < 2; back++) check_frames(k, h, back);
}

static void test_conv(void **state) {
    (void)state;
    each_row(conv_row);
}
static void test_depthwise(void **state) {
    (void)state;
    each_row(depthwise_row);
}

/* A window on maps whose borders hold what tiles reach beyond; back: it is turned around, and the
 * kernel is stored the other way. */
static nas_winograd winograd_on(const nas_map *x, const nas_map *y, int32_t th, int32_t tw,
                                bool back) {
    nas_winograd p = {.conv = {.h = y->h,
                               .w = y->w,
                               .x_image = x->image,
                               .x_row = x->row,
                               .x_pixel = x->cs,
                               .y_image = y->image,
                               .y_row = y->row,
                               .y_pixel = y->cs,
                               .depth = x->c,
                               .out = y->cs,
                               .used = y->c,
                               .w_tap = (ptrdiff_t)(back ? x->cs * y->c : y->cs * x->c),
                               .w_depth = back ? 1 : y->cs,
                               .w_out = back ? x->cs : 1},
                      .at = -x->row - x->cs,
                      .tile = {th, tw},
                      .tiles = {(y->h + th - 1) / th, (y->w + tw - 1) / tw},
                      .images = 2};
    for (int32_t t = 0; t < 9; t++) p.tap[t] = back ? 8 - t : t;
    return p;
}

static void check_winograd(const nas_kernel *k, const shape *s, int32_t th, int32_t tw) {
    const nas_kernel *ref = &nas_kernel_reference;
    const int32_t cs = (s->c + 15) / 16 * 16, fs = (s->f + 15) / 16 * 16;
    buffer x = new_map(s->n, s->h, s->w, s->c, cs, 5), y = new_map(s->n, s->h, s->w, s->f, fs, 4);
    buffer z = new_map(s->n, s->h, s->w, s->f, fs, 4);
    const size_t weights = (size_t)(9 * cs * fs);
    float *w = aligned(weights), *bias = aligned((size_t)fs);
    float *da = aligned(weights), *db = aligned(weights);
    fill_map(&x, s->n, 1);
    fill(bias, s->f, 2);
    for (int back = 0; back < 2; back++) {
        nas_winograd p = winograd_on(&x.m, &y.m, th, tw, back);
        const int32_t rows = back ? s->f : s->c, cols = back ? s->c : s->f, stride = back ? cs : fs;
        float *packed = aligned(nas_winograd_packed(&p));
        float *scratch = aligned(nas_winograd_scratch(&p));
        memset(w, 0, weights * sizeof *w);
        for (int32_t r = 0; r < 9 * rows; r++) fill(w + r * stride, cols, 100 + (uint32_t)r);
        for (size_t i = 0; i < nas_winograd_scratch(&p); i++) scratch[i] = NAN;
        ref->winograd_pack(&p, w, packed);
        ref->winograd(&p, s->n, x.m.at, packed, back ? NULL : bias, y.m.at, scratch);
        k->winograd_pack(&p, w, packed);
        k->winograd(&p, s->n, x.m.at, packed, back ? NULL : bias, z.m.at, scratch);
        /* Values grow with the root of the 9 * c products; 2x2 is as good as the direct way. */
        const float error = th == 2 && tw == 2 ? 2e-6f : 3e-5f;
        assert_close(k->name, "winograd", y.block, z.block, y.floats,
                     error * sqrtf(9 * (float)s->c));
        free(packed), free(scratch);
    }
    nas_winograd p = winograd_on(&x.m, &y.m, th, tw, false);
    float *scratch = aligned(nas_winograd_scratch(&p));
    fill_map(&y, s->n, 3);
    fill(da, s->f, 4);
    memcpy(db, da, (size_t)s->f * sizeof *db); /* adds to what is there */
    for (int r = 0; r < 2; r++) {
        const nas_kernel *row = r ? k : ref;
        float *du = aligned(nas_winograd_packed(&p));
        /* In two parts. */
        p.fresh = s->n % 2; /* what was there does not count */
        for (size_t i = 0; p.fresh && i < nas_winograd_packed(&p); i++) du[i] = 7;
        row->winograd_weights(&p, 1, x.m.at, y.m.at, du, scratch);
        p.fresh = false;
        row->winograd_weights(&p, s->n - 1, x.m.at + x.m.image, y.m.at + y.m.image, du, scratch);
        row->winograd_unpack(&p, du, r ? db : da);
        free(du);
    }
    assert_close(k->name, "winograd_weights", da, db, weights, 2e-4f);
    free(x.block), free(y.block), free(z.block), free(w), free(bias), free(da), free(db);
    free(scratch);
}

static void winograd_row(const nas_kernel *k) {
    static const shape cases[] = {
        {2, 1, 1, 1, 1, 3, 1, false},   {4, 24, 4, 17, 33, 3, 1, false},
        {3, 5, 3, 16, 16, 3, 1, false}, {2, 9, 7, 64, 48, 3, 1, false},
        {3, 7, 10, 3, 77, 3, 1, false}, {2, 6, 13, 40, 100, 3, 1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int32_t th = 2; th <= 4; th += 2)
            for (int32_t tw = 2; tw <= 4; tw += 2) check_winograd(k, &cases[i], th, tw);
}

static void test_winograd(void **state) {
    (void)state;
    each_row(winograd_row);
}

enum { MAPS = 4, VECTORS = 8 };

/* Everything that goes over maps, into fresh outputs: maps 2 and 3, vectors 5, 6, 7. */
static void run_maps(const nas_kernel *k, int what, int32_t n, buffer b[MAPS], float *v[VECTORS]) {
    const nas_map *x = &b[0].m, *d = &b[1].m, *y = &b[2].m, *one = &b[3].m;
    const nas_pool whole = {.size = {x->h, x->w}, .stride = {1, 1}};
    const nas_pool same = {.size = {4, 2}, .stride = {1, 1}, .before = {1, 0}};
    switch (what) {
    case 0: k->sum_pixels(x, n, v[5]); break;
    case 1: k->moments(x, n, v[5], v[6], v[7]); break;
    case 2: k->affine(x, n, v[0], v[1], true, y); break;
    case 3: k->affine(x, n, v[0], v[1], false, y); break;
    case 4: k->affine_sums(x, d, n, v[0], v[1], true, v[2], v[5], v[6]); break;
    case 5: k->affine_sums(x, d, n, v[0], v[1], false, v[2], v[5], v[6]); break;
    case 6: k->affine_grad(x, d, n, v[0], v[1], true, v[3], v[4], y); break;
    case 7: k->affine_grad(x, d, n, v[0], v[1], false, v[3], v[4], y); break;
    case 8: k->relu(x, n, INFINITY, y); break;
    case 9: k->relu_grad(x, d, n, INFINITY, y); break;
    case 10: k->add(x, d, n, true, y); break;
    case 11: k->add(x, NULL, n, false, y); break;
    case 12: k->mean(x, n, one); break;
    case 13:
        k->mean(x, n, one);
        k->mean_grad(one, n, y);
        break;
    case 14: k->relu(x, n, 0.75f, y); break;
    case 15: k->relu_grad(x, d, n, 0.75f, y); break;
    case 16: k->max_pool(&same, x, n, y); break;
    case 17:
        k->max_pool(&whole, x, n, one);
        k->max_pool_grad(&whole, x, one, one, n, y);
        break;
    case 18: k->max_pool_grad(&same, x, d, d, n, y); break; /* d is the largest of no window */
    case 19: k->average_pool(&same, x, n, y); break;
    default: k->average_pool_grad(&same, d, n, y);
    }
}

static void maps_row(const nas_kernel *k) {
    static const shape cases[] = {{.n = 1, .h = 1, .w = 1, .c = 3},
                                  {.n = 4, .h = 24, .w = 4, .c = 77},
                                  {.n = 3, .h = 5, .w = 7, .c = 16},
                                  {.n = 2, .h = 3, .w = 2, .c = 130}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int what = 0; what <= 20; what++) {
            const shape *s = &cases[i];
            const int32_t cs = (s->c + 15) / 16 * 16;
            const nas_kernel *both[2] = {&nas_kernel_reference, k};
            buffer b[2][MAPS];
            float *v[2][VECTORS];
            for (int r = 0; r < 2; r++) {
                for (int j = 0; j < MAPS; j++) {
                    b[r][j] = j < 3 ? new_map(s->n, s->h, s->w, s->c, cs, j)
                                    : new_map(s->n, 1, 1, s->c, cs, 1);
                    if (j < 2) fill_map(&b[r][j], s->n, (uint32_t)j);
                }
                for (int j = 0; j < VECTORS; j++) {
                    v[r][j] = aligned((size_t)cs);
                    if (j < 6) fill(v[r][j], s->c, 50 + (uint32_t)j);
                }
                run_maps(both[r], what, s->n, b[r], v[r]);
            }
            char name[16] = {'m', 'a', 'p', ' ', (char)('a' + what)};
            for (int j = 0; j < MAPS; j++)
                assert_close(k->name, name, b[0][j].block, b[1][j].block, b[0][j].floats, 1e-5f);
            for (int j = 0; j < VECTORS; j++)
                assert_close(k->name, name, v[0][j], v[1][j], (size_t)cs, 2e-4f);
            for (int r = 0; r < 2; r++) {
                for (int j = 0; j < MAPS; j++) free(b[r][j].block);
                for (int j = 0; j < VECTORS; j++) free(v[r][j]);
            }
        }
}

static void test_maps(void **state) {
    (void)state;
    each_row(maps_row);
}

/* The gradient of the largest goes to the first of equals, a NaN anywhere in a window stays, and
 * RELU6 passes nothing beyond its ends. */
static void check_pool_and_clip(const nas_kernel *k) {
    const nas_pool p = {.size = {2, 2}, .stride = {1, 1}};
    buffer x = new_map(1, 2, 3, 1, 16, 1), dx = new_map(1, 2, 3, 1, 16, 0);
    buffer y = new_map(1, 1, 2, 1, 16, 0), dy = new_map(1, 1, 2, 1, 16, 0);
    static const float flat[] = {2, 2, 2, 2, 2, 2}, want[] = {3, 5, 0, 0, 0, 0};
    for (int i = 0; i < 6; i++) x.m.at[i / 3 * x.m.row + i % 3 * 16] = flat[i];
    dy.m.at[0] = 3;
    dy.m.at[16] = 5;
    k->max_pool(&p, &x.m, 1, &y.m);
    assert_true(y.m.at[0] == 2 && y.m.at[16] == 2);
    k->max_pool_grad(&p, &x.m, &y.m, &dy.m, 1, &dx.m);
    for (int i = 0; i < 6; i++) assert_true(dx.m.at[i / 3 * dx.m.row + i % 3 * 16] == want[i]);
    for (int i = 0; i < 6; i++) {
        float *at = &x.m.at[i / 3 * x.m.row + i % 3 * 16];
        *at = NAN;
        k->max_pool(&p, &x.m, 1, &y.m);
        assert_true((bool)isnan(y.m.at[0]) == (i % 3 < 2));
        assert_true((bool)isnan(y.m.at[16]) == (i % 3 > 0));
        *at = 2;
    }
    static const float in[] = {-1, 0, 0.5f, 6, 7, 5}, clipped[] = {0, 0, 0.5f, 6, 6, 5};
    static const float passed[] = {0, 0, 1, 0, 0, 1};
    for (int i = 0; i < 6; i++) {
        x.m.at[i / 3 * x.m.row + i % 3 * 16] = in[i];
        dx.m.at[i / 3 * dx.m.row + i % 3 * 16] = 1;
    }
    k->relu(&x.m, 1, 6, &x.m);
    k->relu_grad(&x.m, &dx.m, 1, 6, &dx.m);
    for (int i = 0; i < 6; i++) {
        assert_true(x.m.at[i / 3 * x.m.row + i % 3 * 16] == clipped[i]);
        assert_true(dx.m.at[i / 3 * dx.m.row + i % 3 * 16] == passed[i]);
    }
    free(x.block), free(dx.block), free(y.block), free(dy.block);
}

static void test_pool_and_clip(void **state) {
    (void)state;
    check_pool_and_clip(&nas_kernel_reference);
    each_row(check_pool_and_clip);
}

static void adam_row(const nas_kernel *k) {
    enum { N = 64 };
    float *v[2][4];
    const nas_kernel *both[2] = {&nas_kernel_reference, k};
    for (int r = 0; r < 2; r++) {
        for (int j = 0; j < 4; j++) {
            v[r][j] = aligned(N);
            fill(v[r][j], N - 16, 60 + (uint32_t)j); /* the rest is padding */
        }
        for (int j = 0; j < N; j++) v[r][3][j] *= v[r][3][j];
        both[r]->adam(N, v[r][0], v[r][1], v[r][2], v[r][3], 0.01f, 0.1f, 0.001f, 1e-7f);
    }
    for (int j = 0; j < 4; j++) {
        assert_close(k->name, "adam", v[0][j], v[1][j], N, 1e-6f);
        for (int i = N - 16; i < N; i++) assert_true(v[1][j][i] == 0);
    }
    for (int r = 0; r < 2; r++) both[r]->sgd(N, v[r][0], v[r][1], v[r][2], 0.25f, 0.5f);
    for (int j = 0; j < 3; j++) assert_close(k->name, "sgd", v[0][j], v[1][j], N, 1e-6f);
    for (int r = 0; r < 2; r++)
        for (int j = 0; j < 4; j++) free(v[r][j]);
}

static void test_adam(void **state) {
    (void)state;
    each_row(adam_row);
}

static void test_choose(void **state) {
    (void)state;
    const nas_kernel *k;
    nas_err err = {0};
    const char *before = getenv("NAS_KERNEL");
    char *kept = before ? strdup(before) : NULL;
    setenv("NAS_KERNEL", "reference", 1);
    assert_int_equal(nas_kernel_choose(&k, &err), NAS_OK);
    assert_string_equal(nas_kernel_name(k), "reference");
    setenv("NAS_KERNEL", "quantum", 1);
    assert_int_equal(nas_kernel_choose(&k, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "reference generic"));
    unsetenv("NAS_KERNEL");
    assert_int_equal(nas_kernel_choose(&k, &err), NAS_OK);
    assert_ptr_equal(k, nas_kernel_find(nas_kernel_name(k)));
    assert_null(nas_kernel_find("quantum"));
    if (kept) setenv("NAS_KERNEL", kept, 1);
    free(kept);
}

static void test_pinned(void **state) {
    (void)state;
    bool same = true;
    for (size_t r = 0; r < sizeof pinned / sizeof *pinned; r++) {
        uint64_t all = 0xcbf29ce484222325U;
        for (const kind *k = seen[r]; k->what[0]; k++) all = (all ^ k->bits) * 0x100000001b3U;
        if (!seen[r][0].what[0] || all == pinned[r]) continue; /* does not run here, or right */
        same = false;
        print_message("%s gives other bits, 0x%llx\n", vector_rows[r], (unsigned long long)all);
        for (const kind *k = seen[r]; k->what[0]; k++)
            print_message("    %s 0x%llx\n", k->what, (unsigned long long)k->bits);
    }
    if (!same) fail_msg("raise NAS_TRAIN_VERSION and pin them here");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv),          cmocka_unit_test(test_winograd),
        cmocka_unit_test(test_depthwise),     cmocka_unit_test(test_maps),
        cmocka_unit_test(test_pool_and_clip), cmocka_unit_test(test_adam),
        cmocka_unit_test(test_choose),        cmocka_unit_test(test_pinned),
    };
    return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
