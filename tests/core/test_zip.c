/* tests/core/test_zip.c - the zlib stream, and the parts that make it. */
#include "core/deploy/deploy.h"
#include "core/deploy/zip/int.h"
#include "tests/fixture.h"
#include "tests/random_graph.h"

#include <libdeflate.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static nas_err err;

/* Noise, then zeros, then few values. */
static uint8_t *mixture(size_t n, size_t a, size_t b) {
    nas_rng rng = nas_rng_stream(12, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    uint8_t *p = nas_arena_alloc(arena, n, &err);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i < a ? nas_rng_u32(&rng) : i < b ? 0 : nas_rng_below(&rng, 5));
    return p;
}

/* Weights as they are: 80 % zeros, the others around zero. */
static uint8_t *weights(size_t n) {
    nas_rng rng = nas_rng_stream(13, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    uint8_t *p = nas_arena_alloc(arena, n, &err);
    for (size_t i = 0; i < n; i++) {
        const int64_t v = (int64_t)nas_rng_below(&rng, 40) + (int64_t)nas_rng_below(&rng, 40) - 40;
        p[i] = nas_rng_below(&rng, 5) ? 0 : (uint8_t)v;
    }
    return p;
}

/* --- the stream ------------------------------------------------------------------------------- */

/* In the window that the header names. */
static void inflate_with_zlib(const uint8_t *z, size_t z_n, const uint8_t *p, size_t n) {
    uint8_t *back = nas_arena_alloc(arena, n + 1, &err);
    z_stream s;
    memset(&s, 0, sizeof s);
    assert_int_equal(inflateInit2(&s, 0), Z_OK);
    s.next_in = (uint8_t *)z;
    s.avail_in = (uInt)z_n;
    s.next_out = back;
    /* Little by little: what the window does not hold is lost. */
    int rc = Z_OK;
    while (rc == Z_OK) {
        const size_t left = n + 1 - s.total_out;
        s.avail_out = (uInt)(left < 100 ? left : 100);
        rc = inflate(&s, Z_NO_FLUSH);
    }
    assert_int_equal(rc, Z_STREAM_END);
    assert_int_equal(s.avail_in, 0);
    assert_int_equal(s.total_out, n);
    assert_memory_equal(back, p, n);
    inflateEnd(&s);
}

static void inflate_with_libdeflate(const uint8_t *z, size_t z_n, const uint8_t *p, size_t n) {
    uint8_t *back = nas_arena_alloc(arena, n + 1, &err);
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    size_t length;
    assert_int_equal(libdeflate_zlib_decompress(d, z, z_n, back, n + 1, &length),
                     LIBDEFLATE_SUCCESS);
    assert_int_equal(length, n);
    assert_memory_equal(back, p, n);
    libdeflate_free_decompressor(d);
}

static size_t check_inflates(const uint8_t *p, size_t n, nas_zlib_effort effort) {
    uint8_t *z;
    size_t z_n;
    if (nas_zlib_stream(p, n, effort, arena, &z, &z_n, &err) != NAS_OK) fail_msg("%s", err.text);
    inflate_with_zlib(z, z_n, p, n);
    inflate_with_libdeflate(z, z_n, p, n);
    return z_n;
}

/* Other readers inflate it, and it is no longer than that of level 9. The quick one is near. */
static size_t check_stream(const uint8_t *p, size_t n, bool shorter) {
    uLongf nine = compressBound(n);
    const size_t z_n = check_inflates(p, n, NAS_ZLIB_SHORT);
    const size_t quick = check_inflates(p, n, NAS_ZLIB_QUICK);
    assert_true(quick <= z_n + z_n / 20 + 16);
    uint8_t *out = nas_arena_alloc(arena, nine, &err);
    assert_int_equal(compress2(out, &nine, p, n, 9), Z_OK);
    assert_true(shorter ? z_n < nine : z_n <= nine);
    return z_n;
}

static void test_stream_of_nets(void **state) {
    (void)state;
    for (int32_t variant = 0; variant < rg_variants; variant++)
        for (int32_t k = 0; nas_format_names[k]; k++) {
            rg b = rg_net(arena, 7, variant, true);
            nas_graph g = nas_graph_start(arena);
            float x[4096] = {0};
            uint8_t *p;
            size_t n;
            assert_true(nas_tensor_count(&b.g.tensors[b.g.input]) <= 4096);
            for (int32_t i = 0; i < 4096; i++) x[i] = rg_uniform(&b, -2, 2);
            assert_int_equal(nas_graph_fold(&b.g, &err), NAS_OK);
            assert_int_equal(nas_format_apply(&b.g, (nas_format)k, x, 1, &g, &err), NAS_OK);
            assert_int_equal(nas_tflite_write(&g, arena, &p, &n, &err), NAS_OK);
            check_stream(p, n, n > 1000);
        }
}

static void test_stream_of_bytes(void **state) {
    (void)state;
    enum { N = 40000 };
    uint8_t *p = mixture(N, N / 4, N / 2);
    check_stream(p, N, true);
    for (size_t n = 0; n < 300; n += n < 20 ? 1 : 37) check_stream(p, n, false);
    check_stream(p, N / 4, false);
    check_stream(p + N / 4, N / 4, false);
    /* All of them the same, and two in turn. */
    for (size_t n = 1; n < 3000; n = n * 3 + 1) check_stream(p + N / 4, n, false);
    for (size_t i = 0; i < N; i++) p[i] = (uint8_t)(i & 1);
    check_stream(p, N, false);
}

/* Several pieces; noise that is stored, in several blocks. */
static void test_stream_of_many_bytes(void **state) {
    (void)state;
    enum { N = 600000 };
    check_stream(mixture(N, 200000, 270000), N, true);
    check_stream(mixture(N, N, N), N, false);
}

/* What zeros among weights are worth: level 9 has 2 % more at the least. */
static void test_stream_of_weights(void **state) {
    (void)state;
    for (size_t n = 1000; n < 30000; n *= 3) {
        const uint8_t *p = weights(n);
        uint8_t out[40000];
        uLongf nine = sizeof out;
        assert_int_equal(compress2(out, &nine, p, n, 9), Z_OK);
        assert_true((double)check_stream(p, n, true) < 0.98 * (double)nine);
    }
}

static void test_stream_is_the_same_again(void **state) {
    (void)state;
    const uint8_t *p = weights(5000);
    uint8_t *z, *again;
    size_t n, again_n;
    assert_int_equal(nas_zlib_stream(p, 5000, NAS_ZLIB_SHORT, arena, &z, &n, &err), NAS_OK);
    assert_int_equal(nas_zlib_stream(p, 5000, NAS_ZLIB_SHORT, arena, &again, &again_n, &err),
                     NAS_OK);
    assert_int_equal(n, again_n);
    assert_memory_equal(z, again, n);
}

static void test_window(void **state) {
    (void)state;
    static const struct {
        size_t n;
        uint8_t first;
    } rows[] = {{1, 0x18}, {512, 0x18}, {513, 0x28}, {20000, 0x78}, {32769, 0x78}};
    const uint8_t *p = weights(40000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t *z;
        size_t n;
        assert_int_equal(nas_zlib_stream(p, rows[i].n, NAS_ZLIB_SHORT, arena, &z, &n, &err),
                         NAS_OK);
        assert_int_equal(z[0], rows[i].first);
        assert_int_equal((z[0] << 8 | z[1]) % 31, 0);
    }
}

/* --- its parts -------------------------------------------------------------------------------- */

/* RFC 1951, 3.2.5. */
static void test_symbols(void **state) {
    (void)state;
    static const int32_t lengths[][3] = {{3, 257, 0},   {10, 264, 0},  {11, 265, 1},  {12, 265, 1},
                                         {13, 266, 1},  {18, 268, 1},  {19, 269, 2},  {22, 269, 2},
                                         {34, 272, 2},  {35, 273, 3},  {114, 279, 4}, {115, 280, 4},
                                         {131, 281, 5}, {257, 284, 5}, {258, 285, 0}};
    static const int32_t distances[][3] = {{1, 0, 0},       {4, 3, 0},       {5, 4, 1},
                                           {6, 4, 1},       {7, 5, 1},       {9, 6, 2},
                                           {257, 16, 7},    {512, 17, 7},    {1025, 20, 9},
                                           {16385, 28, 13}, {24577, 29, 13}, {32768, 29, 13}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        assert_int_equal(nas_zip_length_symbol(lengths[i][0]), lengths[i][1]);
        assert_int_equal(nas_zip_length_extra(lengths[i][1]), lengths[i][2]);
    }
    for (size_t i = 0; i < sizeof distances / sizeof *distances; i++) {
        assert_int_equal(nas_zip_dist_symbol(distances[i][0]), distances[i][1]);
        assert_int_equal(nas_zip_dist_extra(distances[i][1]), distances[i][2]);
    }
}

/* The nearest place of each length, as a walk back over all places finds them. */
static void check_matches(const uint8_t *p, size_t n, size_t at, const nas_zip_token *m,
                          size_t found) {
    size_t longest = NAS_ZIP_LEAST - 1, k = 0;
    for (size_t d = 1; d <= at && d < NAS_ZIP_WINDOW; d++) {
        size_t same = 0;
        while (same < NAS_ZIP_MOST && at + same < n && p[at + same] == p[at + same - d]) same++;
        if (same <= longest) continue;
        longest = same;
        assert_true(k < found);
        assert_int_equal(m[k].length, same);
        assert_int_equal(m[k++].distance, d);
    }
    assert_int_equal(k, found);
}

static void test_matches(void **state) {
    (void)state;
    enum { N = 4000 };
    uint8_t *p = mixture(N, 200, 700);
    memcpy(p + N - 300, p + 100, 300);
    nas_zip_matches m;
    nas_zip_finder *f = nas_zip_finder_open(p, N, arena, &err);
    assert_int_equal(nas_zip_matches_open(N / 2, arena, &m, &err), NAS_OK);
    for (size_t half = 0; half < 2; half++) {
        nas_zip_find(f, N / 2, &m);
        for (size_t i = 0; i < N / 2; i++)
            check_matches(p, N, half * N / 2 + i, m.of + m.first[i], m.first[i + 1] - m.first[i]);
    }
}

static uint64_t weight_of(const uint32_t *counts, const uint8_t *lengths, int32_t n) {
    uint64_t sum = 0;
    for (int32_t i = 0; i < n; i++) sum += (uint64_t)counts[i] * lengths[i];
    return sum;
}

/* Complete, within the limit, the more often the shorter; a limit that is no hindrance changes
 * nothing, and each bit less costs. */
static void test_lengths(void **state) {
    (void)state;
    nas_rng rng = nas_rng_stream(14, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    uint8_t lengths[NAS_ZIP_LITLEN];
    for (int32_t round = 0; round < 200; round++) {
        uint32_t counts[NAS_ZIP_LITLEN] = {0};
        const int32_t n = 2 + (int32_t)nas_rng_below(&rng, NAS_ZIP_LITLEN - 2);
        for (int32_t i = 0; i < n; i++)
            counts[i] = i < 2 ? 1 : (uint32_t)(nas_rng_u32(&rng) >> nas_rng_below(&rng, 32)) >> 8;
        uint64_t before = UINT64_MAX;
        for (int32_t most = 9; most <= 15; most++) {
            uint32_t kraft = 0;
            nas_zip_lengths(counts, n, most, lengths);
            for (int32_t i = 0; i < n; i++) {
                assert_true(lengths[i] <= most);
                assert_int_equal(lengths[i] > 0, counts[i] > 0);
                if (lengths[i]) kraft += 1u << (15 - lengths[i]);
                for (int32_t k = 0; k < i; k++)
                    if (counts[i] > counts[k] && counts[k]) assert_true(lengths[i] <= lengths[k]);
            }
            assert_int_equal(kraft, 1u << 15);
            const uint64_t weight = weight_of(counts, lengths, n);
            assert_true(weight <= before);
            before = weight;
        }
    }
    /* Worked by hand: 1, 1, 2, 4, 8 need 4 bits; with 3, the rarest take from the most frequent. */
    static const uint32_t counts[] = {8, 1, 1, 2, 4};
    static const uint8_t four[] = {1, 4, 4, 3, 2}, three[] = {1, 3, 3, 3, 3};
    nas_zip_lengths(counts, 5, 4, lengths);
    assert_memory_equal(lengths, four, 5);
    nas_zip_lengths(counts, 5, 3, lengths);
    assert_memory_equal(lengths, three, 5);
}

/* RFC 1951, 3.2.2: lengths 3, 3, 3, 3, 3, 2, 4, 4 are 010, 011, 100, 101, 110, 00, 1110, 1111. */
static void test_words(void **state) {
    (void)state;
    static const uint8_t lengths[] = {3, 3, 3, 3, 3, 2, 4, 4};
    static const uint16_t turned[] = {2, 6, 1, 5, 3, 0, 7, 15};
    uint16_t words[8];
    nas_zip_words(lengths, 8, words);
    assert_memory_equal(words, turned, sizeof turned);
}

static uint64_t cost_of(const nas_zip_token *t, size_t n, const nas_zip_costs *c) {
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += t[i].distance ? c->length[t[i].length] + c->dist[nas_zip_dist_symbol(t[i].distance)]
                             : c->byte[t[i].length];
    return sum;
}

/* The cheapest of all ways, by trying all. */
static uint64_t least(const uint8_t *p, size_t at, size_t n, const nas_zip_costs *c) {
    if (at == n) return 0;
    uint64_t best = c->byte[p[at]] + least(p, at + 1, n, c);
    for (size_t d = 1; d <= at; d++)
        for (size_t k = 1; at + k <= n && p[at + k - 1] == p[at + k - 1 - d]; k++) {
            if (k < NAS_ZIP_LEAST) continue;
            const uint64_t cost =
                c->length[k] + c->dist[nas_zip_dist_symbol((int32_t)d)] + least(p, at + k, n, c);
            if (cost < best) best = cost;
        }
    return best;
}

static void test_parse(void **state) {
    (void)state;
    enum { N = 18 };
    nas_rng rng = nas_rng_stream(15, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    for (int32_t round = 0; round < 50; round++) {
        uint8_t p[N];
        nas_zip_token tokens[N];
        nas_zip_matches m;
        nas_zip_costs c;
        nas_zip_ways w = {nas_arena_array(arena, N + 1, sizeof(uint64_t), &err),
                          nas_arena_array(arena, N + 1, sizeof(nas_zip_token), &err)};
        for (size_t i = 0; i < N; i++) p[i] = nas_rng_below(&rng, 4) ? 7 : (uint8_t)i;
        assert_int_equal(nas_zip_matches_open(N, arena, &m, &err), NAS_OK);
        nas_zip_find(nas_zip_finder_open(p, N, arena, &err), N, &m);
        nas_zip_costs_guess(p, N, 1 + (uint32_t)round % 5, &c);
        const size_t n = nas_zip_parse(p, &m, 0, N, &c, &w, tokens);
        assert_int_equal(cost_of(tokens, n, &c), least(p, 0, N, &c));
    }
}

/* Cuts lie where the bytes change: noise, zeros, few values. */
static void test_cuts(void **state) {
    (void)state;
    enum { N = 9600, A = 2400, B = 4800 };
    const uint8_t *p = mixture(N, A, B);
    nas_zip_token *t = nas_arena_array(arena, N, sizeof *t, &err);
    for (size_t i = 0; i < N; i++) t[i] = (nas_zip_token){p[i], 0};
    nas_zip_cutter *k = nas_zip_cutter_open(N, arena, &err);
    nas_zip_cuts cuts;
    assert_non_null(k);
    nas_zip_cutter_read(k, t, N);
    nas_zip_cut(k, 4, 400, &cuts);
    assert_int_equal(cuts.n, 3);
    assert_int_equal(cuts.end[0], A);
    assert_int_equal(cuts.end[1], B);
    assert_int_equal(cuts.end[2], N);
    nas_zip_cutter_read(k, t, 1);
    nas_zip_cut(k, 4, 50, &cuts);
    assert_int_equal(cuts.n, 1);
    assert_int_equal(cuts.end[0], 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream_of_nets),
        cmocka_unit_test(test_stream_of_bytes),
        cmocka_unit_test(test_stream_of_many_bytes),
        cmocka_unit_test(test_stream_of_weights),
        cmocka_unit_test(test_stream_is_the_same_again),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_cuts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
