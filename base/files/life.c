/* base/files/life.c - locks that say who lives, and the random numbers that tell them apart. */
#include "base/files/life.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

nas_status nas_token_new(uint64_t *out, nas_err *err) {
    ssize_t n;
    do n = getrandom(out, sizeof *out, 0);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sizeof *out) return NAS_OK;
    return nas_fail(err, NAS_EIO, "the kernel gives no random numbers (getrandom)");
}

/* Open file description locks: POSIX locks would end with the first descriptor of the file that
 * SQLite closes. */
static struct flock byte_of(uint64_t token) {
    const off_t far = (off_t)1 << 62;
    return (struct flock){
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = far + (off_t)(token >> 3), .l_len = 1};
}

static bool open_it(nas_life *l) {
    if (l->fd < 0) l->fd = open(l->path, O_RDWR | O_CLOEXEC);
    return l->fd >= 0;
}

nas_status nas_life_show(nas_life *l, uint64_t token, nas_err *err) {
    struct flock byte = byte_of(token);
    if (!open_it(l)) return nas_fail_errno(err, "%s cannot be opened", l->path);
    if (fcntl(l->fd, F_OFD_SETLK, &byte))
        return nas_fail_errno(err, "%s cannot be locked", l->path);
    return NAS_OK;
}

/* File systems whose locks are all kept by the one kernel that has them mounted. Of others a lock
 * that is not there says nothing. */
static bool is_local(int fd) {
    static const uint32_t kinds[] = {
        EXT4_SUPER_MAGIC,  BTRFS_SUPER_MAGIC, 0x58465342 /* xfs */,   TMPFS_MAGIC,
        RAMFS_MAGIC,       F2FS_SUPER_MAGIC,  0x2fc12fc1 /* zfs */,   OVERLAYFS_SUPER_MAGIC,
        MSDOS_SUPER_MAGIC, NILFS_SUPER_MAGIC, 0x2011bab0 /* exfat */, 0xca451a4e /* bcachefs */,
    };
    struct statfs s;
    if (fstatfs(fd, &s)) return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if ((uint32_t)s.f_type == kinds[i]) return true;
    return false;
}

nas_alive nas_life_look(nas_life *l, uint64_t token) {
    const struct flock mine = byte_of(token);
    struct flock byte = mine;
    if (!open_it(l) || fcntl(l->fd, F_OFD_GETLK, &byte)) return NAS_LIFE_UNKNOWN;
    if (byte.l_type == F_UNLCK) return is_local(l->fd) ? NAS_LIFE_ENDED : NAS_LIFE_UNKNOWN;
    /* Somebody else may lock all of the file, to make a copy of it for instance. */
    const bool ours =
        byte.l_type == F_WRLCK && byte.l_start == mine.l_start && byte.l_len == mine.l_len;
    return ours ? NAS_LIFE_THERE : NAS_LIFE_UNKNOWN;
}

void nas_life_close(nas_life *l) {
    if (l->fd >= 0) close(l->fd);
    l->fd = -1;
}
