/* tests/search/test_json.c - places and problems of JSON texts, canonical text, numbers, nearest
 * words. */
#include "base/files/file.h"
#include "base/rng.h"
#include "search/json/json_int.h"
#include "tests/fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void expect_error(const char *text, const char *fragment) {
    nas_json *j = NULL;
    nas_err err = {0};
    assert_int_equal(nas_json_parse(arena, "f", text, &j, &err), NAS_EINVAL);
    assert_null(j);
    if (!strstr(err.text, fragment)) fail_msg("\"%s\" is not in \"%s\"", fragment, err.text);
}

static nas_json *parse(const char *text) {
    nas_json *j = NULL;
    nas_err err = {0};
    if (nas_json_parse(arena, "f", text, &j, &err) != NAS_OK) fail_msg("%s", err.text);
    return j;
}

static void test_errors(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "f:1:1: the text ends here; expected a value"},
        {"{\"a\": 1,}", "f:1:8: a comma too much; take it out"},
        {"[1 2]", "f:1:4: expected \",\" or \"]\", got \"2\""},
        {"{\"a\" 1}", "f:1:6: expected \":\" after the key"},
        {"{\n  \"a\": 1\n  \"b\": 2\n}", "f:3:3: expected \",\" or \"}\""},
        {"[1] x", "f:1:5: expected the end of the file"},
        {"// hi\n{}", "JSON has no comments"},
        {"[01]", "f:1:2: expected a number without zeros before it"},
        {"[1.]", "f:1:4: expected a digit after the point"},
        {"[-]", "f:1:3: expected a digit"},
        {"[1e]", "expected a digit in the exponent"},
        {"[1e999]", "f:1:2: the number is too large"},
        {"[NaN]", "f:1:2: expected a value"},
        {"[tru]", "f:1:2: expected a value"},
        {"\"abc", "f:1:1: the text in quotes that begins here does not end"},
        {"\"a\tb\"", "f:1:3: expected a character"},
        {"\"\\x\"", "after the backslash"},
        {"\"\\u12g4\"", "four hexadecimal digits"},
        {"\"\\u0000\"", "\\u0000 cannot stand in a text"},
        {"\"\\ud800\"", "half of a surrogate pair"},
        {"\"\xff\"", "the file must be UTF-8"},
        {"\"\xc0\x80\"", "the file must be UTF-8"},
        {"\"\xed\xa0\x80\"", "the file must be UTF-8"},
        {"\"\xe2\x82\"", "the file must be UTF-8"},
        {"{\"a\": 1, \"b\": {\"c\": 1,\n \"c\": 2}}", "f:2:2: b.c: the key stands twice"},
        {"{\"a\": 1, \"\\u0061\": 1}", "f:1:10: a: the key stands twice"},
        {"[{\"k\": [{\"x\": 1, \"x\": 2}]}]", "f:1:18: [0].k[0].x: the key stands twice"},
        {"{\"\xc3\xa4\": tru}", "f:1:7: expected a value"},
        {"[1111111111111111111111111111111111111111111111111111111111111111111111]",
         "more than 60 characters"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_error(cases[i][0], cases[i][1]);
}

static void test_all_problems_are_shown(void **state) {
    (void)state;
    expect_error("{\"a\": 1e999, \"b\": 1e999}", "f:1:7: ");
    expect_error("{\"a\": 1e999, \"b\": 1e999}", "f:1:19: ");
    nas_text t = {.arena = arena};
    nas_text_put(&t, "[0");
    for (int i = 0; i < 300; i++) nas_text_put(&t, ", 1e999");
    nas_text_put(&t, "]");
    expect_error(t.p, "\n... and ");
}

static void test_depth_and_size(void **state) {
    (void)state;
    char deep[4096];
    memset(deep, '[', 64);
    memset(deep + 64, ']', 64);
    deep[128] = '\0';
    nas_json_close(parse(deep));
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    expect_error(deep, "nested more than 64 deep");
    char *large = malloc((5 << 20) + 1);
    memset(large, ' ', 5 << 20);
    large[5 << 20] = '\0';
    expect_error(large, "larger than 4 MiB");
    free(large);
}

static void test_files(void **state) {
    (void)state;
    nas_err err = {0};
    nas_json *j = NULL;
    assert_int_equal(nas_json_open(arena, "build/no_such.json", &j, &err), NAS_ENOTFOUND);
    const char *path = "build/test_json.tmp";
    static const char nul[] = "{\"a\": \0 1}";
    assert_int_equal(nas_dir_make("build", &err), NAS_OK);
    assert_int_equal(nas_file_write(path, nul, sizeof nul - 1, &err), NAS_OK);
    assert_int_equal(nas_json_open(arena, path, &j, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, ":1:7: expected a value, got byte 0x00"));
    static const char bom[] = "\xEF\xBB\xBF{\"a\": 1}";
    assert_int_equal(nas_file_write(path, bom, sizeof bom - 1, &err), NAS_OK);
    assert_int_equal(nas_json_open(arena, path, &j, &err), NAS_OK);
    nas_json_close(j);
    remove(path);
    /* Nobody writes into a FIFO: it is refused, not waited for. */
    nas_mapped map;
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(60);
    assert_int_equal(nas_json_open(arena, path, &j, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "is not a regular file"));
    assert_int_equal(nas_file_map(path, &map, &err), NAS_EFORMAT);
    assert_non_null(strstr(err.text, "is not a regular file"));
    alarm(0);
    remove(path);
}

static void test_places(void **state) {
    (void)state;
    nas_json *j = parse("{\n  \"a\": [1,\n     \"x\xc3\xa4\", {\"b\": null}],\n  \"c\": true }");
    nas_problems p = {.arena = arena};
    nas_err err = {0};
    const cJSON *root = nas_json_root(j), *a = nas_json_get(root, "a");
    assert_int_equal(nas_problems_end(&p, &err), NAS_OK);
    nas_problem(&p, j, a->child->next->next->child, false, "a[2].b", "here %d", 1);
    nas_problem(&p, j, a->child->next->next->child, true, "a[2].b", "there");
    nas_problem(&p, j, nas_json_get(root, "c"), false, "c", "c");
    nas_problem(&p, j, NULL, false, NULL, "all of it");
    nas_problem(&p, j, NULL, false, NULL, "all of it");
    assert_int_equal(nas_problems_end(&p, &err), NAS_EINVAL);
    assert_string_equal(err.text, "f:3:18: a[2].b: here 1\nf:3:13: a[2].b: there\n"
                                  "f:4:8: c: c\nf: all of it");
    nas_json_close(j);
}

/* Digits by Python's repr and json.dumps(sort_keys=True, separators=(',', ':')). */
static void test_numbers(void **state) {
    (void)state;
    static const struct {
        double v;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {1.0, "1"},
                 {-0.0, "0"},
                 {0.30000000000000004, "0.30000000000000004"},
                 {1e-5, "1e-5"},
                 {9007199254740992.0, "9007199254740992"},
                 {1e22, "1e22"},
                 {5e-324, "5e-324"},
                 {1.7976931348623157e308, "1.7976931348623157e308"},
                 {-2.5, "-2.5"},
                 {123456.789, "123456.789"}};
    char out[32];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nas_json_number(cases[i].v, out);
        assert_string_equal(out, cases[i].text);
    }
    nas_rng rng = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    for (int i = 0; i < 20000; i++) {
        const uint64_t bits = nas_rng_u64(&rng);
        double v;
        memcpy(&v, &bits, sizeof v);
        if (!isfinite(v)) continue;
        nas_json_number(v, out);
        assert_true(strtod(out, NULL) == v);
    }
}

static void test_canonical(void **state) {
    (void)state;
    nas_json *j =
        parse("{ \"b\" : [1.0, 2.50, 1e2], \"a\":{\"z\":null,\"y\":\"q\\u0041\\n\\u0001\\/\"},"
              " \"B\": true, \"\": [] , \"e\": {} }");
    char *text = NULL;
    nas_err err;
    assert_int_equal(nas_json_canonical(arena, nas_json_root(j), &text, &err), NAS_OK);
    assert_string_equal(text, "{\"\":[],\"B\":true,\"a\":{\"y\":\"qA\\n\\u0001/\",\"z\":null},"
                              "\"b\":[1,2.5,100],\"e\":{}}");
    /* What was written for people reads back the same. */
    char *pretty = NULL, *again = NULL;
    assert_int_equal(nas_json_pretty(arena, nas_json_root(j), &pretty, &err), NAS_OK);
    nas_json *k = parse(pretty);
    assert_int_equal(nas_json_canonical(arena, nas_json_root(k), &again, &err), NAS_OK);
    assert_string_equal(text, again);
    assert_true(nas_json_equal(nas_json_root(j), nas_json_root(k)));
    nas_json_close(j);
    nas_json_close(k);
}

static void test_merge(void **state) {
    (void)state;
    nas_json *v = parse("{\"a\": {\"b\": 9007199254740991, \"c\": 1}, \"d\": 0.30000000000000004, "
                        "\"e\": [1, 2.2250738585072014e-308]}");
    nas_json *patch =
        parse("{\"a\": {\"c\": null, \"f\": 0.005000000000000001}, \"g\": {\"h\": {}}}");
    char *text = NULL, *got = NULL;
    nas_err err;
    assert_int_equal(nas_json_merge(arena, nas_json_root(v), nas_json_root(patch), &text, &err),
                     NAS_OK);
    nas_json *merged = parse(text);
    assert_int_equal(nas_json_canonical(arena, nas_json_root(merged), &got, &err), NAS_OK);
    assert_string_equal(got, "{\"a\":{\"b\":9007199254740991,\"f\":0.005000000000000001},"
                             "\"d\":0.30000000000000004,\"e\":[1,2.2250738585072014e-308],"
                             "\"g\":{\"h\":{}}}");
    nas_json_close(v);
    nas_json_close(patch);
    nas_json_close(merged);
}

static void test_nearest(void **state) {
    (void)state;
    static const char *const words[] = {"epochs", "batch_size", "same", "adam", NULL};
    assert_string_equal(nas_nearest("epohcs", words), "epochs");
    assert_string_equal(nas_nearest("epoch", words), "epochs");
    assert_string_equal(nas_nearest("smae", words), "same");
    assert_string_equal(nas_nearest("batchsize", words), "batch_size");
    assert_null(nas_nearest("x", words));
    assert_null(nas_nearest("", words));
    assert_null(nas_nearest("something_else", words));
}

/* Any change of a good text is read or refused, and never more than that. */
static void test_mutations(void **state) {
    (void)state;
    const char *good =
        "{\"a\": [1, -2.5e3, \"x\\u00e4\xc3\xa4\", {\"b\": null, \"c\": [true, false]}]}";
    const size_t n = strlen(good);
    nas_rng rng = nas_rng_stream(2, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    for (int i = 0; i < 20000; i++) {
        char text[128];
        memcpy(text, good, n + 1);
        const uint32_t changes = 1 + nas_rng_u32(&rng) % 3;
        for (uint32_t k = 0; k < changes; k++)
            text[nas_rng_below(&rng, n)] = (char)nas_rng_below(&rng, 256);
        const nas_arena_mark mark = nas_arena_here(arena);
        nas_json *j = NULL;
        nas_err err = {0};
        const nas_status st = nas_json_parse(arena, "f", text, &j, &err);
        assert_true(st == NAS_OK || (st == NAS_EINVAL && strncmp(err.text, "f:", 2) == 0));
        nas_json_close(j);
        nas_arena_back(arena, mark);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_problems_are_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_depth_and_size, setup, teardown),
        cmocka_unit_test_setup_teardown(test_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_canonical, setup, teardown),
        cmocka_unit_test_setup_teardown(test_merge, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nearest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mutations, setup, teardown),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
