/* tests/search/test_cache.c - what a killed writer leaves in the cache, what others do to a file
 * that is in use, and a cache of two users. */
#include "base/files/file.h"
#include "base/memory.h"
#include "search/cache/cache_bound.h"
#include "tests/fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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

static const char *path_in(const char *dir, const nas_hash *key, const char *ending) {
    char hex[65];
    nas_hash_hex(key, hex);
    return nas_arena_format(arena, &err, "%s/%.2s/%s%s", dir, hex, hex, ending);
}

/* What was got and checked stays as it was, whatever is written over it, and where it is cut. */
static void test_changed_in_use(void **state) {
    (void)state;
    enum { N = 100000 };
    static uint8_t bytes[N];
    char dir[] = "/tmp/nas_cache_XXXXXX";
    assert_non_null(mkdtemp(dir));
    const nas_cache c = {.dir = dir};
    const nas_hash key = nas_hash_of("key", 3);
    const nas_piece piece = {bytes, N};
    nas_cached got, again;
    bool found;
    for (int i = 0; i < N; i++) bytes[i] = (uint8_t)(i * 7);
    assert_int_equal(nas_cache_put(&c, &key, "features", &piece, 1, &err), NAS_OK);
    assert_int_equal(nas_cache_get(&c, &key, &got, &found, &err), NAS_OK);
    assert_true(found && (uintptr_t)got.p % 64 == 0);
    const int fd = open(path_in(dir, &key, ""), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "other", 5, 5000), 5);
    assert_memory_equal(got.p, bytes, N);
    assert_int_equal(ftruncate(fd, 10), 0);
    assert_memory_equal(got.p, bytes, N);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_memory_equal(got.p, bytes, N);
    close(fd);
    assert_int_equal(nas_cache_get(&c, &key, &again, &found, &err), NAS_OK);
    assert_false(found); /* and it was removed */
    assert_false(nas_path_exists(path_in(dir, &key, "")));
    assert_memory_equal(got.p, bytes, N);
    nas_cache_release(&got);
    assert_int_equal(nas_dir_remove(dir, &err), NAS_OK);
}

static unsigned mode_of(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 ? info.st_mode & 07777 : 0;
}

/* Does what one run does with a cache: gets, computes under a lock, puts, gets again. */
static int use(const char *dir, const char *what) {
    const nas_cache c = {.dir = dir};
    const nas_hash key = nas_hash_of(what, strlen(what));
    const nas_piece piece = {what, strlen(what)};
    nas_cached got;
    nas_lock lock;
    bool found;
    if (nas_cache_lock(&c, &key, &lock, &err) != NAS_OK) return 1;
    if (nas_cache_get(&c, &key, &got, &found, &err) != NAS_OK) return 2;
    nas_cache_release(&got);
    if (nas_cache_put(&c, &key, "features", &piece, 1, &err) != NAS_OK) return 3;
    nas_cache_unlock(&c, &key, &lock);
    if (nas_cache_get(&c, &key, &got, &found, &err) != NAS_OK || !found) return 4;
    nas_cache_release(&got);
    if (nas_cache_trim(&(nas_cache){.dir = dir, .most = 1000000}, &err) != NAS_OK) return 5;
    return 0;
}

/* The same as a user, in a group, with its umask, and with a lock that a killed run left. */
static int use_as(uid_t user, gid_t group, mode_t mask, const char *dir, const char *what,
                  bool dies) {
    const pid_t child = fork();
    if (child == 0) {
        umask(mask);
        if (setgid(group) != 0 || setuid(user) != 0) _exit(9);
        int failed = use(dir, what);
        if (failed) fprintf(stderr, "%d: %s\n", failed, err.text);
        const nas_hash key = nas_hash_of(what, strlen(what));
        nas_lock lock;
        if (dies && nas_cache_lock(&(nas_cache){.dir = dir}, &key, &lock, &err) != NAS_OK)
            failed = 8;
        _exit(failed);
    }
    int status = -1;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A lock can be taken by whoever may write in its folder, whatever the umask. */
static void test_lock_modes(void **state) {
    (void)state;
    char dir[] = "/tmp/nas_cache_XXXXXX";
    assert_non_null(mkdtemp(dir));
    const nas_cache c = {.dir = dir};
    const nas_hash key = nas_hash_of("key", 3);
    nas_lock lock;
    const mode_t old = umask(077);
    assert_int_equal(nas_cache_lock(&c, &key, &lock, &err), NAS_OK);
    umask(old);
    assert_int_equal(mode_of(path_in(dir, &key, ".lock")), 0666);
    assert_true(nas_cache_is_claimed(&c, &key));
    nas_cache_unlock(&c, &key, &lock);
    assert_false(nas_cache_is_claimed(&c, &key));
    assert_int_equal(use(dir, "mine"), 0);
    /* A link that leads nowhere is refused, not waited for. */
    assert_int_equal(symlink("nowhere", path_in(dir, &key, ".lock")), 0);
    assert_int_equal(nas_cache_lock(&c, &key, &lock, &err), NAS_EIO);
    assert_int_equal(nas_dir_remove(dir, &err), NAS_OK);
}

static void test_two_users(void **state) {
    (void)state;
    if (geteuid() != 0) skip();
    enum { A = 61001, B = 61002, TEAM = 61003 };
    for (int k = 0; k < 3; k++) { /* a folder as /tmp; one of a group; as /tmp, for one group */
        char dir[] = "/tmp/nas_cache_XXXXXX";
        assert_non_null(mkdtemp(dir));
        assert_int_equal(chown(dir, 0, k == 1 ? TEAM : 0), 0);
        assert_int_equal(chmod(dir, k == 1 ? 02775 : 01777), 0);
        const gid_t a = k ? TEAM : A, b = k ? TEAM : B;
        assert_int_equal(use_as(A, a, 022, dir, "one", true), 0);
        assert_int_equal(use_as(B, b, 022, dir, "one", false), 0);
        assert_int_equal(use_as(A, a, 077, dir, "two", true), 0);
        assert_int_equal(use_as(B, b, 077, dir, "two", true), 0);
        assert_int_equal(use_as(A, a, 077, dir, "two", false), 0);
        const nas_hash key = nas_hash_of("two", 3); /* what another made is damaged */
        assert_int_equal(truncate(path_in(dir, &key, ""), 70), 0);
        assert_int_equal(use_as(B, b, 022, dir, "two", false), 0);
        assert_int_equal(nas_dir_remove(dir, &err), NAS_OK);
    }
}

/* A cache that only its owner may write to says so. */
static void test_closed(void **state) {
    (void)state;
    if (geteuid() != 0) skip();
    enum { A = 61001, B = 61002 };
    char dir[] = "/tmp/nas_cache_XXXXXX";
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chown(dir, A, A), 0);
    assert_int_equal(chmod(dir, 0755), 0);
    assert_int_equal(use_as(A, A, 022, dir, "one", false), 0);
    assert_int_equal(seteuid(B), 0);
    const int one = use(dir, "one");
    const bool told = strstr(err.text, "another user's") && strstr(err.text, "--cache");
    const int two = use(dir, "two");
    const bool again = strstr(err.text, "another user's") && strstr(err.text, "chmod 1777");
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(one, 1);
    assert_int_equal(two, 1);
    assert_true(told && again);
    assert_int_equal(nas_dir_remove(dir, &err), NAS_OK);
}

/* Workers hold copies of their own, so a small machine holds small ones. */
static void test_held(void **state) {
    (void)state;
    const int64_t gib = 1 << 30;
    assert_int_equal(nas_cache_held(gib, 4), gib / 16);
    assert_int_equal(nas_cache_held(64 * gib, 64), gib / 4);
    assert_int_equal(nas_cache_held(0, 1), gib / 4);
    assert_true(nas_memory() > 0);
}

/* A folder's name that is nearly too long: the lock has no other name than its own. */
static void test_long_name(void **state) {
    (void)state;
    char dir[] = "/tmp/nas_cache_XXXXXX", path[4090];
    assert_non_null(mkdtemp(dir));
    const size_t n = strlen(dir);
    memset(path, '/', sizeof path);
    memcpy(path + sizeof path - 1 - n, dir, n + 1);
    assert_true(nas_path_exists(path));
    assert_int_equal(nas_cache_trim(&(nas_cache){.dir = path, .most = 1}, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "too long"));
    assert_int_equal(rmdir(dir), 0); /* nothing was left in it */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leftovers),  cmocka_unit_test(test_changed_in_use),
        cmocka_unit_test(test_lock_modes), cmocka_unit_test(test_two_users),
        cmocka_unit_test(test_closed),     cmocka_unit_test(test_held),
        cmocka_unit_test(test_long_name),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
