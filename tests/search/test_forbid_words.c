/* tests/search/test_forbid_words.c - a word in `forbid` that no point has is a problem where people
 * are about to run the space; a study that was stored with one stays readable. */
#include "base/files/file.h"
#include "search/space/space.h"
#include "tests/fixture.h"
#include "tests/space_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SMALL "[" LAYERS_END "]"
#define LARGE "[{\"op\": \"conv2d\", \"filters\": 2, \"kernel\": [1, 1]}, " LAYERS_END "]"

/* Opens a file of the space with those conditions; NULL: it is fine. */
static const char *open_file(const char *forbid, const char *patch) {
    char path[] = "/tmp/nas_words_XXXXXX";
    const char *text = space_text(
        arena,
        (space_parts){
            .layers = "{\"choice\": {\"small\": " SMALL ", \"large\": " LARGE "}}",
            .width = "{\"choice\": {\"thin\": 1, \"wide\": 2}}",
            .train = "{\"epochs\": {\"range\": [1, 4]}, \"batch_size\": 2, \"learning_rate\": 1}",
            .quantize = "{\"choice\": [\"float32\", {\"kind\": \"int8\"}]}",
            .rest = nas_arena_format(arena, NULL, "\"forbid\": [%s],\n", forbid)});
    const int fd = mkstemp(path);
    nas_space *s = NULL;
    nas_err err = {0};
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(nas_file_write(path, text, strlen(text), NULL), NAS_OK);
    const nas_status st = nas_space_open_with(path, patch, &s, &err);
    nas_space_close(s);
    unlink(path);
    /* A stored study has it as a text. */
    nas_err stored = {0};
    if (nas_space_parse("stored", text, &s, &stored) != NAS_OK) fail_msg("%s", stored.text);
    nas_space_close(s);
    return st == NAS_OK ? NULL : nas_arena_text(arena, err.text, NULL);
}

static void says(const char *got, const char *expected) {
    if (!got || !strstr(got, expected)) fail_msg("expected %s\ngot %s", expected, got);
}

static void test_never(void **state) {
    (void)state;
    says(open_file("\"model.layers == 'lrage'\"", NULL),
         ":8:12: forbid[0]: character 18: model.layers is never 'lrage'; expected one of small, "
         "large; did you mean 'large'?");
    says(open_file("\"1 == 2\", \"'fat' != model.width and train.epochs > 1\"", NULL),
         "forbid[1]: character 2: model.width is never 'fat'; expected one of thin, wide");
    says(open_file("\"quantize == 'flaot32'\"", NULL), "did you mean 'float32'?");
    says(open_file("\"train.optimizer == 'admm'\"", NULL), "did you mean 'adam'?");
    says(open_file("\"model.layers[0].op == 'conv1d'\"", NULL), "did you mean 'conv2d'?");
    says(open_file("\"train.epochs == '3'\"", NULL), "no word can stand there");
}

static void test_may_be(void **state) {
    (void)state;
    static const char *const fine[] = {
        "model.layers == 'large'",       "'wide' == model.width",   "quantize == 'int8'",
        "quantize != 'float32'",         "quantize.kind == 'int8'", "train.optimizer == 'sgd'",
        "quantize == 'dynamic'", /* --set may bring it */
        "model.layers[0].op == 'conv2d'"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        const char *got =
            open_file(nas_arena_format(arena, NULL, "\"%s and 1 == 2\"", fine[i]), NULL);
        if (got) fail_msg("%s: %s", fine[i], got);
    }
}

/* A rule may stay beside an option that --set takes away; a rule that --set brings is new. */
static void test_set(void **state) {
    (void)state;
    assert_null(open_file("\"model.layers == 'large' and 1 == 2\"",
                          "{\"model\": {\"layers\": {\"choice\": {\"large\": null}}}}"));
    says(open_file("", "{\"forbid\": [\"model.layers == 'lrage'\"]}"), "did you mean 'large'?");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_never), TEST(test_may_be), TEST(test_set)};
    return cmocka_run_group_tests_name("forbid_words", tests, NULL, NULL);
}
