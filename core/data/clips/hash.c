/* core/data/clips/hash.c - what the bytes of clips are, and what is said where they cannot be read.
 */
#include "base/cores.h"
#include "base/each.h"
#include "core/data/clips/int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096 };

static int hash_all(int fd, nas_hash *out) {
    nas_hasher h = nas_hasher_start();
    uint8_t block[1 << 14];
    ssize_t got;
    while ((got = read(fd, block, sizeof block)) != 0) {
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno;
        nas_hasher_add(&h, block, (size_t)got);
    }
    *out = nas_hasher_end(&h);
    return 0;
}

int nas_clip_hash_file(const char *path, nas_hash *out, bool *found) {
    *out = (nas_hash){0};
    const int fd = nas_file_open(path), error = errno;
    *found = fd >= 0;
    if (fd < 0) {
        struct stat info; /* a link to nothing is part of the data, and not what went wrong now */
        const bool link =
            (error == ENOENT || error == ELOOP) && lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
        return link ? 0 : error;
    }
    const int failed = hash_all(fd, out);
    close(fd);
    return failed;
}

static const char kept[] = "Only a file that is wrong is left out, so nothing was kept";

nas_status nas_clip_cannot_read(const char *path, int error, nas_err *err) {
    const char *remedy =
        error == EACCES || error == EPERM
            ? "let this user read it (chmod +r, and +x for its folders), or move it elsewhere"
        : error == ENOENT
            ? "it was there when its folder was listed; run the same again once nobody changes it"
        : error == EMFILE || error == ENFILE
            ? "raise the bound on open files (ulimit -n), then run the same again"
            : "run the same again; where it stays so, move the file elsewhere";
    return nas_fail(err, error == ENOMEM ? NAS_ENOMEM : NAS_EIO, "cannot read %s: %s. %s: %s", path,
                    strerror(error), kept, remedy);
}

nas_status nas_clip_not_read(nas_status st, nas_err *err) {
    if (!err) return st;
    const nas_err why = *err;
    return nas_fail(err, st, "%.1500s. %s: run the same again", why.text, kept);
}

nas_status nas_clip_changed(const char *path, nas_err *err) {
    return nas_fail(
        err, NAS_EIO,
        "%s changed while the clips were read: what was hashed is not what was decoded, "
        "so nothing was kept. Run the same again once nobody writes there",
        path);
}

typedef struct hashing {
    const char *folder;
    nas_clip_file *files;
} hashing;

static nas_status hash_one(void *ctx, int32_t i, int32_t lane, nas_err *err) {
    const hashing *w = ctx;
    (void)lane;
    nas_clip_file *f = &w->files[i];
    char path[PATH_ROOM];
    const int len = snprintf(path, sizeof path, "%s/%s", w->folder, f->name);
    const int error = len > 0 && (size_t)len < sizeof path
                          ? nas_clip_hash_file(path, &f->content, &f->readable)
                          : ENAMETOOLONG;
    return error ? nas_clip_cannot_read(path, error, err) : NAS_OK;
}

nas_status nas_clip_hash_all(nas_clip_list *l, const nas_log *log, nas_err *err) {
    hashing w = {.folder = l->folder, .files = l->files};
    return nas_each(nas_cores(), l->n, "checking clips", hash_one, &w, log, err);
}
