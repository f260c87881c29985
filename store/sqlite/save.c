/* store/sqlite/save.c - a database that was removed or replaced while it was open, in a file of its
 * own.
 */
#include "base/clock.h"
#include "base/files/file.h"
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens what a descriptor of O_PATH stands for, whether it has a name or not. */
static int open_again(int fd, int flags) {
    char name[32];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    return fd < 0 ? -1 : open(name, flags | O_CLOEXEC);
}

static nas_status add_all(int from, nas_file *f, const char *to, nas_err *err) {
    enum { PIECE = 1 << 14 };
    uint8_t piece[PIECE];
    for (;;) {
        const ssize_t n = read(from, piece, PIECE);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return nas_fail_errno(err, "%s: reading what is to go there", to);
        if (n == 0) return NAS_OK;
        NAS_TRY(nas_file_add(f, piece, (size_t)n, err));
    }
}

static nas_status copy_held(int fd, const char *to, nas_err *err) {
    nas_file *f = NULL;
    const int from = open_again(fd, O_RDONLY);
    if (from < 0) return nas_fail_errno(err, "%s: opening what is to go there", to);
    nas_status st = nas_file_begin(to, &f, err);
    if (st == NAS_OK && (st = add_all(from, f, to, err)) == NAS_OK) {
        st = nas_file_commit(f, err);
        f = NULL;
    }
    nas_file_drop(f);
    close(from);
    return st;
}

/* A name in a folder that is nobody's. */
static nas_status make_name(const char *folder, const char *name, nas_arena *a, char **out,
                            nas_err *err) {
    static const char tail[] = ".db";
    char *file = nas_arena_format(a, err, "%s%s.saved-XXXXXX%s", folder, name, tail);
    if (!file) return NAS_ENOMEM;
    NAS_TRY(nas_place_check_length(file, false, err));
    const int fd = mkostemps(file, sizeof tail - 1, O_CLOEXEC);
    if (fd < 0) return nas_fail_errno(err, "%s", file);
    close(fd);
    *out = file;
    return NAS_OK;
}

/* Other runs may still write to these files and move pages from one into the other. Their locks are
 * bytes of the -shm file (https://sqlite.org/walformat.html#wal_locks); they are let go of when it
 * is closed. */
static int lock_out(int shm) {
    enum { WRITE_AND_CHECKPOINT = 120, LOCKS = 2, TRIES = 200 };
    const double nap = 0.05;
    struct flock l = {F_WRLCK, SEEK_SET, WRITE_AND_CHECKPOINT, LOCKS, 0};
    const int fd = open_again(shm, O_RDWR);
    for (int i = 0; fd >= 0 && i < TRIES && fcntl(fd, F_SETLK, &l); i++) nas_clock_sleep(nap);
    return fd;
}

static nas_status copy_both(const nas_held *h, const char *to, nas_arena *a, nas_err *err) {
    char *wal = nas_arena_format(a, err, "%s%s", to, nas_place_tail(1));
    if (!wal) return NAS_ENOMEM;
    const int lock = lock_out(h->fd[2]);
    nas_status st = h->fd[1] < 0 ? NAS_OK : copy_held(h->fd[1], wal, err);
    if (st == NAS_OK) st = copy_held(h->fd[0], to, err);
    if (lock >= 0) close(lock);
    if (st != NAS_OK) nas_file_remove_all(to);
    return st;
}

/* In the folder of the database, else in this one, else where everybody may write. The first reason
 * tells most. */
static nas_status copy_somewhere(const nas_held *h, const char *path, nas_arena *a,
                                 const char **out, nas_err *err) {
    const char *const folder[] = {"", "./", "/tmp/"};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    nas_status st = NAS_EIO;
    for (int i = 0; st != NAS_OK && i < 3; i++) {
        nas_err *why = i ? NULL : err;
        char *to = NULL;
        st = make_name(folder[i], i ? name : path, a, &to, why);
        if (st == NAS_OK) st = copy_both(h, to, a, why);
        if (st == NAS_OK) *out = to;
    }
    return st;
}

static bool note_check(void *ctx, const nas_row *row) {
    const nas_value *v = &row->values[0];
    *(bool *)ctx = v->type == NAS_COLUMN_TEXT && v->text && strcmp(v->text, "ok") == 0;
    return false;
}

static nas_status check_sound(const char *path, nas_err *err) {
    nas_store *s = NULL;
    bool sound = false;
    NAS_TRY(nas_store_open(path, NAS_STORE_READ, &s, err));
    nas_status st = nas_store_query(s, "pragma quick_check(1)", NULL, 0, note_check, &sound, err);
    nas_store_close(s);
    if (st == NAS_OK && !sound) st = nas_fail(err, NAS_EIO, "%s is damaged", path);
    return st;
}

/* What is ours by its inode, not by its name. */
static void remove_beside(const nas_held *h) {
    for (int i = 1; i < NAS_PLACE_FILES; i++)
        if (nas_place_holds(h, h->real, i)) nas_place_unlink(h->real, i);
}

nas_status nas_held_save(nas_held *h, const char *path, nas_arena *a, const char **saved,
                         nas_err *err) {
    *saved = NULL;
    const bool there = nas_place_holds(h, path, 0);
    if (h->fd[0] < 0) return nas_fail(err, NAS_EIO, "%s: nothing of it is held", path);
    const bool taken = !there && nas_path_exists(path);
    if (taken) remove_beside(h); /* at once: whoever opens the other file would play ours into it */
    NAS_TRY(copy_somewhere(h, path, a, saved, err));
    NAS_TRY(nas_copy_settle(*saved, err));
    NAS_TRY(check_sound(*saved, err));
    if (!there) remove_beside(h);
    return NAS_OK;
}
