/* tests/core/test_graph.c - building, checking, folding, cost and memory plan of graphs. */
#include "core/deploy/deploy.h"
#include "tests/fixture.h"
#include "tests/random_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static nas_err err;

/* --- windows ---------------------------------------------------------------------------------- */

/* By counting: VALID windows are those that fit; SAME has one for each stride that begins inside.
 */
static void test_window_axis(void **state) {
    (void)state;
    for (int32_t in = 1; in < 14; in++)
        for (int32_t k = 1; k < 6; k++)
            for (int32_t s = 1; s < 4; s++)
                for (int32_t d = 1; d < 4; d++) {
                    const int32_t reach = (k - 1) * d + 1;
                    int32_t valid = 0, same = 0, out, before;
                    for (int32_t at = 0; at < in; at += s) {
                        same++;
                        valid += at + reach <= in;
                    }
                    nas_window_axis(NAS_VALID, in, k, s, d, &out, &before);
                    assert_int_equal(out, valid);
                    if (out > 0) assert_int_equal(before, 0);
                    nas_window_axis(NAS_SAME, in, k, s, d, &out, &before);
                    assert_int_equal(out, same);
                    const int32_t missing = (same - 1) * s + reach - in;
                    assert_int_equal(before, missing > 0 ? missing / 2 : 0);
                }
}

/* --- check ------------------------------------------------------------------------------------ */

static void expect_refused(const nas_graph *g, const char *word) {
    err.text[0] = '\0';
    assert_int_equal(nas_graph_check(g, &err), NAS_EFORMAT);
    if (!strstr(err.text, word)) fail_msg("\"%s\" lacks \"%s\"", err.text, word);
}

static void test_check_refuses(void **state) {
    (void)state;
    nas_arena_mark mark = nas_arena_here(arena);
    rg b = rg_net(arena, 1, 1, true);
    nas_graph *g = &b.g;
    nas_op *o = g->ops;
    assert_int_equal(nas_graph_check(g, &err), NAS_OK);

#define WITH(place, value, word)                            \
    do {                                                    \
        const __typeof__(place) kept = place;               \
        place = (value);                                    \
        expect_refused(g, word);                            \
        place = kept;                                       \
        assert_int_equal(nas_graph_check(g, &err), NAS_OK); \
    } while (0)

    WITH(g->input, -1, "input");
    WITH(g->output, g->n_tensors, "output");
    WITH(g->n_ops, 0, "operators");
    WITH(g->tensors[g->input].dims[1], -3, "dimension 1 is -3");
    WITH(g->tensors[g->input].dims[1], INT32_MAX, "elements");
    WITH(g->tensors[g->input].rank, 5, "rank 5");
    WITH(g->tensors[g->input].rank, -1, "rank -1");
    WITH(g->tensors[g->input].dtype, (nas_dtype)77, "type 77");
    WITH(o[0].in[0], 9999, "tensor 9999");
    WITH(o[0].in[0], -2, "tensor -2");
    WITH(o[0].out, -1, "output is tensor -1");
    WITH(o[0].in[0], o[0].out, "before it is made");
    WITH(o[0].in[0], o[3].out, "before it is made");
    WITH(o[1].out, o[0].out, "made twice");
    WITH(o[0].n_in, 0, "0 operands");
    WITH(o[0].n_in, 9, "9 operands");
    WITH(o[0].kind, (nas_op_kind)1000, "unknown");
    WITH(o[0].stride[0], 0, "stride 0");
    WITH(o[0].stride[1], INT32_MIN, "stride");
    WITH(o[0].dilation[0], INT32_MAX, "dilation");
    WITH(o[0].padding, (nas_padding)7, "padding 7");
    WITH(o[0].activation, NAS_ACT_RELU + 1, "activation 2");
    WITH(o[0].in[2], -1, "no bias");
    WITH(g->tensors[o[0].in[1]].data, NULL, "before it is made");
    WITH(g->tensors[o[0].in[1]].dims[3], 2, "channels");
    WITH(g->tensors[o[0].out].dims[2], 1, "should be");
    WITH(o[g->n_ops - 1].beta, -1.0f, "beta");
#undef WITH
    nas_arena_back(arena, mark);
}

/* An int32 holds the sum of an int8 window, as that of a mean; of a window over the map's edge that
 * which lies in it. */
static void test_check_of_pools(void **state) {
    (void)state;
    static const struct {
        nas_op_kind kind;
        int32_t h, w, window[2];
        nas_padding padding;
        bool fits;
    } cases[] = {
        {NAS_OP_AVERAGE_POOL_2D, 1024, 1024, {1024, 1024}, NAS_VALID, true},
        {NAS_OP_AVERAGE_POOL_2D, 1024, 1025, {1024, 1025}, NAS_VALID, false},
        {NAS_OP_MAX_POOL_2D, 1024, 1025, {1024, 1025}, NAS_VALID, true},
        {NAS_OP_AVERAGE_POOL_2D, 5, 7, {60000, 60000}, NAS_SAME, true},
    };
    static const float scale = 0.5f;
    static const int32_t zero = 3;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int32_t h = cases[i].h, w = cases[i].w;
        const bool same = cases[i].padding == NAS_SAME;
        nas_graph g = nas_graph_start(arena);
        nas_tensor t = {.dtype = NAS_I8,
                        .rank = 4,
                        .dims = {1, h, w, 1},
                        .n_scale = 1,
                        .scale = &scale,
                        .zero_point = &zero};
        nas_op o = {.kind = cases[i].kind,
                    .n_in = 1,
                    .padding = cases[i].padding,
                    .window = {cases[i].window[0], cases[i].window[1]}};
        assert_int_equal(nas_graph_tensor(&g, &t, &g.input, &err), NAS_OK);
        t.dims[1] = same ? h : 1;
        t.dims[2] = same ? w : 1;
        assert_int_equal(nas_graph_tensor(&g, &t, &g.output, &err), NAS_OK);
        o.in[0] = g.input;
        o.out = g.output;
        assert_int_equal(nas_graph_op(&g, &o, &err), NAS_OK);
        if (!cases[i].fits)
            expect_refused(&g, "a mean of more than 1048576 values");
        else if (nas_graph_check(&g, &err) != NAS_OK)
            fail_msg("%zu: %s", i, err.text);
    }
}

/* Random bytes in operators and tensors: refused, or still a graph that every user can work with.
 */
static void test_check_survives_noise(void **state) {
    (void)state;
    nas_rng rng = nas_rng_stream(3, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    int32_t accepted = 0;
    for (int32_t round = 0; round < 6000; round++) {
        nas_arena_mark mark = nas_arena_here(arena);
        rg b = rg_net(arena, 1, round % rg_variants, true);
        nas_graph *g = &b.g;
        const int32_t hits = 1 + (int32_t)nas_rng_below(&rng, 2);
        for (int32_t k = 0; k < hits; k++) {
            nas_op *o = &g->ops[nas_rng_below(&rng, (uint64_t)g->n_ops)];
            nas_tensor *t = &g->tensors[nas_rng_below(&rng, (uint64_t)g->n_tensors)];
            const uint32_t odd[] = {0, 1, 2, 3, 4, 7, 1000, INT32_MAX, (uint32_t)-1, 0x80000000u};
            const int32_t v = (int32_t)odd[nas_rng_below(&rng, sizeof odd / sizeof *odd)];
            /* Of constants only what does not say how many values there are. */
            int32_t *const places[] = {&o->n_in,        &o->in[0],     &o->in[1],     &o->in[2],
                                       &o->out,         &o->stride[0], &o->stride[1], &o->window[0],
                                       &o->dilation[1], &g->input,     &g->output,    &t->n_scale,
                                       &t->axis,        &t->rank,      &t->dims[0],   &t->dims[1],
                                       &t->dims[2],     &t->dims[3]};
            const uint64_t n_places = sizeof places / sizeof *places - (t->data ? 5 : 0);
            *places[nas_rng_below(&rng, n_places)] = v;
        }
        nas_cost cost;
        nas_interp *it;
        err.text[0] = '\0';
        if (nas_graph_cost(g, &cost, &err) != NAS_OK) {
            assert_true(err.text[0] != '\0');
        } else if (cost.macs < 10000000 && cost.ram_bytes < 1 << 22) {
            accepted++;
            if (nas_interp_open(g, &it, &err) == NAS_OK) {
                static float x[1 << 20], y[1 << 20];
                nas_interp_run(it, x, y);
                nas_interp_close(it);
            }
        }
        nas_arena_back(arena, mark);
    }
    assert_true(accepted > 100);
}

/* --- fold ------------------------------------------------------------------------------------- */

static void run(const nas_graph *g, const float *x, float *y) {
    nas_interp *it;
    assert_int_equal(nas_interp_open(g, &it, &err), NAS_OK);
    nas_interp_run(it, x, y);
    nas_interp_close(it);
}

static int32_t count_kind(const nas_graph *g, nas_op_kind kind) {
    int32_t n = 0;
    for (int32_t i = 0; i < g->n_ops; i++) n += g->ops[i].kind == kind;
    return n;
}

static void test_fold_changes_no_output(void **state) {
    (void)state;
    for (uint32_t seed = 1; seed <= 4; seed++)
        for (int32_t variant = 0; variant < rg_variants; variant++) {
            nas_arena_mark mark = nas_arena_here(arena);
            rg b = rg_net(arena, seed, variant, false);
            float x[4096], before[256], after[256];
            const int64_t n = nas_tensor_count(rg_top(&b));
            for (int32_t i = 0; i < 4096; i++) x[i] = rg_uniform(&b, -2, 2);
            run(&b.g, x, before);
            assert_int_equal(nas_graph_fold(&b.g, &err), NAS_OK);
            run(&b.g, x, after);
            float largest = 1;
            for (int64_t i = 0; i < n; i++)
                if (fabsf(before[i]) > largest) largest = fabsf(before[i]);
            for (int64_t i = 0; i < n; i++)
                assert_true(fabsf(before[i] - after[i]) <= 1e-5f * largest);
            nas_arena_back(arena, mark);
        }
}

static void test_fold_leaves_one_operator_per_layer(void **state) {
    (void)state;
    rg b = rg_net(arena, 1, 0, true);
    assert_int_equal(nas_graph_fold(&b.g, &err), NAS_OK);
    assert_int_equal(b.g.n_ops, 5); /* two convolutions, reshape, dense, softmax */
    assert_int_equal(b.g.ops[0].activation, NAS_ACT_RELU);
    assert_int_equal(b.g.ops[1].activation, NAS_ACT_RELU6);
    assert_int_equal(b.g.n_tensors, 1 + 5 + 3 * 2);
}

/* What somebody else reads too, or what no kernel precedes, must stay. */
static void test_fold_keeps_what_others_read(void **state) {
    (void)state;
    rg shared = rg_net(arena, 1, 9, true), bare = rg_net(arena, 1, 6, true);
    assert_int_equal(nas_graph_fold(&shared.g, &err), NAS_OK);
    assert_int_equal(count_kind(&shared.g, NAS_OP_RELU6), 1);
    assert_int_equal(nas_graph_fold(&bare.g, &err), NAS_OK);
    assert_int_equal(count_kind(&bare.g, NAS_OP_MUL), 1);
    assert_int_equal(count_kind(&bare.g, NAS_OP_ADD), 1);
    assert_int_equal(count_kind(&bare.g, NAS_OP_RELU), 0);
}

/* --- cost and plan ---------------------------------------------------------------------------- */

static void test_cost_by_hand(void **state) {
    (void)state;
    rg b = rg_start(arena, 1, 4, (int32_t[]){1, 10, 8, 3});
    rg_conv(&b, 5, (rg_window){.kernel = {3, 3}, .stride = {2, 2}});          /* 5 x 4 x 5 */
    rg_depthwise(&b, 2, (rg_window){.kernel = {3, 2}, .padding = NAS_VALID}); /* 3 x 3 x 10 */
    rg_mean(&b, false);
    rg_dense(&b, 4, NAS_ACT_NONE, true);
    float *w = (float *)(uintptr_t)b.g.tensors[b.g.ops[0].in[1]].data;
    w[7] = w[100] = 0;
    nas_cost c;
    assert_int_equal(nas_graph_cost(&b.g, &c, &err), NAS_OK);
    assert_int_equal(c.macs, 5 * 4 * 5 * 27 + 3 * 3 * 10 * 6 + 40);
    assert_int_equal(c.constants, 5 * 27 + 5 + 6 * 10 + 10 + 40 + 4);
    assert_int_equal(c.nonzero, c.constants - 2);
    assert_int_equal(c.ram_bytes, 240 * 4 + 400); /* input and first output; the rest fits below */
}

static void test_stats_of_constants(void **state) {
    (void)state;
    const float f32[] = {0, -0.0f, 1, 1, -1, 2.5f, 0, 1e-40f};
    const uint16_t f16[] = {0, 0x8000, 0x3c00, 0x3c00, 0xbc00, 7};
    const int8_t i8[] = {0, 0, 5, 5, -5, 127, -128};
    const int32_t i32[] = {3, -1, 3}, zero = 5;
    const float one = 1;
    const struct {
        nas_tensor t;
        nas_tensor_stats want;
    } cases[] = {
        {{.dtype = NAS_F32, .rank = 2, .dims = {2, 4}, .data = f32}, {8, 32, 3, 5}},
        {{.dtype = NAS_F16, .rank = 1, .dims = {6}, .data = f16}, {6, 12, 2, 4}},
        {{.dtype = NAS_I8, .rank = 1, .dims = {7}, .data = i8}, {7, 7, 2, 5}},
        {{.dtype = NAS_I32, .rank = 1, .dims = {3}, .data = i32}, {3, 12, 0, 2}},
        {{.dtype = NAS_I8,
          .rank = 1,
          .dims = {7},
          .data = i8,
          .n_scale = 1,
          .scale = &one,
          .zero_point = &zero},
         {7, 7, 2, 5}},
    };
    nas_tensor_stats s;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(nas_tensor_measure(&cases[i].t, &s, &err), NAS_OK);
        assert_memory_equal(&s, &cases[i].want, sizeof s);
    }
    const nas_tensor activation = {.dtype = NAS_F32, .rank = 1, .dims = {3}};
    assert_int_equal(nas_tensor_measure(&activation, &s, &err), NAS_EINVAL);
}

static int64_t round16(int64_t n) {
    return (n + 15) / 16 * 16;
}

/* In a chain the largest sum of an input and an output is needed, and is enough. */
static void test_plan_of_chains_is_optimal(void **state) {
    (void)state;
    nas_rng rng = nas_rng_stream(5, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    for (int32_t round = 0; round < 50; round++) {
        rg b = rg_start(arena, (uint32_t)round, 2,
                        (int32_t[]){1, 1 + (int32_t)nas_rng_below(&rng, 300)});
        int64_t least = 0, total, offsets[64];
        const int32_t depth = 1 + (int32_t)nas_rng_below(&rng, 8);
        for (int32_t i = 0; i < depth; i++) {
            const int64_t in = nas_tensor_bytes(rg_top(&b));
            rg_dense(&b, 1 + (int32_t)nas_rng_below(&rng, 300), NAS_ACT_NONE, true);
            const int64_t need = round16(in) + round16(nas_tensor_bytes(rg_top(&b)));
            if (need > least) least = need;
        }
        assert_int_equal(nas_graph_plan(&b.g, offsets, &total, &err), NAS_OK);
        assert_int_equal(total, least);
    }
}

/* --- an exhaustive planner -------------------------------------------------------------------- */

enum { MOST_BUFFERS = 7, MANY_BUFFERS = 41 };

typedef struct buffer {
    int64_t bytes, at;
    int32_t first, last;
} buffer;

static bool together(const buffer *a, const buffer *b) {
    return a->first <= b->last && b->first <= a->last;
}

/* The lowest place for b beside those that are placed. */
static int64_t lowest(const buffer *placed, int32_t n, const buffer *b) {
    int64_t at = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int32_t i = 0; i < n; i++)
            if (together(&placed[i], b) && at < placed[i].at + placed[i].bytes &&
                placed[i].at < at + b->bytes) {
                at = placed[i].at + placed[i].bytes;
                moved = true;
            }
    }
    return at;
}

/* Every plan can be pressed down until each buffer rests on another or the ground, so one of the
 * orders, each buffer as low as it goes, is the best plan. */
static int64_t best_of_orders(const buffer *left, int32_t n_left, const buffer *placed, int32_t n,
                              int64_t top, int64_t best) {
    if (top >= best) return best;
    if (n_left == 0) return top;
    for (int32_t i = 0; i < n_left; i++) {
        buffer rest[MOST_BUFFERS], now[MOST_BUFFERS];
        int32_t k = 0;
        for (int32_t j = 0; j < n_left; j++)
            if (j != i) rest[k++] = left[j];
        memcpy(now, placed, (size_t)n * sizeof *now);
        now[n] = left[i];
        now[n].at = lowest(placed, n, &left[i]);
        const int64_t end = now[n].at + now[n].bytes;
        best = best_of_orders(rest, k, now, n + 1, end > top ? end : top, best);
    }
    return best;
}

/* The buffers of a graph without RESHAPE. */
static int32_t buffers_of(const nas_graph *g, buffer *b) {
    int32_t n = 0;
    for (int32_t t = 0; t < g->n_tensors; t++) {
        if (g->tensors[t].data) continue;
        assert_true(n < MANY_BUFFERS);
        buffer *p = &b[n++];
        *p = (buffer){.bytes = round16(nas_tensor_bytes(&g->tensors[t])),
                      .first = t == g->input ? 0 : g->n_ops,
                      .last = t == g->output ? g->n_ops - 1 : 0};
        for (int32_t i = 0; i < g->n_ops; i++) {
            if (g->ops[i].out == t) p->first = i;
            for (int32_t k = 0; k < g->ops[i].n_in; k++)
                if (g->ops[i].in[k] == t && i > p->last) p->last = i;
        }
        if (p->last < p->first) p->last = p->first;
    }
    return n;
}

static int64_t most_at_once(const buffer *b, int32_t n, int32_t n_ops) {
    int64_t most = 0;
    for (int32_t op = 0; op < n_ops; op++) {
        int64_t sum = 0;
        for (int32_t i = 0; i < n; i++)
            if (b[i].first <= op && op <= b[i].last) sum += b[i].bytes;
        if (sum > most) most = sum;
    }
    return most;
}

/* Convolutions of random widths, with joins over one or more of them. */
static rg joined_net(uint32_t seed, int32_t ops) {
    rg b = rg_start(arena, seed, 4, (int32_t[]){1, 1, 1, 1 + (int32_t)(seed * 37 % 90)});
    int32_t kept = b.last;
    for (int32_t i = 0; i < ops; i++) {
        const int32_t c = b.g.tensors[kept].dims[3];
        const bool same = c == rg_top(&b)->dims[3] && kept != b.last;
        const int32_t what = (int32_t)nas_rng_below(&b.rng, 3);
        if (same && what) {
            rg_join(&b, NAS_OP_ADD, kept, NAS_ACT_NONE);
            kept = b.last;
        } else {
            const int32_t wide = 1 + (int32_t)nas_rng_below(&b.rng, 120);
            rg_conv(&b, what == 2 && i > 0 ? c : wide, (rg_window){.kernel = {1, 1}});
            if (what == 0) kept = b.last;
        }
    }
    return b;
}

static void test_plan_beside_all_orders(void **state) {
    (void)state;
    int32_t joins = 0, optimal = 0;
    double worst = 1;
    enum { NETS = 300 };
    for (uint32_t seed = 1; seed <= NETS; seed++) {
        const nas_arena_mark mark = nas_arena_here(arena);
        rg net = joined_net(seed, MOST_BUFFERS - 1);
        buffer b[MOST_BUFFERS], none[1];
        int64_t offsets[64], total;
        assert_int_equal(nas_graph_plan(&net.g, offsets, &total, &err), NAS_OK);
        const int32_t n = buffers_of(&net.g, b);
        const int64_t bound = most_at_once(b, n, net.g.n_ops);
        const int64_t best = best_of_orders(b, n, none, 0, 0, INT64_MAX);
        for (int32_t i = 0; i < net.g.n_ops; i++) joins += net.g.ops[i].kind == NAS_OP_ADD;
        assert_true(bound <= best && best <= total);
        optimal += total == best;
        if ((double)total / (double)bound > worst) worst = (double)total / (double)bound;
        nas_arena_back(arena, mark);
    }
    assert_true(joins > NETS / 2);
    assert_int_equal(optimal, NETS);
    assert_true(worst <= 1.1);
}

/* Too many for all orders; the bound is what lives at one time. */
static void test_plan_of_large_graphs(void **state) {
    (void)state;
    for (uint32_t seed = 1; seed <= 60; seed++) {
        const nas_arena_mark mark = nas_arena_here(arena);
        rg net = joined_net(seed, MANY_BUFFERS - 1);
        buffer b[MANY_BUFFERS];
        int64_t offsets[256], total;
        assert_in_range(net.g.n_tensors, 1, 256);
        assert_int_equal(nas_graph_plan(&net.g, offsets, &total, &err), NAS_OK);
        const int32_t n = buffers_of(&net.g, b);
        assert_true((double)total <= 1.1 * (double)most_at_once(b, n, net.g.n_ops));
        nas_arena_back(arena, mark);
    }
}

/* When is tensor t needed: from the operator that makes it to the last that reads it. */
static void life(const nas_graph *g, int32_t t, int32_t *first, int32_t *last) {
    *first = t == g->input ? -1 : g->n_ops;
    *last = t == g->output ? g->n_ops : -1;
    for (int32_t i = 0; i < g->n_ops; i++) {
        if (g->ops[i].out == t) *first = i;
        for (int32_t k = 0; k < g->ops[i].n_in; k++)
            if (g->ops[i].in[k] == t) *last = i > *last ? i : *last;
    }
}

static bool reshapes(const nas_graph *g, int32_t from, int32_t to) {
    for (int32_t i = 0; i < g->n_ops; i++)
        if (g->ops[i].kind == NAS_OP_RESHAPE && g->ops[i].in[0] == from && g->ops[i].out == to)
            return true;
    return false;
}

static void test_plan_never_overlaps(void **state) {
    (void)state;
    for (int32_t variant = 0; variant < rg_variants; variant++) {
        rg b = rg_net(arena, 2, variant, true);
        const nas_graph *g = &b.g;
        int64_t offsets[128], total;
        assert_in_range(g->n_tensors, 1, 128);
        assert_int_equal(nas_graph_plan(g, offsets, &total, &err), NAS_OK);
        for (int32_t i = 0; i < g->n_tensors; i++) {
            if (g->tensors[i].data) assert_int_equal(offsets[i], -1);
            if (g->tensors[i].data) continue;
            const int64_t end = offsets[i] + nas_tensor_bytes(&g->tensors[i]);
            assert_int_equal(offsets[i] % 16, 0);
            assert_true(offsets[i] >= 0 && end <= total);
            for (int32_t j = 0; j < i; j++) {
                int32_t first[2], last[2];
                life(g, i, &first[0], &last[0]);
                life(g, j, &first[1], &last[1]);
                if (reshapes(g, j, i)) assert_int_equal(offsets[i], offsets[j]);
                if (g->tensors[j].data || reshapes(g, j, i) || last[0] < first[1] ||
                    last[1] < first[0])
                    continue;
                const int64_t other = offsets[j] + nas_tensor_bytes(&g->tensors[j]);
                assert_true(end <= offsets[j] || other <= offsets[i]);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window_axis),
        cmocka_unit_test(test_check_refuses),
        cmocka_unit_test(test_check_of_pools),
        cmocka_unit_test(test_check_survives_noise),
        cmocka_unit_test(test_fold_changes_no_output),
        cmocka_unit_test(test_fold_leaves_one_operator_per_layer),
        cmocka_unit_test(test_fold_keeps_what_others_read),
        cmocka_unit_test(test_cost_by_hand),
        cmocka_unit_test(test_stats_of_constants),
        cmocka_unit_test(test_plan_of_chains_is_optimal),
        cmocka_unit_test(test_plan_beside_all_orders),
        cmocka_unit_test(test_plan_of_large_graphs),
        cmocka_unit_test(test_plan_never_overlaps),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
