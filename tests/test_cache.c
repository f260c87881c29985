/* tests/test_cache.c - what a killed writer leaves in the cache. */
#include "base/file.h"
#include "search/cache_bound.h"
#include "tests/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static nas_err err;

/* A put removes the unfinished files of its key; not those that somebody writes, nor those of other
 * keys. */
static void test_leftovers(void **state) {
    (void)state;
    char dir[] = "/tmp/nas_cache_XXXXXX", hex[65];
    assert_non_null(mkdtemp(dir));
    const nas_cache c = {.dir = dir};
    const nas_hash key = nas_hash_of("key", 3);
    const nas_piece piece = {"bytes", 5};
    nas_hash_hex(&key, hex);
    assert_int_equal(nas_cache_put(&c, &key, "train", &piece, 1, &err), NAS_OK);
    const char *path = nas_arena_format(arena, &err, "%s/%.2s/%s", dir, hex, hex);
    const char *left = nas_arena_format(arena, &err, "%s.AbC123", path);
    const char *other = nas_arena_format(arena, &err, "%s/%.2s/%.2s%062d.AbC123", dir, hex, hex, 0);
    assert_int_equal(nas_file_write(left, "by", 2, &err), NAS_OK);
    assert_int_equal(nas_file_write(other, "by", 2, &err), NAS_OK);
    nas_file *f;
    assert_int_equal(nas_file_begin(path, &f, &err), NAS_OK);
    assert_int_equal(nas_cache_put(&c, &key, "train", &piece, 1, &err), NAS_OK);
    assert_false(nas_path_exists(left));
    assert_true(nas_path_exists(other));
    assert_int_equal(nas_file_add(f, "more", 4, &err), NAS_OK);
    assert_int_equal(nas_file_commit(f, &err), NAS_OK);
    assert_int_equal(nas_dir_remove(dir, &err), NAS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_leftovers)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
