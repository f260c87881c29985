/* base/files/folder_move.c - the staged folder .nas-ready: its files are moved up, and who was
 * killed meanwhile leaves what the next one needs to end it. */
#include "base/files/folder_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the staged folder: a name a line; the first goes first and comes last, the others go. */
enum { PLAN_MOST = 1 << 16 };

typedef struct planning {
    FILE *to;
    nas_entry_fn gone;
    void *ctx;
} planning;

static bool plan_entry(void *ctx, const char *name) {
    const planning *p = ctx;
    if (p->gone(p->ctx, name)) fprintf(p->to, "%s\n", name);
    return true;
}

nas_status nas_folder_plan(int fd, int old, const char *last, nas_entry_fn gone, void *ctx,
                           nas_err *err) {
    const int file = openat(fd, NAS_FOLDER_PLAN, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    FILE *to = file < 0 ? NULL : fdopen(file, "w");
    if (!to) return nas_fail_errno(err, "cannot write %s", NAS_FOLDER_PLAN);
    fprintf(to, "%s\n", last);
    const bool fine = nas_folder_each(old, plan_entry, &(planning){to, gone, ctx}) &&
                      fflush(to) == 0 && fsync(file) == 0;
    if (fclose(to) == 0 && fine) return NAS_OK;
    return nas_fail_errno(err, "cannot write %s", NAS_FOLDER_PLAN);
}

bool nas_folder_is_half(int fd) {
    return faccessat(fd, NAS_FOLDER_READY, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A folder of strangers may say anything: nothing outside of it is touched. */
static bool is_plain(const char *name) {
    return *name && *name != '.' && !strchr(name, '/');
}

/* text[PLAN_MOST]: lines become strings. Empty where there is no plan. */
static void read_plan(int fd, char *text) {
    const int file = openat(fd, NAS_FOLDER_PLAN, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const ssize_t n = file < 0 ? 0 : read(file, text, PLAN_MOST - 2);
    if (file >= 0) close(file);
    text[n > 0 ? n : 0] = text[n > 0 ? n + 1 : 1] = '\0';
    for (char *p = text; *p; p++)
        if (*p == '\n') *p = '\0';
}

typedef struct moving {
    int from, to;
    const char *last;
    bool fine;
} moving;

static bool move_entry(void *ctx, const char *name) {
    moving *m = ctx;
    if (!is_plain(name) || strcmp(name, m->last) == 0) return true;
    m->fine = renameat(m->from, name, m->to, name) == 0;
    return m->fine;
}

static bool move_up(int from, int to, const char *plan) {
    moving m = {.from = from, .to = to, .last = plan, .fine = true};
    const bool marked = is_plain(plan);
    if (marked && faccessat(from, plan, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        (void)unlinkat(to, plan, 0);
    for (const char *name = plan + strlen(plan) + 1; *plan && *name; name += strlen(name) + 1)
        if (is_plain(name)) (void)unlinkat(to, name, 0);
    if (!nas_folder_each(from, move_entry, &m) && !m.fine) return false;
    if (marked && renameat(from, plan, to, plan) != 0 && errno != ENOENT) return false;
    (void)fsync(to);
    (void)unlinkat(from, NAS_FOLDER_PLAN, 0);
    return unlinkat(to, NAS_FOLDER_READY, AT_REMOVEDIR) == 0;
}

nas_status nas_folder_finish(int fd, const char *path, nas_err *err) {
    const int from = openat(fd, NAS_FOLDER_READY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (from < 0 && errno == ENOENT) return NAS_OK;
    char *plan = from < 0 ? NULL : malloc(PLAN_MOST);
    if (plan) read_plan(from, plan);
    const bool fine = plan && move_up(from, fd, plan);
    const int why = errno;
    free(plan);
    if (from >= 0) close(from);
    if (!fine)
        return nas_fail(err, NAS_EIO,
                        "%s/%s holds files of an export that was cut off, which cannot be moved "
                        "up: %s; move what is in their way, or export again into another folder",
                        path, NAS_FOLDER_READY, strerror(why));
    (void)fsync(fd);
    return NAS_OK;
}
