/* core/data/clips_list.c - which clips a folder holds, and what their bytes are. */
#include "core/audio/parallel.h"
#include "core/data/clips_int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static const char noise_folder[] = "_background_noise_";

enum { PATH_ROOM = 4096, HASH_BATCH = 512, MOST_CLIPS = 50000000 };

static nas_status list_classes(nas_arena *a, const char *folder, const char ***out, int32_t *n,
                               nas_err *err) {
    char **names = NULL;
    size_t all = 0;
    *out = NULL;
    *n = 0;
    if (!nas_path_is_dir(folder))
        return nas_fail(err, NAS_ENOTFOUND,
                        "the clips' folder %s %s; expected a folder with one folder of sound files "
                        "for each class",
                        folder, nas_path_exists(folder) ? "is not a folder" : "does not exist");
    NAS_TRY(nas_dir_list(a, folder, &names, &all, err));
    const char **classes = nas_arena_array(a, all + 1, sizeof *classes, err);
    if (!classes) return NAS_ENOMEM;
    for (size_t i = 0; i < all && *n < INT32_MAX; i++) {
        char path[PATH_ROOM];
        const int len = snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (len < 0 || (size_t)len >= sizeof path || !nas_path_is_dir(path)) continue;
        if (strcmp(names[i], noise_folder) != 0) classes[(*n)++] = names[i];
    }
    *out = classes;
    return NAS_OK;
}

/* Edit distance (Wagner and Fischer 1974) of words of up to 63 bytes. */
static int distance(const char *a, const char *b) {
    enum { MOST = 63 };
    const size_t la = strlen(a), lb = strlen(b);
    if (la > MOST || lb > MOST) return MOST;
    int row[MOST + 1];
    for (size_t j = 0; j <= lb; j++) row[j] = (int)j;
    for (size_t i = 1; i <= la; i++) {
        int corner = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= lb; j++) {
            const int swap = corner + (a[i - 1] != b[j - 1]);
            const int step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            corner = row[j];
            row[j] = swap < step ? swap : step;
        }
    }
    return row[lb];
}

static nas_status no_such_class(const char *label, const char *folder, const char **classes,
                                int32_t n, nas_err *err) {
    char there[512] = "";
    size_t used = 0;
    int32_t nearest = 0;
    for (int32_t i = 0; i < n; i++) {
        if (distance(label, classes[i]) < distance(label, classes[nearest])) nearest = i;
        if (used + strlen(classes[i]) + 8 >= sizeof there) continue;
        used += (size_t)snprintf(there + used, sizeof there - used, "%s%s", used ? ", " : "",
                                 classes[i]);
    }
    if (n == 0)
        return nas_fail(err, NAS_ENOTFOUND, "there is no class \"%s\" in %s: it has no folders",
                        label, folder);
    return nas_fail(err, NAS_ENOTFOUND,
                    "there is no class \"%s\" in %s; the nearest is \"%s\" (there are: %s)", label,
                    folder, classes[nearest], there);
}

static bool has(const char *const *names, int32_t n, const char *name) {
    for (int32_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

static nas_status pick_labels(nas_arena *a, const nas_clips_options *o, const char **classes,
                              int32_t n_classes, nas_clip_list *l, nas_err *err) {
    l->labels = nas_arena_array(a, (size_t)o->n_labels + 1, sizeof *l->labels, err);
    if (!l->labels) return NAS_ENOMEM;
    for (int32_t i = 0; i < o->n_labels; i++) {
        const char *label = o->labels[i];
        if (strcmp(label, noise_folder) == 0)
            return nas_fail(err, NAS_EINVAL, "labels: %s is never a class; leave it out", label);
        if (has(l->labels, i, label))
            return nas_fail(err, NAS_EINVAL, "labels: \"%s\" stands there twice", label);
        if (!has(classes, n_classes, label))
            return no_such_class(label, o->folder, classes, n_classes, err);
        if (!(l->labels[i] = nas_arena_text(a, label, err))) return NAS_ENOMEM;
    }
    l->n_labels = o->n_labels;
    return NAS_OK;
}

static bool is_sound_name(const char *name) {
    static const char *const others[] = {".txt", ".md", ".json", ".csv"};
    const size_t n = strlen(name);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const size_t e = strlen(others[i]);
        if (n >= e && strcasecmp(name + n - e, others[i]) == 0) return false;
    }
    return true;
}

/* Regular files, and links that lead nowhere: those are clips that cannot be read. */
static bool is_clip(const char *path, const char *name) {
    struct stat info;
    if (!is_sound_name(name)) return false;
    return stat(path, &info) == 0 ? S_ISREG(info.st_mode) : lstat(path, &info) == 0;
}

/* The clips of one class folder, in *out of *n names in arena a. */
static nas_status list_class(nas_arena *a, const char *folder, const char *label, const char ***out,
                             size_t *n, nas_err *err) {
    char **names = NULL;
    size_t all = 0;
    const char *path = nas_arena_format(a, err, "%s/%s", folder, label);
    if (!path) return NAS_ENOMEM;
    NAS_TRY(nas_dir_list(a, path, &names, &all, err));
    const char **clips = nas_arena_array(a, all + 1, sizeof *clips, err);
    if (!clips) return NAS_ENOMEM;
    *n = 0;
    *out = clips;
    for (size_t i = 0; i < all; i++) {
        char file[PATH_ROOM];
        const int len = snprintf(file, sizeof file, "%s/%s", path, names[i]);
        if (len < 0 || (size_t)len >= sizeof file)
            return nas_fail(err, NAS_EINVAL, "the path %s/%s is too long", path, names[i]);
        if (is_clip(file, names[i])) clips[(*n)++] = names[i];
    }
    return NAS_OK;
}

/* Fills l->files. Class folders without clips are no classes unless they were asked for. */
static nas_status list_files(nas_arena *a, bool asked, nas_clip_list *l, nas_err *err) {
    const size_t most = (size_t)l->n_labels + 1;
    const char ***names = nas_arena_array(a, most, sizeof *names, err);
    size_t *counts = nas_arena_array(a, most, sizeof *counts, err), total = 0;
    if (!names || !counts) return NAS_ENOMEM;
    int32_t kept = 0;
    for (int32_t i = 0; i < l->n_labels; i++) {
        NAS_TRY(list_class(a, l->folder, l->labels[i], &names[kept], &counts[kept], err));
        if (counts[kept] == 0 && asked)
            return nas_fail(err, NAS_EINVAL, "the class folder %s/%s holds no sound file",
                            l->folder, l->labels[i]);
        if (counts[kept] == 0) continue;
        total += counts[kept];
        l->labels[kept++] = l->labels[i];
    }
    l->n_labels = kept;
    if (total > MOST_CLIPS)
        return nas_fail(err, NAS_EINVAL, "%s holds %zu clips; at most %d are read", l->folder,
                        total, MOST_CLIPS);
    l->files = nas_arena_array(a, total + 1, sizeof *l->files, err);
    if (!l->files) return NAS_ENOMEM;
    for (int32_t i = 0; i < kept; i++)
        for (size_t j = 0; j < counts[i]; j++) {
            const char *name = nas_arena_format(a, err, "%s/%s", l->labels[i], names[i][j]);
            if (!name) return NAS_ENOMEM;
            l->files[l->n++] = (nas_clip_file){.name = name, .label = i};
        }
    return NAS_OK;
}

static bool hash_file(const char *path, nas_hash *out) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    nas_hasher h = nas_hasher_start();
    uint8_t block[1 << 16];
    ssize_t got;
    while ((got = read(fd, block, sizeof block)) != 0) {
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) break;
        nas_hasher_add(&h, block, (size_t)got);
    }
    close(fd);
    *out = nas_hasher_end(&h);
    return got == 0;
}

typedef struct hashing {
    const char *folder;
    nas_clip_file *files;
} hashing;

static void hash_one(void *ctx, int64_t i) {
    const hashing *w = ctx;
    nas_clip_file *f = &w->files[i];
    char path[PATH_ROOM];
    const int len = snprintf(path, sizeof path, "%s/%s", w->folder, f->name);
    f->readable = len > 0 && (size_t)len < sizeof path && hash_file(path, &f->content);
    if (!f->readable) f->content = (nas_hash){0};
}

static nas_status hash_files(nas_clip_list *l, const nas_log *log, nas_err *err) {
    for (int32_t i = 0; i < l->n; i += HASH_BATCH) {
        if (nas_should_stop(log)) return nas_fail(err, NAS_ESTOP, "stopped while checking clips");
        const int32_t n = l->n - i < HASH_BATCH ? l->n - i : HASH_BATCH;
        hashing w = {.folder = l->folder, .files = l->files + i};
        nas_parallel(n, hash_one, &w);
        nas_progress(log, "checking clips", i + n, l->n);
    }
    return NAS_OK;
}

nas_status nas_clip_list_make(nas_arena *a, const nas_clips_options *o, const nas_log *log,
                              nas_clip_list *out, nas_err *err) {
    const char **classes = NULL;
    int32_t n_classes = 0;
    *out = (nas_clip_list){.folder = o->folder, .clip_seconds = o->clip_seconds};
    NAS_TRY(list_classes(a, o->folder, &classes, &n_classes, err));
    if (o->labels) {
        NAS_TRY(pick_labels(a, o, classes, n_classes, out, err));
    } else {
        out->labels = classes;
        out->n_labels = n_classes;
    }
    NAS_TRY(list_files(a, o->labels != NULL, out, err));
    if (out->n_labels < 2)
        return nas_fail(err, NAS_EINVAL,
                        "%s has %s; at least two class folders of sound files are needed "
                        "(<folder>/<class>/<clip>.wav)",
                        o->folder,
                        out->n_labels == 0 ? "no class folder with sound files"
                                           : "one class folder only");
    return hash_files(out, log, err);
}
