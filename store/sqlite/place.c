/* store/sqlite/place.c - the file that a database is: whether it has one name, and whether it is
 * still the one at its path. Nothing here opens it for reading: closing would drop SQLite's locks
 * (POSIX). */
#include "base/clock.h"
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What SQLite keeps beside the file. */
static const char *const tails[NAS_PLACE_FILES] = {"", "-wal", "-shm"};

static int look_at(const char *path, int i, struct stat *st) {
    char *name = sqlite3_mprintf("%s%s", path, tails[i]);
    const int no = name ? stat(name, st) : -1;
    if (!name) errno = ENOMEM;
    sqlite3_free(name);
    return no;
}

static bool is_file(const struct stat *st, const nas_file_id *id) {
    return id->device == (uint64_t)st->st_dev && id->inode == (uint64_t)st->st_ino;
}

static nas_file_id id_of(const struct stat *st) {
    return (nas_file_id){(uint64_t)st->st_dev, (uint64_t)st->st_ino};
}

/* Of what cannot be looked at nobody can tell. */
static bool is_gone(void) {
    return errno == ENOENT || errno == ENOTDIR;
}

/* Which mount a path is on. False: the kernel does not say (before 5.8). */
static bool mount_of(const char *path, uint64_t *out) {
#ifdef STATX_MNT_ID
    struct statx x;
    if (statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, STATX_MNT_ID, &x)) return false;
    *out = x.stx_mnt_id;
    return (x.stx_mask & STATX_MNT_ID) != 0;
#else
    (void)path;
    (void)out;
    return false;
#endif
}

/* Takes \040 for a blank, as the kernel writes paths there. */
static bool is_point(const char *field, size_t n, const char *path) {
    for (size_t i = 0; i < n; path++) {
        int c = (unsigned char)field[i++];
        if (c == '\\' && i + 3 <= n) {
            c = (field[i] - '0') * 64 + (field[i + 1] - '0') * 8 + (field[i + 2] - '0');
            i += 3;
        }
        if ((unsigned char)*path != c) return false;
    }
    return *path == '\0';
}

bool nas_place_is_mounted(FILE *mounts, const char *path) {
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    while (!found && getline(&line, &room, mounts) > 0) {
        const char *field = line; /* the fifth: where it is mounted */
        for (int i = 0; field && i < 4; i++)
            if ((field = strchr(field, ' '))) field++;
        found = field && is_point(field, strcspn(field, " \n"), path);
    }
    free(line);
    return found;
}

/* real: without symbolic links. */
static bool is_own_mount(const char *real) {
    uint64_t file = 0, around = 0;
    char *folder = strdup(real), *slash = folder ? strrchr(folder, '/') : NULL;
    if (slash) *(slash == folder ? slash + 1 : slash) = '\0';
    const bool told = slash && mount_of(real, &file) && mount_of(folder, &around);
    free(folder);
    if (told) return file != around;
    FILE *f = fopen("/proc/self/mountinfo", "re");
    const bool yes = f && nas_place_is_mounted(f, real);
    if (f) fclose(f);
    return yes;
}

nas_status nas_place_check_names(const char *path, nas_err *err) {
    struct stat st;
    if (stat(path, &st) || !S_ISREG(st.st_mode)) return NAS_OK;
    if (st.st_nlink > 1)
        return nas_fail(err, NAS_EINVAL,
                        "%s is one of %llu names of the same file (hard links). What is written "
                        "last stands beside the name that it is written under, so runs under "
                        "different names damage the file: remove the other names, or set "
                        "--one-name where nobody uses them",
                        path, (unsigned long long)st.st_nlink);
    char *real = realpath(path, NULL);
    const bool own = real && is_own_mount(real);
    free(real);
    if (!own) return NAS_OK;
    return nas_fail(err, NAS_EINVAL,
                    "%s is mounted as a single file. What is written last stands beside it, where "
                    "other containers do not see it, so runs there damage the file: mount its "
                    "folder, or set --one-name where nobody else uses the file",
                    path);
}

bool nas_sqlite_has_moved(const nas_store *s) {
    int moved = 0;
    return sqlite3_file_control(lite(s)->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
           moved != 0;
}

static nas_status is_lost(const nas_store *s, int i, const char *how, nas_err *err) {
    return nas_fail(err, NAS_EMOVED, "%s%s was %s by another process", s->path, tails[i], how);
}

static nas_status check_one(const nas_store *s, int i, nas_err *err) {
    struct stat st;
    const nas_file_id *id = i ? &lite(s)->beside[i - 1] : &lite(s)->place.id;
    if (!id->inode) return NAS_OK;
    /* The path as it was given: a folder that gets another name takes all three with it. */
    if (look_at(i ? lite(s)->real : s->path, i, &st))
        return is_gone() ? is_lost(s, i, "removed or moved", err) : NAS_OK;
    if (!is_file(&st, id)) return is_lost(s, i, "replaced", err);
    if (i == 0 && st.st_size == 0) return is_lost(s, i, "emptied", err);
    if (i || st.st_nlink <= 1 || lite(s)->place.any_name) return NAS_OK;
    return nas_fail(err, NAS_EMOVED,
                    "%s got another name (a hard link), and runs under different names damage the "
                    "file: remove the other name and the same command goes on, or set --one-name "
                    "where nobody uses it",
                    s->path);
}

nas_status nas_place_still(const nas_store *s, nas_err *err) {
    for (int i = 0; i < NAS_PLACE_FILES; i++) NAS_TRY(check_one(s, i, err));
    return NAS_OK;
}

nas_status nas_place_expect(const nas_store *s, nas_err *err) {
    return lite(s)->expects ? check_one(s, 0, err) : NAS_OK;
}

nas_status nas_place_take(nas_store *s, nas_err *err) {
    struct stat st;
    if (lite(s)->expects)
        return nas_sqlite_has_moved(s) ? is_lost(s, 0, "removed or moved", err)
                                       : check_one(s, 0, err);
    if (stat(s->path, &st) == 0) lite(s)->place.id = id_of(&st);
    return NAS_OK;
}

void nas_place_settle(nas_store *s) {
    struct stat st;
    /* SQLite's name has no symbolic links. Where the path has none either it will do, and survives
     * another name of its folder. */
    const bool link = lstat(s->path, &st) == 0 && S_ISLNK(st.st_mode);
    const char *real = link ? sqlite3_db_filename(lite(s)->db, "main") : NULL;
    lite(s)->real = strdup(real ? real : s->path);
    for (int i = 1; lite(s)->real && i < NAS_PLACE_FILES; i++)
        if (look_at(lite(s)->real, i, &st) == 0) lite(s)->beside[i - 1] = id_of(&st);
}

nas_status nas_place_check_length(const char *path, bool is_new, nas_err *err) {
    enum { JOURNAL = 8, NEW = 24 }; /* what is added to the name */
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    const int most = vfs ? vfs->mxPathname - (is_new ? NEW : JOURNAL) : INT_MAX;
    char *here = *path == '/' ? strdup("") : getcwd(NULL, 0);
    const size_t n = strlen(path) + (here ? strlen(here) + (*path != '/') : 0);
    free(here);
    if (n <= (size_t)most) return NAS_OK;
    return nas_fail(err, NAS_EINVAL,
                    "%s: the path has %zu bytes from the root on, SQLite takes %d: give a shorter "
                    "one",
                    path, n, most);
}

bool nas_place_is_read_long(nas_store *s, int64_t bytes) {
    struct stat st;
    int pages = 0, moved = 0;
    if (!lite(s)->real || look_at(lite(s)->real, 1, &st) || st.st_size <= bytes) return false;
    const int rc =
        sqlite3_wal_checkpoint_v2(lite(s)->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
    return rc == SQLITE_OK && moved < pages;
}

/* Moves what is in the -wal file now into the file, as far as it takes at most that long: whoever
 * reads an older state holds it up. Closing the last connection does the same. */
bool nas_place_settle_wal(nas_store *s, double seconds) {
    const double start = nas_clock_wall(), pause = 0.005;
    int target = -1;
    for (;;) {
        int pages = -1, moved = -1;
        const int rc =
            sqlite3_wal_checkpoint_v2(lite(s)->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
        if (rc != SQLITE_OK && rc != SQLITE_BUSY && rc != SQLITE_LOCKED) return false;
        if (rc == SQLITE_OK && target < 0) target = pages;
        /* Fewer than there were: all had been moved, and a writer began the file anew. */
        if (rc == SQLITE_OK && (moved >= target || pages < target)) return true;
        if (nas_clock_wall() - start > seconds) return false;
        nas_clock_sleep(pause);
    }
}

nas_store_place nas_place_of(const nas_store *s) {
    return lite(s)->place;
}

const char *nas_place_tail(int i) {
    return tails[i];
}

/* 1: file i lies at its name, 0: something else, or nothing; -1: nobody can tell. */
static int holds(const nas_held *h, const char *path, int i) {
    struct stat held, there;
    if (h->fd[i] < 0 || !path || fstat(h->fd[i], &held)) return -1;
    if (look_at(path, i, &there)) return is_gone() ? 0 : -1;
    const nas_file_id id = id_of(&held);
    return is_file(&there, &id);
}

bool nas_held_in_place(const nas_held *h, const char *path, bool open) {
    struct stat st;
    if (stat(path, &st) == 0 && st.st_size == 0) return false;
    for (int i = 0; i < (open ? NAS_PLACE_FILES : 1); i++)
        if (holds(h, i ? h->real : path, i) == 0) return false;
    return true;
}

bool nas_place_holds(const nas_held *h, const char *path, int i) {
    return holds(h, path, i) == 1;
}

void nas_place_unlink(const char *path, int i) {
    char *name = sqlite3_mprintf("%s%s", path, tails[i]);
    if (name) (void)unlink(name);
    sqlite3_free(name);
}

/* O_PATH: such a descriptor can be closed beside SQLite, and needs no permission. */
void nas_place_hold(const nas_store *s, nas_held *h) {
    h->real = lite(s)->real ? strdup(lite(s)->real) : NULL;
    for (int i = 0; h->real && i < NAS_PLACE_FILES; i++) {
        char *name = sqlite3_mprintf("%s%s", h->real, tails[i]);
        struct stat st;
        h->fd[i] = name ? open(name, O_PATH | O_CLOEXEC) : -1;
        sqlite3_free(name);
        const nas_file_id *id = i ? &lite(s)->beside[i - 1] : &lite(s)->place.id;
        if (h->fd[i] < 0 || (fstat(h->fd[i], &st) == 0 && is_file(&st, id))) continue;
        close(h->fd[i]); /* somebody else's */
        h->fd[i] = -1;
    }
}

void nas_place_take_turns(nas_store *s, nas_turns *t) {
    lite(s)->turns = t;
}
