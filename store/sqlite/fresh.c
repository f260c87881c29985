/* store/sqlite/fresh.c - the name under which a database is made, until it is whole and takes its
 * own. */
#include "base/files/file.h"
#include "base/files/life.h"
#include "store/sqlite/sqlite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIGITS = 8 };
static const char word[] = ".new-";

/* The length of what nas_fresh_begin makes of `base`, where name begins with that; else 0. */
static size_t fresh_length(const char *name, const char *base) {
    const size_t n = strlen(base), w = sizeof word - 1;
    const bool is = strncmp(name, base, n) == 0 && strncmp(name + n, word, w) == 0 &&
                    strspn(name + n + w, "0123456789abcdef") == DIGITS;
    return is ? n + w + DIGITS : 0;
}

/* One that a killed maker left, or a -journal whose database is gone. */
static void sweep_one(char *left, size_t tail) {
    const char cut = left[tail];
    left[tail] = '\0';
    const bool gone =
        cut ? access(left, F_OK) != 0 && errno == ENOENT : nas_file_remove_unused(left);
    if (gone) nas_file_remove_all(left);
}

void nas_fresh_sweep(const char *path) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    char *folder = sqlite3_mprintf("%.*s", (int)(base - path), path);
    DIR *d = folder ? opendir(*folder ? folder : ".") : NULL;
    for (const struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        const size_t n = fresh_length(e->d_name, base);
        if (!n || (e->d_name[n] && e->d_name[n] != '-')) continue;
        char *left = sqlite3_mprintf("%s%s", folder, e->d_name);
        if (left) sweep_one(left, strlen(folder) + n);
        sqlite3_free(left);
    }
    if (d) closedir(d);
    sqlite3_free(folder);
}

/* False when it was swept away before it was locked. */
static bool hold(int fd) {
    struct stat info;
    while (flock(fd, LOCK_SH) != 0 && errno == EINTR) {}
    return fstat(fd, &info) != 0 || info.st_nlink > 0;
}

/* out->fd stays below 0 when somebody else has the name, or took the file away. */
static nas_status try_name(const char *path, nas_fresh *out, nas_err *err) {
    uint64_t token;
    NAS_TRY(nas_token_new(&token, err));
    sqlite3_free(out->path);
    out->path = sqlite3_mprintf("%s%s%0*x", path, word, DIGITS, (unsigned)(token >> 32));
    if (!out->path) return nas_fail(err, NAS_ENOMEM, "%s: no memory", path);
    out->fd = open(out->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (out->fd < 0 && errno != EEXIST) return nas_fail_errno(err, "%s: making it", path);
    if (out->fd >= 0 && !hold(out->fd)) {
        close(out->fd);
        out->fd = -1;
    }
    return NAS_OK;
}

nas_status nas_fresh_begin(const char *path, nas_fresh *out, nas_err *err) {
    *out = (nas_fresh){.fd = -1};
    nas_status st = NAS_OK;
    nas_fresh_sweep(path);
    while (st == NAS_OK && out->fd < 0) st = try_name(path, out, err);
    if (st != NAS_OK) nas_fresh_end(out);
    return st;
}

void nas_fresh_end(nas_fresh *f) {
    if (f->fd >= 0) {
        nas_file_remove_all(f->path);
        close(f->fd);
    }
    sqlite3_free(f->path);
    *f = (nas_fresh){.fd = -1};
}
