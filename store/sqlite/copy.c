/* store/sqlite/copy.c - a database whole in another file, while others may write to it. */
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static nas_status check_target(const char *from, const char *to, bool replace, nas_err *err) {
    struct stat a, b;
    if (stat(to, &b)) return nas_store_check_new(to, err);
    if (stat(from, &a) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return nas_fail(err, NAS_EINVAL, "%s and %s are one file: name another", from, to);
    if (!S_ISREG(b.st_mode)) return nas_fail(err, NAS_EINVAL, "%s is not a file: name another", to);
    if (!replace)
        return nas_fail(err, NAS_EINVAL, "%s is there: name another, or set --force to replace it",
                        to);
    if (nas_file_has_wal(to))
        return nas_fail(err, NAS_EBUSY,
                        "%s is at work, or was left by a run that was killed (its -wal file has "
                        "something): name another",
                        to);
    return NAS_OK;
}

/* One step, so that it is the state of one moment. Whoever writes meanwhile does so elsewhere. */
static nas_status copy_pages(nas_store *s, sqlite3 *to, nas_err *err) {
    sqlite3_backup *b = sqlite3_backup_init(to, "main", lite(s)->db, "main");
    int rc = SQLITE_NOMEM;
    if (b) {
        while ((rc = sqlite3_backup_step(b, -1)) == SQLITE_BUSY || rc == SQLITE_LOCKED)
            sqlite3_sleep(20);
        const int end = sqlite3_backup_finish(b);
        rc = rc == SQLITE_DONE ? end : rc;
    }
    if (rc == SQLITE_OK) return NAS_OK;
    const bool full = rc == SQLITE_FULL || sqlite3_system_errno(to) == ENOSPC;
    return nas_fail(err, full ? NAS_EFULL : NAS_EIO, "%s: copying: %s", s->path,
                    sqlite3_errstr(rc));
}

/* Nobody is at work on the copy: what a run has in hand waits there. */
static nas_status free_trials(nas_store *copy, nas_err *err) {
    nas_arena *a = copy->arena;
    int64_t *ids = NULL, n = 0;
    NAS_TRY(nas_studies_list(copy, a, &ids, &n, err));
    NAS_TRY(nas_sql_begin(copy, NAS_SYNC_FULL, err));
    nas_draft *q = nas_draft_new();
    nas_draft_put(q, "UPDATE nas_studies SET at_work = 0;");
    for (int64_t i = 0; i < n; i++)
        nas_draft_add(q,
                      "UPDATE nas_trials_%l SET state = 'waiting', attempt = attempt - 1,"
                      " heartbeat = NULL WHERE state = 'running';",
                      ids[i]);
    return nas_sql_end(copy, nas_sql_exec_draft(copy, q, err), err);
}

static nas_status sync_file(const char *path, nas_err *err) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const bool fine = fd >= 0 && fsync(fd) == 0;
    const nas_status st = fine ? NAS_OK : nas_fail_errno(err, "%s: syncing it", path);
    if (fd >= 0) close(fd);
    return st;
}

nas_status nas_copy_settle(const char *path, nas_err *err) {
    nas_store *copy = NULL;
    NAS_TRY(nas_store_open(path, NAS_STORE_WRITE, &copy, err));
    const nas_status st = free_trials(copy, err);
    nas_store_close(copy);
    return st == NAS_OK ? sync_file(path, err) : st;
}

static nas_status fill(nas_store *s, const char *fresh, nas_err *err) {
    sqlite3 *to = NULL;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int rc = sqlite3_open_v2(fresh, &to, flags, NULL);
    if (to) nas_guard_connection(to, NULL);
    nas_status st = rc == SQLITE_OK ? copy_pages(s, to, err)
                                    : nas_fail(err, NAS_EIO, "%s: %s", fresh, sqlite3_errstr(rc));
    sqlite3_close(to);
    return st == NAS_OK ? nas_copy_settle(fresh, err) : st;
}

nas_status nas_sqlite_copy(nas_store *s, const char *to, bool replace, nas_err *err) {
    NAS_TRY(check_target(s->path, to, replace, err));
    nas_fresh fresh;
    char *file = sqlite3_mprintf("%s%s", *to == '/' ? "" : "./", to);
    if (!file) return nas_fail(err, NAS_ENOMEM, "%s: no memory", to);
    nas_status st = nas_fresh_begin(file, &fresh, err);
    sqlite3_free(file);
    NAS_TRY(st);
    st = fill(s, fresh.path, err);
    if (st == NAS_OK &&
        renameat2(AT_FDCWD, fresh.path, AT_FDCWD, to, replace ? 0 : RENAME_NOREPLACE))
        st = nas_fail_errno(err, "%s: making it", to);
    if (st == NAS_OK) st = nas_file_sync_folder(to, err);
    nas_fresh_end(&fresh);
    return st;
}
