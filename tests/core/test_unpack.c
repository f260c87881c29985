/* tests/core/test_unpack.c - an archive that is not the one whose sum was made is not kept. */
#include "base/files/file.h"
#include "core/fetch/unpack.h"
#include "tests/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static nas_err err;

/* A tar of one file (POSIX.1-1988, ustar). */
static void make_tar(const char *path, const char *name, const char *text) {
    static char block[4 * 512];
    unsigned sum = 0;
    memset(block, 0, sizeof block);
    snprintf(block, 100, "%s", name);
    memcpy(block + 100, "0000644\0000000000\0000000000", 24);
    snprintf(block + 124, 12, "%011o", (unsigned)strlen(text) & 0777u);
    memcpy(block + 136, "00000000000", 12);
    memset(block + 148, ' ', 8);
    block[156] = '0';
    memcpy(block + 257, "ustar\00000", 8);
    for (int i = 0; i < 512; i++) sum += (unsigned char)block[i];
    snprintf(block + 148, 8, "%06o", sum);
    memcpy(block + 512, text, strlen(text));
    assert_int_equal(nas_file_write(path, block, sizeof block, &err), NAS_OK);
}

static void test_sum(void **state) {
    (void)state;
    char dir[] = "/tmp/nas_unpack_XXXXXX";
    assert_non_null(mkdtemp(dir));
    const char *tar = nas_arena_format(arena, &err, "%s/a.tar", dir);
    const char *folder = nas_arena_format(arena, &err, "%s/out", dir);
    nas_hash sum;
    nas_unpacked done;
    const nas_unpack u = {
        .archive = tar, .folder = folder, .name = "unpacking", .most = 1000, .sum = &sum};
    make_tar(tar, "a.txt", "what was promised");
    assert_int_equal(nas_file_hash(tar, &sum, &err), NAS_OK);
    make_tar(tar, "a.txt", "what stands there");
    assert_int_equal(nas_unpack_archive(&u, NULL, &done, &err), NAS_EFORMAT);
    assert_non_null(strstr(err.text, "was changed after its sum was made"));
    assert_false(nas_path_exists(folder));
    make_tar(tar, "a.txt", "what was promised");
    assert_int_equal(nas_unpack_archive(&u, NULL, &done, &err), NAS_OK);
    assert_int_equal(done.files, 1);
    assert_int_equal(nas_dir_remove(dir, &err), NAS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sum)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
