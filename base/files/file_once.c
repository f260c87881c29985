/* base/files/file_once.c - files read once into memory that nobody else changes, and what stands at
 * a path. */
#include "base/files/file.h"
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

nas_status nas_file_read_at(int fd, const char *path, uint64_t at, void *out, size_t bytes,
                            nas_err *err) {
    uint8_t *p = out;
    for (size_t done = 0; done < bytes;) {
        const ssize_t got = pread(fd, p + done, bytes - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return nas_fail_errno(err, "cannot read %s", path);
        if (got == 0) return nas_fail(err, NAS_EIO, "%s became shorter while it was read", path);
        done += (size_t)got;
    }
    return NAS_OK;
}

/* n > 0 bytes of memory that RLIMIT_DATA does not count, as it counts no mapped file. */
static nas_status load(int fd, const char *path, size_t n, nas_mapped *out, nas_err *err) {
    uint8_t *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return nas_fail_errno(err, "cannot read %s", path);
    nas_status st = nas_file_read_at(fd, path, 0, p, n, err);
    if (st == NAS_OK && mprotect(p, n, PROT_READ) != 0)
        st = nas_fail_errno(err, "cannot read %s", path);
    if (st == NAS_OK)
        *out = (nas_mapped){.p = p, .bytes = n};
    else
        (void)munmap(p, n);
    return st;
}

nas_status nas_file_load(const char *path, size_t most, nas_mapped *out, nas_err *err) {
    *out = (nas_mapped){0};
    const int fd = nas_file_open(path);
    if (fd < 0) return nas_fail_errno(err, "cannot open %s", path);
    struct stat info;
    nas_status st = NAS_OK;
    if (fstat(fd, &info) != 0)
        st = nas_fail_errno(err, "cannot examine %s", path);
    else if (!S_ISREG(info.st_mode))
        st = nas_fail(err, NAS_EFORMAT, "%s is not a regular file", path);
    else if ((uint64_t)info.st_size > most)
        st = nas_fail(err, NAS_EFORMAT, "%s is too large: %lld bytes, at most %zu are read", path,
                      (long long)info.st_size, most);
    else if (info.st_size > 0)
        st = load(fd, path, (size_t)info.st_size, out, err);
    close(fd);
    return st;
}

nas_status nas_file_hash(const char *path, nas_hash *out, nas_err *err) {
    enum { BLOCK = 1 << 18 };
    const int fd = nas_file_open(path);
    if (fd < 0) return nas_fail_errno(err, "cannot open %s", path);
    uint8_t *block = malloc(BLOCK);
    nas_status st = block ? NAS_OK : nas_fail(err, NAS_ENOMEM, "out of memory");
    nas_hasher h = nas_hasher_start();
    for (ssize_t got = 1; st == NAS_OK && got != 0;) {
        got = read(fd, block, BLOCK);
        if (got < 0 && errno != EINTR) st = nas_fail_errno(err, "cannot read %s", path);
        if (got > 0) nas_hasher_add(&h, block, (size_t)got);
    }
    *out = nas_hasher_end(&h);
    free(block);
    close(fd);
    return st;
}

nas_status nas_path_look(const char *path, nas_path_kind *out, nas_err *err) {
    struct stat info;
    *out = NAS_PATH_ABSENT;
    if (stat(path, &info) == 0) {
        *out = S_ISREG(info.st_mode)   ? NAS_PATH_FILE
               : S_ISDIR(info.st_mode) ? NAS_PATH_FOLDER
                                       : NAS_PATH_OTHER;
        return NAS_OK;
    }
    if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
        return nas_fail_errno(err, "cannot examine %s", path);
    if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) *out = NAS_PATH_LINK;
    return NAS_OK;
}
