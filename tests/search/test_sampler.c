/* tests/search/test_sampler.c - every sampler gives every point once, whoever asks; first trials;
 * the end; the same again from the same seed. */
#include "base/rng.h"
#include "search/sampler/sampler.h"
#include "tests/open_space.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a store would hold. */
typedef struct study {
    nas_hash *hashes;
    int64_t n, cursor, asked;
} study;

static nas_status has(void *ctx, const nas_hash *candidate, bool *yes, nas_err *err) {
    (void)err;
    study *s = ctx;
    *yes = false;
    s->asked++;
    for (int64_t i = 0; i < s->n && !*yes; i++) *yes = nas_hash_equal(&s->hashes[i], candidate);
    return NAS_OK;
}

static study new_study(int64_t most) {
    return (study){.hashes = nas_arena_array(arena, (size_t)most, sizeof(nas_hash), NULL)};
}

/* One claim: false when the sampler is exhausted. Each trial has another hash than all before. */
static bool claim(const nas_space *s, uint64_t seed, study *t, nas_point *p) {
    const nas_seen seen = {.ctx = t, .has = has};
    nas_ask what = NAS_ASK_POINT;
    nas_err err = {0};
    bool there;
    const int64_t n = t->n;
    do {
        if (nas_sampler_next(&(nas_question){.space = s, .seed = seed, .n = n, .seen = &seen},
                             &t->cursor, p, &what, &err) != NAS_OK)
            fail_msg("%s", err.text);
    } while (what == NAS_ASK_AGAIN);
    if (what == NAS_ASK_EXHAUSTED) return false;
    assert_int_equal(nas_space_forbidden(s, p, &there, &err), NAS_OK);
    assert_false(there);
    nas_hash hash;
    assert_int_equal(nas_space_point_hash(s, p, &hash, &err), NAS_OK);
    assert_int_equal(has(t, &hash, &there, &err), NAS_OK);
    assert_false(there);
    t->hashes[t->n++] = hash;
    return true;
}

static const char *const samplers[] = {"{\"sampler\": \"grid\"}", "{\"sampler\": \"random\"}",
                                       "{\"sampler\": \"sobol\"}"};
enum { SAMPLERS = sizeof samplers / sizeof *samplers };

/* Conditional parts, a forbidden corner, two points that are the same candidate. */
static space_parts small_space(const char *search) {
    return (space_parts){
        .augment = "{\"choice\": [{}, {\"shift_frames\": {\"range\": [0, 5]}}]}",
        .width = "{\"choice\": [1, 2, 3]}",
        .train = "{\"epochs\": {\"range\": [1, 4]}, \"batch_size\": 2, \"learning_rate\": 1}",
        .rest = "\"forbid\": [\"model.width == 3 and train.epochs == 4\"],\n",
        .search = search};
}

/* 7 x 3 x 4 points, of which augment {} and shift_frames 0 are one; without the forbidden. */
enum { SMALL = 6 * 3 * 4 - 6 };

static void test_names(void **state) {
    (void)state;
    assert_string_equal(nas_sampler_at(0)->name, "grid");
    assert_string_equal(nas_sampler_at(1)->name, "random");
    assert_string_equal(nas_sampler_at(2)->name, "sobol");
    assert_null(nas_sampler_at(3));
    assert_null(nas_sampler_at(-1));
}

static void test_every_point_once(void **state) {
    (void)state;
    for (size_t k = 0; k < SAMPLERS; k++) {
        for (uint64_t seed = 0; seed < 5; seed++) {
            nas_space *s = open_parts(small_space(samplers[k]));
            assert_int_equal(nas_space_points(s), 7 * 3 * 4);
            assert_int_equal(nas_space_allowed(s), 7 * 3 * 4 - 7);
            study t = new_study(SMALL + 1);
            nas_point p = new_point(s);
            while (claim(s, seed, &t, &p)) assert_true(t.n <= SMALL);
            assert_int_equal(t.n, SMALL);
            /* It stays so. */
            assert_false(claim(s, seed, &t, &p));
            nas_space_close(s);
        }
    }
}

/* Several workers, each with its own copy of the space, take turns in any order; a worker that dies
 * and comes again changes nothing. */
static void test_any_number_of_workers(void **state) {
    (void)state;
    for (size_t k = 0; k < SAMPLERS; k++) {
        nas_space *s[4];
        for (int w = 0; w < 4; w++) s[w] = open_parts(small_space(samplers[k]));
        study one = new_study(SMALL + 1), many = new_study(SMALL + 1);
        nas_point p = new_point(s[0]);
        nas_rng rng = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, 0, 0, 0);
        while (claim(s[0], 9, &one, &p)) {}
        for (;;) {
            const int w = (int)nas_rng_below(&rng, 4);
            if (nas_rng_below(&rng, 8) == 0) {
                nas_space_close(s[w]);
                s[w] = open_parts(small_space(samplers[k]));
            }
            if (!claim(s[w], 9, &many, &p)) break;
        }
        assert_int_equal(one.n, many.n);
        assert_memory_equal(one.hashes, many.hashes, (size_t)one.n * sizeof(nas_hash));
        for (int w = 0; w < 4; w++) nas_space_close(s[w]);
    }
}

static void test_grid_order(void **state) {
    (void)state;
    nas_space *s = open_parts((space_parts){
        .width = "{\"choice\": [1, 2, 3]}",
        .train = "{\"epochs\": {\"range\": [1, 4]}, \"batch_size\": 2, \"learning_rate\": 1}"});
    study t = new_study(13);
    nas_point p = new_point(s);
    for (int i = 0; i < 12; i++) {
        assert_true(claim(s, 0, &t, &p));
        assert_true(p.values[0] == i / 4 && p.values[1] == 1 + i % 4);
    }
    assert_false(claim(s, 0, &t, &p));
    nas_space_close(s);
}

/* 10^9 points: the n-th is found without a list, and without asking about those before. */
static void test_large_grid(void **state) {
    (void)state;
    nas_space *s = open_parts((space_parts){
        .width = "{\"range\": [1, 1.999], \"step\": 0.001}",
        .train = "{\"epochs\": {\"range\": [1, 1000]}, \"batch_size\": {\"range\": [1, 1000]}, "
                 "\"learning_rate\": 1}"});
    assert_int_equal(nas_space_points(s), 1000000000);
    study t = new_study(100);
    t.cursor = 123456789;
    nas_point p = new_point(s);
    assert_true(claim(s, 0, &t, &p));
    assert_true(p.values[0] == 1.123 && p.values[1] == 457 && p.values[2] == 790);
    assert_int_equal(t.cursor, 123456790);
    assert_int_equal(t.asked, 2);
    nas_space_close(s);
}

static void test_try_first(void **state) {
    (void)state;
    for (size_t k = 0; k < SAMPLERS; k++) {
        space_parts parts = small_space(samplers[k]);
        parts.rest = "\"forbid\": [\"model.width == 3 and train.epochs == 4\"], \"try_first\": ["
                     "{\"model.width\": 2, \"train.epochs\": 3, \"augment\": 0}, "
                     "{\"model.width\": 2, \"train.epochs\": 3, \"augment.shift_frames\": 0}, "
                     "{\"augment.shift_frames\": 5}],\n";
        nas_space *s = open_parts(parts);
        study t = new_study(SMALL + 1);
        nas_point p = new_point(s);
        assert_true(claim(s, 4, &t, &p));
        assert_true(p.values[0] == 0 && p.values[2] == 1 && p.values[3] == 3);
        /* The second entry is the same candidate as the first. */
        assert_true(claim(s, 4, &t, &p));
        assert_true(p.values[0] == 1 && p.values[1] == 5);
        while (claim(s, 4, &t, &p)) {}
        assert_int_equal(t.n, SMALL);
        nas_space_close(s);
    }
}

static void test_infinite(void **state) {
    (void)state;
    const space_parts parts = {.width = "{\"range\": [0.5, 2]}",
                               .rest = "\"forbid\": [\"model.width > 1 and model.width < 1.5\"],\n",
                               .search = samplers[1]};
    nas_space *s = open_parts(parts);
    nas_err err = {0};
    assert_int_equal(nas_sampler_at(1)->check(s, 0, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "needs a number of trials"));
    assert_int_equal(nas_sampler_at(1)->check(s, 10, &err), NAS_OK);
    assert_int_equal(nas_sampler_at(0)->check(s, 10, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "model.width: a range of floats without a step"));
    study t = new_study(400), again = new_study(400), other = new_study(400);
    nas_point p = new_point(s);
    for (int i = 0; i < 300; i++) {
        assert_true(claim(s, 1, &t, &p));
        assert_true(claim(s, 1, &again, &p));
        assert_true(claim(s, 2, &other, &p));
    }
    assert_memory_equal(t.hashes, again.hashes, 300 * sizeof(nas_hash));
    assert_memory_not_equal(t.hashes, other.hashes, sizeof(nas_hash));
    assert_int_equal(t.cursor, 0);
    nas_space_close(s);
}

/* Draws that are turned away are cut into several claims and end as one long search would: at the
 * first allowed one. */
static void test_infinite_rare(void **state) {
    (void)state;
    const nas_seen nobody = {.ctx = &(study){0}, .has = has};
    nas_err err = {0};
    nas_space *s = open_parts((space_parts){.width = "{\"range\": [0.5, 2]}",
                                            .rest = "\"forbid\": [\"model.width > 0.501\"],\n",
                                            .search = samplers[1]});
    nas_point p = new_point(s), want = new_point(s);
    int32_t cut = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        int64_t cursor = 0;
        nas_ask what;
        uint32_t attempt = 0;
        int32_t again = 0;
        bool forbidden = true;
        for (; forbidden; attempt++) {
            nas_space_random(s, seed, 7, attempt, &want);
            assert_int_equal(nas_space_forbidden(s, &want, &forbidden, &err), NAS_OK);
        }
        for (;; again++) {
            assert_int_equal(
                nas_sampler_next(&(nas_question){.space = s, .seed = seed, .n = 7, .seen = &nobody},
                                 &cursor, &p, &what, &err),
                NAS_OK);
            if (what != NAS_ASK_AGAIN) break;
        }
        assert_int_equal(what, NAS_ASK_POINT);
        assert_true(p.values[0] == want.values[0]);
        assert_int_equal(again, (attempt - 1) / 4096);
        assert_int_equal(cursor, 0);
        cut += again;
    }
    assert_true(cut > 0);
    nas_space_close(s);
}

/* A finite space that is used up by others' trials, but for one point, is walked to that point. */
static void test_last_point(void **state) {
    (void)state;
    nas_space *s = open_parts((space_parts){
        .train = "{\"epochs\": {\"range\": [1, 300]}, \"batch_size\": {\"range\": [1, 100]}, "
                 "\"learning_rate\": 1}",
        .rest = "\"forbid\": [\"train.epochs != 77 or train.batch_size > 2\"],\n",
        .search = samplers[1]});
    study t = new_study(4);
    nas_point p = new_point(s);
    assert_true(claim(s, 0, &t, &p));
    assert_true(claim(s, 0, &t, &p));
    assert_false(claim(s, 0, &t, &p));
    assert_int_equal(t.n, 2);
    nas_space_close(s);
}

/* The walk over what is left: from a start that the seed gives, around the end, each point once. */
static void test_walk(void **state) {
    (void)state;
    double first[4] = {0};
    for (uint64_t seed = 0; seed < 4; seed++) {
        nas_space *s = open_parts((space_parts){
            .train =
                "{\"epochs\": {\"range\": [1, 1000]}, \"batch_size\": 2, \"learning_rate\": 1}",
            .search = samplers[1]});
        study t = new_study(1001);
        nas_point p = new_point(s);
        t.cursor = 1;
        assert_true(claim(s, seed, &t, &p));
        first[seed] = p.values[0];
        for (int64_t i = 1; i < 1000; i++) {
            const double last = p.values[0];
            assert_true(claim(s, seed, &t, &p));
            assert_true(p.values[0] == (last == 1000 ? 1 : last + 1));
            assert_int_equal(t.cursor, 2 + i);
        }
        assert_false(claim(s, seed, &t, &p));
        nas_space_close(s);
    }
    assert_true(first[0] != first[1] && first[1] != first[2] && first[2] != first[3]);
}

/* Who has passed over many points is told to ask again, and comes to the same point as one that
 * walks on; so does anybody else who asks with that cursor. */
static void test_long_walk(void **state) {
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        nas_space *s[2];
        for (int w = 0; w < 2; w++)
            s[w] = open_parts((space_parts){
                .train =
                    "{\"epochs\": {\"range\": [1, 300]}, \"batch_size\": {\"range\": [1, 100]},"
                    " \"learning_rate\": 1}",
                .rest = "\"forbid\": [\"train.epochs < 251 or train.batch_size < 99\"],\n",
                .search = samplers[k]});
        study t = new_study(101);
        nas_point p = new_point(s[0]);
        const nas_seen seen = {.ctx = &t, .has = has};
        nas_ask what = NAS_ASK_AGAIN;
        nas_err err = {0};
        int64_t cursor = k ? 1 : 0;
        const int64_t begin = cursor;
        int again = 0;
        /* Nothing is left: all that is allowed was seen. */
        while (claim(s[0], 3, &t, &p)) {}
        assert_int_equal(t.n, 100);
        for (; what == NAS_ASK_AGAIN; again += what == NAS_ASK_AGAIN) {
            const int64_t before = cursor;
            assert_int_equal(
                nas_sampler_next(
                    &(nas_question){.space = s[again % 2], .seed = 3, .n = 100, .seen = &seen},
                    &cursor, &p, &what, &err),
                NAS_OK);
            assert_true(cursor - before <= 10000);
            if (what == NAS_ASK_AGAIN) assert_int_equal(cursor - before, 10000);
        }
        assert_int_equal(what, NAS_ASK_EXHAUSTED);
        assert_int_equal(cursor, begin + 30000);
        assert_true(again == 2 || again == 3);
        /* One point is open: the cursor ends behind it. */
        const nas_hash last = t.hashes[99];
        t.n = 99;
        cursor = begin;
        do {
            assert_int_equal(
                nas_sampler_next(&(nas_question){.space = s[1], .seed = 3, .n = 99, .seen = &seen},
                                 &cursor, &p, &what, &err),
                NAS_OK);
        } while (what == NAS_ASK_AGAIN);
        nas_hash found;
        assert_int_equal(what, NAS_ASK_POINT);
        assert_int_equal(nas_space_point_hash(s[0], &p, &found, &err), NAS_OK);
        assert_true(nas_hash_equal(&found, &last));
        for (int w = 0; w < 2; w++) nas_space_close(s[w]);
    }
}

/* Errors of the store come through. */
static nas_status broken(void *ctx, const nas_hash *candidate, bool *yes, nas_err *err) {
    (void)ctx;
    (void)candidate;
    (void)yes;
    return nas_fail(err, NAS_EIO, "no store");
}

static void test_store_fails(void **state) {
    (void)state;
    for (size_t k = 0; k < SAMPLERS; k++) {
        nas_space *s = open_parts(small_space(samplers[k]));
        const nas_seen seen = {.has = broken};
        nas_point p = new_point(s);
        nas_ask what;
        nas_err err = {0};
        int64_t cursor = 0;
        assert_int_equal(
            nas_sampler_next(&(nas_question){.space = s, .seed = 0, .n = 0, .seen = &seen}, &cursor,
                             &p, &what, &err),
            NAS_EIO);
        nas_space_close(s);
    }
}

/* A file without choices is a space of one point. */
static void test_one_point(void **state) {
    (void)state;
    for (size_t k = 0; k < SAMPLERS; k++) {
        nas_space *s = open_parts((space_parts){.search = samplers[k]});
        assert_int_equal(nas_space_params(s), 0);
        assert_int_equal(nas_space_points(s), 1);
        study t = new_study(2);
        nas_point p = new_point(s);
        assert_true(claim(s, 0, &t, &p));
        assert_false(claim(s, 0, &t, &p));
        nas_space_close(s);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_names),      TEST(test_every_point_once), TEST(test_any_number_of_workers),
        TEST(test_grid_order), TEST(test_large_grid),       TEST(test_try_first),
        TEST(test_infinite),   TEST(test_infinite_rare),    TEST(test_last_point),
        TEST(test_walk),       TEST(test_store_fails),      TEST(test_one_point),
        TEST(test_long_walk),
    };
    return cmocka_run_group_tests_name("sampler", tests, NULL, NULL);
}
