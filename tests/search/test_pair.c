/* tests/search/test_pair.c - two models matched, their verdicts counted, what was heard by speaker.
 */
#include "search/task/keywords/deployed/pair.h"
#include "search/task/keywords/deployed/speakers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[2] = {"one", "two"};

static int open_arena(void **state) {
    nas_arena *a;
    nas_err err = {0};
    if (nas_arena_open(&a, &err) != NAS_OK) return -1;
    *state = a;
    return 0;
}

static int close_arena(void **state) {
    nas_arena_close(*state);
    return 0;
}

static const char *abc[] = {"a", "b", "c"}, *cab[] = {"c", "a", "b"}, *abd[] = {"a", "b", "d"},
                  *aab[] = {"a", "a", "b"};

static void start(nas_deployed d[2], const char **first, const char **second) {
    for (int i = 0; i < 2; i++)
        d[i] = (nas_deployed){.n_labels = 3,
                              .labels = i ? second : first,
                              .has_candidate = true,
                              .task.split = {.validation = 0.2, .test = 0.2}};
}

static void refused(nas_arena *a, nas_deployed d[2], int part, const char *text) {
    nas_err err = {0};
    assert_int_equal(nas_pair_match(a, names, d, part, &err), NAS_EINVAL);
    if (!strstr(err.text, text)) fail_msg("expected %s in: %s", text, err.text);
}

/* Classes are matched by name: output 0 of the second is "c", the first one's third. */
static void test_order(void **state) {
    nas_deployed d[2];
    nas_err err = {0};
    start(d, abc, cab);
    assert_int_equal(nas_pair_match(*state, names, d, NAS_TEST, &err), NAS_OK);
    assert_null(d[0].order);
    assert_int_equal(d[1].order[0], 2);
    assert_int_equal(d[1].order[1], 0);
    assert_int_equal(d[1].order[2], 1);
    assert_ptr_equal(d[1].labels, abc);
}

static void test_other_labels(void **state) {
    nas_deployed d[2];
    start(d, abc, abd);
    refused(*state, d, -1, "\"c\" is a label of one alone");
    start(d, abc, abd);
    d[0].n_labels = 2;
    refused(*state, d, -1, "\"d\" is a label of two alone");
    start(d, aab, aab);
    refused(*state, d, -1, "twice");
}

static void test_splits(void **state) {
    nas_deployed d[2];
    nas_err err = {0};
    start(d, abc, abc);
    d[1].task.split.folds = 3;
    assert_int_equal(nas_pair_match(*state, names, d, -1, &err), NAS_OK);
    assert_int_equal(d[1].task.split.folds, 0); /* both tell speakers as the first does */
    start(d, abc, abc);
    d[1].task.split.folds = 3;
    refused(*state, d, NAS_TEST, "task.split.folds is 0 and 3");
    start(d, abc, abc);
    d[0].task.split.by = NAS_BY_FILE;
    refused(*state, d, NAS_TEST, "task.split.by is file and speaker");
    start(d, abc, abc);
    d[1].task.split.test_list = "test.txt";
    refused(*state, d, NAS_TEST, "task.split.test is absent and test.txt");
    start(d, abc, abc);
    d[1].task.speaker_pattern = "^(.)";
    refused(*state, d, NAS_TEST, "speaker_pattern is absent and ^(.)");
}

static void test_candidates(void **state) {
    nas_deployed d[2];
    nas_err err = {0};
    start(d, abc, abc);
    d[0].has_candidate = false;
    d[1].task.speaker_pattern = "^(.)";
    refused(*state, d, NAS_TEST, "no candidate.json beside one");
    assert_int_equal(nas_pair_match(*state, names, d, -1, &err), NAS_OK);
    assert_true(d[0].has_candidate);
    assert_string_equal(d[0].task.speaker_pattern, "^(.)");
}

/* Clips in the order of (label, name), as they come; the speakers are z, y, x. */
static const nas_heard heard[2][8] = {
    {{"a/1", "z", 0, 0},
     {"a/2", "y", 0, 1},
     {"a/3", "x", 0, 0},
     {"a/4", "z", 0, 2},
     {"b/1", "z", 1, 2},
     {"b/2", "y", 1, 1},
     {"b/3", "x", 1, 1},
     {"b/4", "z", 1, 2}},
    {{"a/1", "z", 0, 0},
     {"a/2", "y", 0, 0},
     {"a/3", "x", 0, 0},
     {"a/4", "z", 0, 1},
     {"b/1", "z", 1, 1},
     {"b/2", "y", 1, 0},
     {"b/3", "x", 1, 1},
     {"b/4", "z", 1, 1}},
};

static nas_verdict verdict_of(nas_arena *a, int which) {
    nas_err err = {0};
    nas_heard *copy = nas_arena_alloc(a, sizeof heard[which], &err);
    assert_non_null(copy);
    memcpy(copy, heard[which], sizeof heard[which]);
    return (nas_verdict){.n = 8, .heard = copy};
}

static void test_counts(void **state) {
    const nas_verdict v[2] = {verdict_of(*state, 0), verdict_of(*state, 1)};
    nas_pair p;
    nas_err err = {0};
    assert_int_equal(nas_pair_count(*state, v, &p, &err), NAS_OK);
    assert_int_equal(p.n, 8);
    assert_int_equal(p.both, 3);
    assert_int_equal(p.only[0], 1);
    assert_int_equal(p.only[1], 3);
    assert_int_equal(p.neither, 1);
    assert_int_equal(p.difference.n, 8);
    assert_true(p.difference.difference > 0.25 - 1e-12 && p.difference.difference < 0.25 + 1e-12);
    assert_int_equal(p.speakers, 3);
    assert_string_equal(p.by_speaker[0].speaker, "z");
    assert_int_equal(p.by_speaker[0].n, 4);
    assert_int_equal(p.by_speaker[0].right[0], 1);
    assert_int_equal(p.by_speaker[0].right[1], 3);
    assert_string_equal(p.by_speaker[1].speaker, "x"); /* as far apart as y, so by name */
    assert_string_equal(p.by_speaker[2].speaker, "y");
}

static void test_other_clips(void **state) {
    nas_verdict v[2] = {verdict_of(*state, 0), verdict_of(*state, 1)};
    nas_pair p;
    nas_err err = {0};
    v[1].contents.b[0] = 1; /* other bytes under the same names */
    assert_int_equal(nas_pair_count(*state, v, &p, &err), NAS_EIO);
    assert_non_null(strstr(err.text, "changed between the two models"));
    v[1].heard[3].name = "a/5";
    assert_int_equal(nas_pair_count(*state, v, &p, &err), NAS_EIO);
    assert_non_null(strstr(err.text, "clips changed between the two models"));
}

static void test_speakers(void **state) {
    const nas_verdict v = verdict_of(*state, 0);
    nas_speaker_heard *s;
    nas_mistake *m;
    int32_t n;
    nas_err err = {0};
    assert_int_equal(nas_speakers_group(*state, &v, &s, &n, &err), NAS_OK);
    assert_int_equal(n, 3);
    assert_string_equal(s[0].speaker, "x");
    nas_speakers_sort(s, n);
    assert_string_equal(s[0].speaker, "z");
    assert_string_equal(s[1].speaker, "y");
    assert_string_equal(s[2].speaker, "x");
    assert_int_equal(s[0].n, 4);
    assert_int_equal(s[0].right, 1);
    assert_int_equal(s[0].clip[2], 4);
    assert_int_equal(nas_speaker_mistakes(*state, &v, &s[0], &m, &n, &err), NAS_OK);
    assert_int_equal(n, 2);
    assert_memory_equal(&m[0], (&(nas_mistake){1, 2, 2}), sizeof *m);
    assert_memory_equal(&m[1], (&(nas_mistake){0, 2, 1}), sizeof *m);
    assert_int_equal(nas_speaker_mistakes(*state, &v, &s[2], &m, &n, &err), NAS_OK);
    assert_int_equal(n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),    cmocka_unit_test(test_other_labels),
        cmocka_unit_test(test_splits),   cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_counts),   cmocka_unit_test(test_other_clips),
        cmocka_unit_test(test_speakers),
    };
    return cmocka_run_group_tests_name("pair", tests, open_arena, close_arena);
}
