/* tests/search/test_labels.c - options of a choice by their labels: columns, try_first, forbid,
 * --set; the same space by either form. */
#include "search/space/changes.h"
#include "search/space/space.h"
#include "tests/open_space.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SMALL_NET "[{\"op\": \"relu\"}, " LAYERS_END "]"
#define LARGE_NET "[{\"op\": \"relu6\"}, " LAYERS_END "]"
#define PLAIN_NET "[" LAYERS_END "]"
#define FRONT(bins)                                                                            \
    "{\"kind\": \"mfcc\", \"frame_length_ms\": 40, \"frame_step_ms\": 40, \"mel_bins\": " bins \
    ", \"lower_hz\": 20, \"upper_hz\": 4000, \"coefficients\": 10}"

static nas_value value_at(const nas_space *s, const nas_point *p, const char *column) {
    nas_value *values =
        nas_arena_array(arena, (size_t)nas_space_params(s) + 1, sizeof *values, NULL);
    nas_space_values(s, p, values);
    for (int32_t i = 0; i < nas_space_params(s); i++)
        if (strcmp(nas_space_param(s, i)->column, column) == 0) return values[i];
    fail_msg("no column %s", column);
    return values[0];
}

/* The words that the column shows along the grid of a space with that one choice. */
static void expect(space_parts parts, const char *column, const char *const *words) {
    nas_space *s = open_parts(parts);
    nas_point p = new_point(s);
    int64_t i = 0;
    for (; words[i]; i++) {
        nas_space_grid(s, i, &p);
        const nas_value v = value_at(s, &p, column);
        assert_int_equal(v.type, NAS_COLUMN_TEXT);
        if (strcmp(words[i], "NULL") == 0)
            assert_true(v.is_null);
        else
            assert_string_equal(v.text, words[i]);
    }
    assert_int_equal(nas_space_points(s), i);
    nas_space_close(s);
}

static void test_columns(void **state) {
    (void)state;
    expect((space_parts){.layers = "{\"choice\": {\"small net\": " SMALL_NET
                                   ", \"large\": " LARGE_NET "}}"},
           "model_layers", (const char *const[]){"small net", "large", NULL});
    expect((space_parts){.frontend =
                             "{\"choice\": [" FRONT("20") ", " FRONT("24") ", " FRONT("28") "]}"},
           "frontend", (const char *const[]){"mfcc", "mfcc_2", "mfcc_3", NULL});
    expect((space_parts){.quantize = "{\"choice\": [\"int8\", {\"kind\": \"int8\", "
                                     "\"fine_tune_epochs\": 1}, \"float32\"]}"},
           "quantize", (const char *const[]){"int8", "int8_2", "float32", NULL});
    /* A tag that is somebody's own word is passed over; without a word the position stands. */
    expect((space_parts){.augment = "{\"choice\": [{\"_name\": \"a\", \"shift_frames\": 1}, "
                                    "{\"_name\": \"a_2\", \"shift_frames\": 2}, "
                                    "{\"_name\": \"a\", \"shift_frames\": 3}, {}]}"},
           "augment", (const char *const[]){"a", "a_2", "a_3", "3", NULL});
    expect((space_parts){.augment = "{\"_type\": \"choice\", \"_value\": [{\"_name\": \"no\"}, "
                                    "{\"_name\": \"yes\", \"shift_frames\": 2}]}"},
           "augment", (const char *const[]){"no", "yes", NULL});
    expect((space_parts){.width = "{\"choice\": {\"thin\": 1, \"wide\": 2}}"}, "model_width",
           (const char *const[]){"thin", "wide", NULL});
    /* null is NULL, whatever it is called. */
    expect(
        (space_parts){.rest =
                          "\"cluster\": {\"choice\": {\"none\": null, \"few\": {\"clusters\": 4, "
                          "\"init\": \"kmeans++\"}}},\n"},
        "cluster", (const char *const[]){"NULL", "few", NULL});
    /* Without any word the column shows positions as numbers. */
    nas_space *s =
        open_parts((space_parts){.layers = "{\"choice\": [" SMALL_NET ", " LARGE_NET "]}"});
    nas_point p = new_point(s);
    nas_space_grid(s, 1, &p);
    assert_int_equal(value_at(s, &p, "model_layers").type, NAS_COLUMN_INTEGER);
    assert_int_equal(value_at(s, &p, "model_layers").integer, 1);
    nas_space_close(s);
}

/* A parameter that exists under an option only, and names the option by its label. */
static void test_shown(void **state) {
    (void)state;
    nas_space *s = open_parts((space_parts){
        .augment =
            "{\"choice\": {\"off\": {}, \"on\": {\"shift_frames\": {\"choice\": [1, 2]}}}}"});
    assert_string_equal(nas_space_param(s, 0)->values, "off, on");
    assert_string_equal(nas_space_param(s, 1)->condition, "only when augment = on");
    assert_string_equal(nas_space_label(s, 0, 1, arena), "on");
    nas_point p = new_point(s);
    nas_space_grid(s, 2, &p);
    assert_string_equal(nas_space_describe(s, arena, &p), "augment on, augment.shift_frames 2");
    nas_space_close(s);
}

static const space_parts listed = {
    .layers = "{\"choice\": [" SMALL_NET ", " LARGE_NET ", " PLAIN_NET "]}",
    .width = "{\"choice\": [1, 2]}",
    .rest = "\"try_first\": [{\"model.layers\": 1}, {\"model.layers\": 2, \"model.width\": 2}],\n"};
static const space_parts labelled = {
    .layers = "{\"choice\": {\"small\": " SMALL_NET ", \"large\": " LARGE_NET
              ", \"plain\": " PLAIN_NET "}}",
    .width = "{\"choice\": [1, 2]}",
    .rest = "\"try_first\": [{\"model.layers\": \"large\"}, {\"model.layers\": \"plain\", "
            "\"model.width\": 2}],\n"};

/* The same points with the same numbers, the same candidates, the same hash: an old study goes on.
 */
static void test_same_space(void **state) {
    (void)state;
    nas_space *a = open_parts(listed), *b = open_parts(labelled);
    const nas_hash x = nas_space_hash(a), y = nas_space_hash(b);
    assert_true(nas_hash_equal(&x, &y));
    assert_int_equal(nas_space_points(a), nas_space_points(b));
    nas_point p = new_point(a), q = new_point(b);
    for (int64_t i = 0; i < nas_space_points(a); i++) {
        nas_hash u, v;
        nas_space_grid(a, i, &p);
        nas_space_grid(b, i, &q);
        assert_memory_equal(p.values, q.values, sizeof(double) * 2);
        assert_int_equal(nas_space_point_hash(a, &p, &u, NULL), NAS_OK);
        assert_int_equal(nas_space_point_hash(b, &q, &v, NULL), NAS_OK);
        assert_true(nas_hash_equal(&u, &v));
    }
    for (int32_t i = 0; i < 2; i++) {
        assert_int_equal(nas_space_try(a, 5, i, &p, NULL), NAS_OK);
        assert_int_equal(nas_space_try(b, 5, i, &q, NULL), NAS_OK);
        assert_memory_equal(p.values, q.values, sizeof(double) * 2);
        assert_true(q.values[0] == 2 || q.values[1] == 1 || q.values[0] == 1 || q.values[1] == 2);
    }
    const char *text = NULL;
    nas_err err = {0};
    assert_int_equal(nas_space_changes(arena, nas_space_text(a), nas_space_text(b), &text, &err),
                     NAS_OK);
    assert_null(strstr(text, "layers.choice"));
    nas_space_close(a);
    nas_space_close(b);
    /* Another order is another space. */
    space_parts other = labelled;
    other.layers = "{\"choice\": {\"large\": " LARGE_NET ", \"small\": " SMALL_NET
                   ", \"plain\": " PLAIN_NET "}}";
    nas_space *c = open_parts(other);
    const nas_hash z = nas_space_hash(c);
    assert_false(nas_hash_equal(&x, &z));
    nas_space_close(c);
}

/* How many of the points a condition forbids. */
static int64_t forbidden(space_parts p, const char *condition) {
    p.rest = nas_arena_format(arena, NULL, "\"forbid\": [\"%s\"],\n", condition);
    nas_space *s = open_parts(p);
    const int64_t n = nas_space_points(s) - nas_space_allowed(s);
    nas_space_close(s);
    return n;
}

static void test_forbid(void **state) {
    (void)state;
    assert_int_equal(forbidden(labelled, "model.layers == 'large'"), 2);
    assert_int_equal(forbidden(labelled, "model.layers != 'large'"), 4);
    assert_int_equal(forbidden(labelled, "'plain' == model.layers and model.width == 2"), 1);
    assert_int_equal(forbidden(labelled, "model.layers == 'nothing'"), 0);
    const space_parts width = {.width = "{\"choice\": {\"thin\": 1, \"wide\": 2}}"};
    assert_int_equal(forbidden(width, "model.width == 'wide'"), 1);
    assert_int_equal(forbidden(width, "model.width > 1"), 1);
    const space_parts front = {.frontend = "{\"choice\": [" FRONT("20") ", " FRONT("24") "]}"};
    assert_int_equal(forbidden(front, "frontend == 'mfcc_2'"), 1);
    /* A value that is a word goes by that, too. */
    const space_parts format = {.quantize = "{\"choice\": {\"a\": \"int8\", \"b\": \"float32\"}}"};
    assert_int_equal(forbidden(format, "quantize == 'int8'"), 1);
    assert_int_equal(forbidden(format, "quantize == 'b'"), 1);
}

static void test_messages(void **state) {
    (void)state;
    refuse((space_parts){.frontend = "{\"choice\": " FRONT("20") "}"},
           "frontend: \"kind\" is a key of an option, so it cannot be the label of one: a single "
           "option stands in brackets");
    refuse((space_parts){.augment = "{\"choice\": {\"shift_frames\": 3}}"},
           "augment: \"shift_frames\" is a key of an option");
    refuse((space_parts){.augment = "{\"choice\": {}}"}, "with at least one value");
    refuse((space_parts){.augment = "{\"choice\": {\"\": {}}}"}, "a label is one line");
    refuse((space_parts){.augment = "{\"choice\": {\"a\": {}, \"b\": {\"_name\": \"c\"}}}"},
           "the option has the label \"b\" already; leave it out");
    refuse((space_parts){.augment = "{\"choice\": {\"a\": {}, \"a\": {}}}"}, "a");
    refuse((space_parts){.augment = "{\"choice\": {\"a\": {}, \"b\": {\"shift_frmes\": 1}}}"},
           "augment.shift_frmes: unknown key; did you mean \"shift_frames\"?");
    space_parts wrong = labelled;
    wrong.rest = "\"try_first\": [{\"model.layers\": \"lrage\"}],\n";
    refuse(wrong, "try_first[0].model.layers: expected one of small, large, plain, got \"lrage\"");
    wrong.rest = "\"try_first\": [{\"model.layers\": 3}],\n";
    refuse(wrong, "expected one of small, large, plain, got 3");
    wrong.rest = "\"try_first\": [{\"model.layers\": 2}],\n";
    nas_space_close(open_parts(wrong));
}

/* --set names options by their labels, of a list too. */
static void test_patch(void **state) {
    (void)state;
    char path[] = "/tmp/nas_labels_XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    const space_parts parts = {
        .augment = "{\"choice\": [{\"_name\": \"off\"}, {\"_name\": \"on\", \"shift_frames\": 1}]}",
        .layers = labelled.layers};
    const char *text = space_text(arena, parts);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    nas_space *s = NULL;
    nas_err err = {0};
    if (nas_space_open_with(
            path,
            "{\"model\": {\"layers\": {\"choice\": {\"large\": null}}}, \"augment\": "
            "{\"choice\": {\"on\": {\"shift_frames\": 3}}}}",
            &s, &err) != NAS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(nas_space_points(s), 4);
    assert_string_equal(nas_space_param(s, 0)->values, "off, on");
    assert_string_equal(nas_space_param(s, 1)->values, "small, plain");
    nas_point p = new_point(s);
    const char *json = NULL;
    nas_space_grid(s, 3, &p);
    assert_int_equal(nas_space_document(s, arena, &p, &json, &err), NAS_OK);
    assert_non_null(strstr(json, "\"shift_frames\": 3"));
    assert_null(strstr(json, "_name"));
    nas_space_close(s);
    unlink(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_columns), TEST(test_shown),    TEST(test_same_space),
        TEST(test_forbid),  TEST(test_messages), TEST(test_patch),
    };
    return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
