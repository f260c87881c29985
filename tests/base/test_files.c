/* tests/base/test_files.c - writes that are whole or nothing, folders, and locks. flock() is as on
 * NFS here: an exclusive lock takes a file that is open for writing (flock(2)). */
#include "base/files/file.h"
#include "tests/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static nas_err err;
static char folder[64];

static void (*after_lock)(bool got); /* called once */

int flock(int fd, int how) {
    if (how & LOCK_EX && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY) {
        errno = EBADF;
        return -1;
    }
    const int rc = (int)syscall(SYS_flock, fd, how), why = errno;
    void (*call)(bool) = after_lock;
    after_lock = NULL;
    if (call) call(rc == 0);
    errno = why;
    return rc;
}

static int make_folder(void **state) {
    snprintf(folder, sizeof folder, "/tmp/nas_test_files_XXXXXX");
    return mkdtemp(folder) ? setup(state) : -1;
}

static int remove_folder(void **state) {
    return nas_dir_remove(folder, NULL) == NAS_OK ? teardown(state) : -1;
}

static const char *in(const char *name) {
    return nas_arena_format(arena, NULL, "%s/%s", folder, name);
}

static void assert_holds(const char *path, const char *text) {
    uint8_t *p;
    size_t n;
    assert_int_equal(nas_file_read(arena, path, 1000, &p, &n, &err), NAS_OK);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(p, text, n + 1);
}

static size_t entries(void) {
    char **names;
    size_t n;
    assert_int_equal(nas_dir_list(arena, folder, &names, &n, &err), NAS_OK);
    return n;
}

static void writes_are_whole(void **state) {
    (void)state;
    const char *path = in("a");
    nas_file *f;
    assert_int_equal(nas_file_write(path, "old", 3, &err), NAS_OK);
    assert_int_equal(nas_file_begin(path, &f, &err), NAS_OK);
    assert_int_equal(nas_file_add(f, "newer", 5, &err), NAS_OK);
    assert_holds(path, "old");
    nas_file_sweep(path); /* somebody is writing it */
    assert_int_equal(nas_file_overwrite(f, "N", 1, &err), NAS_OK);
    assert_int_equal(nas_file_commit(f, &err), NAS_OK);
    assert_holds(path, "Newer");
    assert_int_equal(nas_file_begin(path, &f, &err), NAS_OK);
    assert_int_equal(nas_file_add(f, "x", 1, &err), NAS_OK);
    nas_file_drop(f);
    assert_holds(path, "Newer");
    assert_int_equal(entries(), 1);
    assert_int_equal(nas_file_write(in("none/a"), "x", 1, &err), NAS_ENOTFOUND);
}

/* What a killed writer left goes, on NFS as well. */
static void what_is_left_goes(void **state) {
    (void)state;
    const pid_t child = fork();
    if (child == 0) {
        nas_file *f;
        if (nas_file_begin(in("a"), &f, NULL) == NAS_OK) (void)kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(entries(), 1);
    nas_file_sweep(in("b"));
    assert_int_equal(entries(), 1);
    nas_file_sweep(in("a"));
    assert_int_equal(entries(), 0);
}

static void reads_have_bounds(void **state) {
    (void)state;
    uint8_t *p;
    size_t n;
    assert_int_equal(nas_file_write(in("a"), "four", 4, &err), NAS_OK);
    assert_int_equal(nas_file_read(arena, in("a"), 3, &p, &n, &err), NAS_EFORMAT);
    assert_null(p);
    assert_int_equal(nas_file_read(arena, in("b"), 3, &p, &n, &err), NAS_ENOTFOUND);
    assert_int_equal(nas_file_read(arena, folder, 3, &p, &n, &err), NAS_EFORMAT);
    nas_mapped m;
    assert_int_equal(nas_file_load(in("a"), 4, &m, &err), NAS_OK);
    assert_memory_equal(m.p, "four", 4);
    nas_file_unmap(&m);
    assert_int_equal(nas_file_map(in("b"), &m, &err), NAS_ENOTFOUND);
}

static void folders_are_made(void **state) {
    (void)state;
    assert_int_equal(nas_dir_make(in("x/y/z"), &err), NAS_OK);
    assert_int_equal(nas_dir_make(in("x/y/z/"), &err), NAS_OK);
    assert_true(nas_path_is_dir(in("x/y/z")));
    assert_int_equal(nas_file_write(in("x/f"), "", 0, &err), NAS_OK);
    assert_int_equal(nas_dir_make(in("x/f"), &err), NAS_EIO);
    assert_int_equal(nas_dir_make("", &err), NAS_EINVAL);
    assert_int_equal(nas_dir_make_shared("", &err), NAS_EINVAL);
    assert_int_equal(nas_dir_remove(in("x"), &err), NAS_OK);
    assert_int_equal(nas_dir_remove(in("x"), &err), NAS_OK);
}

static void locks_exclude(void **state) {
    (void)state;
    nas_lock a, b;
    bool taken;
    const char *path = in("lock");
    assert_false(nas_lock_is_held(path));
    assert_false(nas_path_exists(path));
    assert_int_equal(nas_lock_take(path, &a, &err), NAS_OK);
    assert_true(nas_lock_is_held(path));
    assert_int_equal(nas_lock_try(path, &b, &taken, &err), NAS_OK);
    assert_false(taken);
    nas_lock_remove(path, &b); /* not held: it stays */
    assert_true(nas_path_exists(path));
    nas_lock_release(&a);
    assert_false(nas_lock_is_held(path));
    assert_int_equal(nas_lock_try(path, &b, &taken, &err), NAS_OK);
    assert_true(taken);
    nas_lock_remove(path, &b);
    assert_false(nas_path_exists(path));
}

static bool seen_held;
static int asking = -1;

static void ask_as_well(bool got) {
    assert_true(got);
    seen_held = nas_lock_is_held(in("lock"));
}

static void end_asking(bool got) {
    assert_false(got);
    assert_int_equal(close(asking), 0);
}

/* Who asks whether a lock is held has it for a moment: neither others that ask nor those that take
 * it take that for a holder. */
static void asking_holds_nothing(void **state) {
    (void)state;
    const char *path = in("lock");
    nas_lock l;
    bool taken;
    assert_int_equal(nas_lock_take(path, &l, &err), NAS_OK);
    nas_lock_release(&l);
    after_lock = ask_as_well;
    assert_false(nas_lock_is_held(path));
    assert_false(seen_held);
    asking = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(asking, LOCK_SH), 0);
    after_lock = end_asking;
    assert_int_equal(nas_lock_try(path, &l, &taken, &err), NAS_OK);
    assert_true(taken);
    nas_lock_release(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_are_whole, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_left_goes, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(reads_have_bounds, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(folders_are_made, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(locks_exclude, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(asking_holds_nothing, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
