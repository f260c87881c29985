/* store/sqlite/path.c - what lies at a path and beside it. */
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_link(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* SQLite's other files lie beside what a symbolic link leads to. Owner: the caller frees it. */
static char *real_of(const char *path) {
    char *real = is_link(path) ? realpath(path, NULL) : NULL;
    return real ? real : strdup(path);
}

bool nas_file_has_bytes(const char *path, const char *tail) {
    struct stat st;
    char *real = real_of(path);
    char *name = real ? sqlite3_mprintf("%s%s", real, tail) : NULL;
    const bool yes = name && stat(name, &st) == 0 && st.st_size > 0;
    sqlite3_free(name);
    free(real);
    return yes;
}

static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
}

bool nas_file_folder_is_writable(const char *path) {
    char *real = real_of(path), *folder = real ? folder_of(real) : NULL;
    const bool yes = folder && access(folder, W_OK) == 0;
    free(folder);
    free(real);
    return yes;
}

/* Can a database be made at path? */
static nas_status check_folder(const char *path, nas_err *err) {
    struct stat st;
    char *folder = folder_of(path);
    if (!folder) return nas_fail(err, NAS_ENOMEM, "%s: no memory", path);
    nas_status status = NAS_OK;
    if (stat(folder, &st) || !S_ISDIR(st.st_mode))
        status = nas_fail(err, NAS_ENOTFOUND,
                          "%s: its folder is not there: make it, or give another database", path);
    else if (access(folder, W_OK))
        status = nas_fail_errno(err, "%s cannot be made: its folder cannot be written", path);
    free(folder);
    return status;
}

nas_status nas_file_sync_folder(const char *path, nas_err *err) {
    char *folder = folder_of(path);
    if (!folder) return nas_fail(err, NAS_ENOMEM, "%s: no memory", path);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    nas_status status = NAS_OK;
    /* Not every file system can sync a folder. */
    if (fd < 0 || (fsync(fd) && errno != EINVAL && errno != ENOTSUP && errno != EROFS))
        status = nas_fail_errno(err, "%s: syncing its folder", path);
    if (fd >= 0) close(fd);
    free(folder);
    return status;
}

void nas_file_remove_all(const char *path) {
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char *name = sqlite3_mprintf("%s%s", path, tails[i]);
        if (name) unlink(name);
        sqlite3_free(name);
    }
}

bool nas_file_has_wal(const char *path) {
    return nas_file_has_bytes(path, "-wal");
}

/* SQLite would play what a killed run left there into the new file. Asked twice: another process
 * may have made or removed both meanwhile. */
static nas_status check_leftover(const char *path, nas_err *err) {
    const char *const tail = "-wal";
    if (!nas_file_has_bytes(path, tail) || access(path, F_OK) == 0 ||
        !nas_file_has_bytes(path, tail))
        return NAS_OK;
    return nas_fail(err, NAS_EFORMAT,
                    "%s%s is left of a database that is gone: remove it, put the database back, or "
                    "give another database",
                    path, tail);
}

nas_status nas_store_check_new(const char *path, nas_err *err) {
    NAS_TRY(check_folder(path, err));
    if (is_link(path) && access(path, F_OK) && errno == ENOENT)
        return nas_fail(err, NAS_EINVAL,
                        "%s is a symbolic link to what is not there: remove it, or give another "
                        "database",
                        path);
    return check_leftover(path, err);
}
