/* core/fetch/unpack.c - libarchive reads; where files go is decided here. */
#include "core/fetch/unpack.h"

#include "base/files/file.h"

#include <archive.h>
#include <archive_entry.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENTRIES_MOST = 1000000, PATH_MOST = 1024, BLOCK = 1 << 18 };

typedef struct unpacking {
    const nas_unpack *u;
    const nas_log *log;
    nas_unpacked *out;
    struct archive *from;
    int64_t archive_bytes;
} unpacking;

static nas_status damaged(const unpacking *k, nas_err *err) {
    const char *why = archive_error_string(k->from);
    return nas_fail(err, NAS_EFORMAT, "%s is no whole archive: %s", k->u->archive,
                    why ? why : "it cannot be read");
}

static nas_status refuse(const unpacking *k, const char *path, const char *why, nas_err *err) {
    return nas_fail(err, NAS_EFORMAT, "%s: refused, for its entry \"%.200s\" %s; nothing was kept",
                    k->u->archive, path, why);
}

/* What no honest archive has: NULL where the path is fine. */
static const char *wrong_with(const char *path) {
    if (path[0] == '/') return "is an absolute path";
    if (strlen(path) >= PATH_MOST) return "is longer than any path";
    for (const char *p = path; *p; p++)
        if ((unsigned char)*p < 32 || *p == 127 || *p == '\\')
            return "has a character that no name should have";
    for (const char *p = path; *p;) {
        const size_t n = strcspn(p, "/");
        if (n == 2 && memcmp(p, "..", 2) == 0) return "leads out of the folder";
        if (n > 255) return "has a name that is too long";
        p += n + (p[n] == '/');
    }
    return NULL;
}

static bool is_added_by_a_system(const char *path) {
    if (strncmp(path, "__MACOSX/", 9) == 0) return true;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    return strncmp(name, "._", 2) == 0 || strcmp(name, ".DS_Store") == 0 ||
           strcasecmp(name, "Thumbs.db") == 0 || strcasecmp(name, "desktop.ini") == 0;
}

/* path without its first components, "." and empty ones; "" when nothing is left. */
static void strip(const char *path, int32_t components, char out[PATH_MOST]) {
    size_t used = 0;
    out[0] = '\0';
    while (*path) {
        const size_t n = strcspn(path, "/");
        const bool counts = n > 0 && !(n == 1 && path[0] == '.');
        if (counts && components-- <= 0) {
            if (used) out[used++] = '/';
            memcpy(out + used, path, n);
            used += n;
            out[used] = '\0';
        }
        path += n + (path[n] == '/');
    }
}

static nas_status in_folder(const unpacking *k, const char *path, char *out, size_t n,
                            nas_err *err) {
    const int used = snprintf(out, n, "%s/%s", k->u->folder, path);
    return used > 0 && (size_t)used < n
               ? NAS_OK
               : nas_fail(err, NAS_EINVAL, "%s/%s: the path is too long", k->u->folder, path);
}

static nas_status write_all(int fd, const char *p, size_t n, const char *path, nas_err *err) {
    for (size_t done = 0; done < n;) {
        const ssize_t w = write(fd, p + done, n - done);
        if (w < 0 && errno == EINTR) continue;
        if (w <= 0) return nas_fail_errno(err, "%s", path);
        done += (size_t)w;
    }
    return NAS_OK;
}

static nas_status copy_data(unpacking *k, int fd, const char *path, nas_err *err) {
    static char block[BLOCK];
    for (;;) {
        const la_ssize_t n = archive_read_data(k->from, block, sizeof block);
        if (n == 0) return NAS_OK;
        if (n < 0) return damaged(k, err); /* a wrong check sum is a warning there, and no less */
        k->out->bytes += n;
        if (k->out->bytes > k->u->most)
            return nas_fail(
                err, NAS_EFORMAT,
                "%s: refused, for more than %lld bytes come out of it; nothing was kept",
                k->u->archive, (long long)k->u->most);
        NAS_TRY(write_all(fd, block, (size_t)n, path, err));
        nas_progress(k->log, k->u->name, archive_filter_bytes(k->from, -1), k->archive_bytes);
        if (nas_should_stop(k->log)) return nas_fail(err, NAS_ESTOP, "stopped");
    }
}

/* No folder on the way is a link, for all were made here. */
static nas_status write_file(unpacking *k, const char *path, nas_err *err) {
    char full[4096 + PATH_MOST];
    NAS_TRY(in_folder(k, path, full, sizeof full, err));
    char *slash = strrchr(full, '/');
    *slash = '\0';
    NAS_TRY(nas_dir_make(full, err));
    *slash = '/';
    const int fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0 && errno == EEXIST) return refuse(k, path, "stands twice", err);
    if (fd < 0) return nas_fail_errno(err, "%s", full);
    nas_status st = copy_data(k, fd, full, err);
    if (close(fd) != 0 && st == NAS_OK) st = nas_fail_errno(err, "%s", full);
    k->out->files += st == NAS_OK;
    return st;
}

static nas_status take(unpacking *k, struct archive_entry *e, nas_err *err) {
    char path[PATH_MOST], full[4096 + PATH_MOST];
    const char *named = archive_entry_pathname(e);
    if (!named || !*named) return refuse(k, "", "has no name", err);
    const char *wrong = wrong_with(named);
    if (wrong) return refuse(k, named, wrong, err);
    if (is_added_by_a_system(named)) {
        k->out->left_out += archive_entry_filetype(e) != AE_IFDIR;
        return NAS_OK;
    }
    if (archive_entry_hardlink(e) || archive_entry_filetype(e) == AE_IFLNK)
        return refuse(k, named, "is a link", err);
    strip(named, k->u->strip, path);
    if (archive_entry_filetype(e) == AE_IFDIR) {
        NAS_TRY(in_folder(k, path, full, sizeof full, err));
        return nas_dir_make(full, err);
    }
    if (archive_entry_filetype(e) != AE_IFREG)
        return refuse(k, named, "is neither a file nor a folder", err);
    if (!path[0]) return refuse(k, named, "stands outside the folder that is expected", err);
    return write_file(k, path, err);
}

static nas_status take_all(unpacking *k, nas_err *err) {
    for (int64_t n = 0;; n++) {
        struct archive_entry *e;
        const int st = archive_read_next_header(k->from, &e);
        if (st == ARCHIVE_EOF) return NAS_OK;
        if (st < ARCHIVE_WARN) return damaged(k, err);
        if (n == ENTRIES_MOST)
            return nas_fail(err, NAS_EFORMAT, "%s: refused, for it has more than %d entries",
                            k->u->archive, ENTRIES_MOST);
        NAS_TRY(take(k, e, err));
    }
}

static nas_status sync_folder(const char *folder, nas_err *err) {
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return nas_fail_errno(err, "%s", folder);
    const bool synced = syncfs(fd) == 0;
    if (!synced) (void)nas_fail_errno(err, "%s", folder);
    (void)close(fd);
    return synced ? NAS_OK : err ? err->code : NAS_EIO;
}

/* It was read when its sum was made, and again now. */
static nas_status check_sum(const nas_unpack *u, nas_err *err) {
    nas_hash now;
    if (!u->sum) return NAS_OK;
    NAS_TRY(nas_file_hash(u->archive, &now, err));
    if (nas_hash_equal(&now, u->sum)) return NAS_OK;
    return nas_fail(err, NAS_EFORMAT,
                    "%s was changed after its sum was made; nothing was kept, and the same command "
                    "begins anew",
                    u->archive);
}

nas_status nas_unpack_archive(const nas_unpack *u, const nas_log *log, nas_unpacked *out,
                              nas_err *err) {
    struct stat s;
    *out = (nas_unpacked){0};
    if (stat(u->archive, &s) != 0) return nas_fail_errno(err, "%s", u->archive);
    unpacking k = {
        .u = u, .log = log, .out = out, .from = archive_read_new(), .archive_bytes = s.st_size};
    if (!k.from) return nas_fail(err, NAS_ENOMEM, "%s: out of memory", u->archive);
    (void)archive_read_support_filter_gzip(k.from);
    (void)archive_read_support_format_tar(k.from);
    (void)archive_read_support_format_zip(k.from);
    nas_status st = archive_read_open_filename(k.from, u->archive, BLOCK) == ARCHIVE_OK
                        ? NAS_OK
                        : damaged(&k, err);
    bool made = false;
    if (st == NAS_OK) {
        made = mkdir(u->folder, 0755) == 0;
        if (!made) st = nas_fail_errno(err, "%s", u->folder);
    }
    if (st == NAS_OK) st = take_all(&k, err);
    if (st == NAS_OK && out->files == 0)
        st = nas_fail(err, NAS_EFORMAT, "%s has no file in it", u->archive);
    if (st == NAS_OK) st = check_sum(u, err);
    if (st == NAS_OK) nas_progress(log, u->name, k.archive_bytes, k.archive_bytes);
    if (st == NAS_OK) st = sync_folder(u->folder, err);
    (void)archive_read_free(k.from);
    if (st != NAS_OK && made && nas_dir_remove(u->folder, NULL) != NAS_OK)
        nas_warn(log, "%s could not be removed", u->folder);
    return st;
}
