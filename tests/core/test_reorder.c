/* tests/core/test_reorder.c - orders of channels: which may be moved, that no bit of the function
 * changes, and that the stream gets shorter. */
#include "core/deploy/deploy.h"
#include "core/deploy/format/reorder.h"
#include "tests/fixture.h"
#include "tests/random_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

enum { INPUTS = 12, MOST_OUTPUT = 4096 };

static nas_err err;

static nas_graph int8_of(rg *b) {
    nas_graph out = nas_graph_start(arena);
    const size_t n = (size_t)nas_tensor_count(&b->g.tensors[b->g.input]);
    float *x = nas_arena_array(arena, n * 4, sizeof *x, &err);
    for (size_t i = 0; i < n * 4; i++) x[i] = rg_uniform(b, -2, 2);
    if (nas_format_apply(&b->g, NAS_FORMAT_INT8, x, 4, &out, &err) != NAS_OK)
        fail_msg("%s", err.text);
    return out;
}

/* The tensors of g can be replaced without changing those of the copy. */
static nas_graph copy_of(const nas_graph *g) {
    nas_graph c = *g;
    c.tensors = nas_arena_array(arena, (size_t)g->n_tensors, sizeof *c.tensors, &err);
    c.tensor_room = c.n_tensors;
    memcpy(c.tensors, g->tensors, (size_t)g->n_tensors * sizeof *c.tensors);
    return c;
}

static void assert_same_function(const nas_graph *a, const nas_graph *b, uint32_t seed) {
    const size_t in = (size_t)nas_tensor_bytes(&a->tensors[a->input]);
    const size_t out = (size_t)nas_tensor_bytes(&a->tensors[a->output]);
    nas_rng rng = nas_rng_stream(seed, 0, NAS_PURPOSE_TEST, 9, 0, 0);
    int8_t *x = nas_arena_alloc(arena, in, &err), p[MOST_OUTPUT], q[MOST_OUTPUT];
    nas_interp *ia, *ib;
    assert_true(out <= MOST_OUTPUT);
    if (nas_interp_open(a, &ia, &err) != NAS_OK) fail_msg("%s", err.text);
    if (nas_interp_open(b, &ib, &err) != NAS_OK) fail_msg("%s", err.text);
    for (int k = 0; k < INPUTS; k++) {
        for (size_t i = 0; i < in; i++) x[i] = (int8_t)(nas_rng_u32(&rng) >> 24);
        nas_interp_run_raw(ia, x, p);
        nas_interp_run_raw(ib, x, q);
        assert_memory_equal(p, q, out);
    }
    nas_interp_close(ia);
    nas_interp_close(ib);
}

/* All sets of g in a random order. How many constants really changed. */
static int32_t shuffle(nas_graph *g, const nas_channel_sets *sets, nas_rng *rng) {
    int32_t changed = 0;
    for (int32_t i = 0; i < sets->n; i++) {
        const nas_channel_set *s = &sets->sets[i];
        uint32_t from[256];
        assert_true(s->channels <= 256);
        for (int32_t c = 0; c < s->channels; c++) from[c] = (uint32_t)c;
        nas_rng_shuffle(rng, from, (uint32_t)s->channels);
        for (int32_t k = 0; k < s->n_axes; k++) {
            nas_tensor *t = &g->tensors[s->axes[k].tensor], old = *t;
            assert_int_equal(nas_channels_move(&old, &s->axes[k], (const int32_t *)from,
                                               s->channels, arena, t, &err),
                             NAS_OK);
            changed += memcmp(old.data, t->data, (size_t)nas_tensor_bytes(t)) != 0;
        }
    }
    return changed;
}

static void test_any_order_keeps_the_function(void **state) {
    (void)state;
    nas_rng rng = nas_rng_stream(5, 0, NAS_PURPOSE_TEST, 3, 0, 0);
    int32_t sets_seen = 0, changed = 0;
    for (uint32_t seed = 0; seed < 200; seed++) {
        const nas_arena_mark mark = nas_arena_here(arena);
        rg b = seed < rg_variants ? rg_net(arena, 2, (int32_t)seed, true) : rnet(arena, seed);
        if (seed % 3) assert_int_equal(nas_graph_fold(&b.g, &err), NAS_OK);
        const nas_graph g = int8_of(&b);
        nas_graph h = copy_of(&g);
        nas_channel_sets sets;
        assert_int_equal(nas_channel_sets_find(&g, arena, &sets, &err), NAS_OK);
        sets_seen += sets.n;
        changed += shuffle(&h, &sets, &rng);
        assert_same_function(&g, &h, seed);
        nas_arena_back(arena, mark);
    }
    assert_true(sets_seen > 200 && changed > 800);
}

/* --- which sets there are --------------------------------------------------------------------- */

static nas_channel_sets sets_of(rg *b) {
    nas_channel_sets sets;
    assert_int_equal(nas_graph_fold(&b->g, &err), NAS_OK);
    const nas_graph g = int8_of(b);
    assert_int_equal(nas_channel_sets_find(&g, arena, &sets, &err), NAS_OK);
    return sets;
}

static void test_sets(void **state) {
    (void)state;
    const rg_window same = {.kernel = {3, 3}};
    /* A residual join and the depthwise kernel inside it are one set. */
    rg b = rg_start(arena, 1, 4, (int32_t[]){1, 8, 8, 3});
    rg_conv(&b, 12, same);
    const int32_t trunk = b.last;
    rg_depthwise(&b, 1, same);
    rg_conv(&b, 12, (rg_window){.kernel = {1, 1}});
    rg_join(&b, NAS_OP_ADD, trunk, NAS_ACT_RELU);
    rg_flatten(&b);
    rg_dense(&b, 5, NAS_ACT_NONE, true);
    nas_channel_sets s = sets_of(&b);
    assert_int_equal(s.n, 1);
    assert_int_equal(s.sets[0].channels, 12);
    /* Rows and biases of three kernels; columns of the second convolution and the dense layer. */
    assert_int_equal(s.sets[0].n_axes, 8);
    assert_int_equal(s.sets[0].axes[7].length, 8 * 8 * 12);
    /* Input and output have their order; so has what softmax sees. */
    rg one = rg_start(arena, 1, 2, (int32_t[]){1, 9});
    rg_dense(&one, 4, NAS_ACT_NONE, true);
    rg_unary(&one, NAS_OP_SOFTMAX);
    assert_int_equal(sets_of(&one).n, 0);
    /* Of a depthwise kernel that makes several channels of one, none moves. */
    rg many = rg_start(arena, 1, 4, (int32_t[]){1, 8, 8, 3});
    rg_conv(&many, 6, same);
    rg_depthwise(&many, 2, same);
    rg_conv(&many, 4, same);
    assert_int_equal(sets_of(&many).n, 0);
    /* Float graphs have none: their sums know the order. */
    nas_channel_sets none;
    assert_int_equal(nas_channel_sets_find(&b.g, arena, &none, &err), NAS_OK);
    assert_int_equal(none.n, 0);
}

/* --- the chosen order ------------------------------------------------------------------------- */

/* The bytes of g's stream; level_9 grows by what zlib's own makes of the same file. */
static size_t stream_of(const nas_graph *g, size_t *level_9) {
    uint8_t *file, *zip;
    size_t n, zip_n;
    assert_int_equal(nas_tflite_write(g, arena, &file, &n, &err), NAS_OK);
    assert_int_equal(nas_zlib_stream(file, n, NAS_ZLIB_SHORT, arena, &zip, &zip_n, &err), NAS_OK);
    uLongf room = compressBound(n);
    uint8_t *plain = nas_arena_alloc(arena, room, &err);
    assert_int_equal(compress2(plain, &room, file, n, Z_BEST_COMPRESSION), Z_OK);
    *level_9 += room;
    return zip_n;
}

/* Four of five weights of each kernel are 0, more so in some channels than in others; those left
 * have eight values on scales that are few, as clusters have them. */
static void shrink(rg *b) {
    for (int32_t i = 0; i < b->g.n_ops; i++) {
        const nas_op *o = &b->g.ops[i];
        if (o->kind != NAS_OP_CONV_2D && o->kind != NAS_OP_FULLY_CONNECTED) continue;
        nas_tensor *t = &b->g.tensors[o->in[1]];
        const int64_t n = nas_tensor_count(t), each = n / t->dims[0];
        float *w = nas_arena_array(arena, (size_t)n, sizeof *w, &err);
        float *scale = nas_arena_array(arena, (size_t)t->dims[0], sizeof *scale, &err);
        for (int64_t c = 0; c < t->dims[0]; c++)
            scale[c] = 0.004f * exp2f(floorf(rg_uniform(b, 0, 6)) / 4);
        for (int64_t k = 0; k < n; k++) {
            const float v = 31 * floorf(rg_uniform(b, -4, 4));
            w[k] = rg_uniform(b, 0, 1) < (k / each % 2 ? 0.95f : 0.65f) ? 0 : v * scale[k / each];
        }
        t->data = w;
        t->n_scale = t->dims[0];
        t->scale = scale;
    }
}

static void test_chosen_order(void **state) {
    (void)state;
    size_t before = 0, after = 0, level_9 = 0, ignored = 0;
    for (uint32_t seed = 1; seed <= 4; seed++) {
        rg b = rg_start(arena, seed, 4, (int32_t[]){1, 10, 8, 1});
        rg_conv(&b, 48, (rg_window){.kernel = {3, 3}, .activation = NAS_ACT_RELU});
        rg_depthwise(&b, 1, (rg_window){.kernel = {3, 3}, .activation = NAS_ACT_RELU});
        rg_conv(&b, 40, (rg_window){.kernel = {1, 1}, .activation = NAS_ACT_RELU});
        rg_conv(&b, 40, (rg_window){.kernel = {1, 1}, .activation = NAS_ACT_RELU});
        rg_mean(&b, false);
        rg_dense(&b, 10, NAS_ACT_NONE, true);
        shrink(&b);
        const nas_graph g = int8_of(&b);
        nas_graph h = copy_of(&g), again = copy_of(&g);
        assert_int_equal(nas_channels_reorder(&h, &err), NAS_OK);
        assert_same_function(&g, &h, seed);
        before += stream_of(&g, &level_9);
        after += stream_of(&h, &ignored);
        assert_int_equal(nas_channels_reorder(&again, &err), NAS_OK);
        for (int32_t i = 0; i < h.n_tensors; i++)
            if (h.tensors[i].data)
                assert_memory_equal(h.tensors[i].data, again.tensors[i].data,
                                    (size_t)nas_tensor_bytes(&h.tensors[i]));
    }
    assert_true((double)after < 0.98 * (double)before);
    assert_true((double)after < 0.95 * (double)level_9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order_keeps_the_function),
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_chosen_order),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
