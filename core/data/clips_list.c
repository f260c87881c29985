/* core/data/clips_list.c - which clips a folder holds, and what their bytes are. */
#include "base/cores.h"
#include "base/team.h"
#include "base/word.h"
#include "core/data/clips_int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

const char nas_noise_folder[] = "_background_noise_";

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
        if (strcmp(names[i], nas_noise_folder) != 0) classes[(*n)++] = names[i];
    }
    *out = classes;
    return NAS_OK;
}

/* Where class folders stand, in the order of the names of clips. */
static const char *const plain[] = {"", NULL};
const char *const nas_clip_parts[] = {"test/", "train/", "validation/", NULL};

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The classes of all places. */
static nas_status list_all_classes(nas_arena *a, const nas_clips_options *o, const char ***out,
                                   int32_t *n, nas_err *err) {
    if (!o->parts) return list_classes(a, o->folder, out, n, err);
    const char **found[3];
    int32_t counts[3], all = 0;
    for (int p = 0; p < 3; p++) {
        const char *folder = nas_arena_format(a, err, "%s/%s", o->folder, nas_clip_parts[p]);
        if (!folder) return NAS_ENOMEM;
        if (!nas_path_is_dir(folder))
            return nas_fail(err, NAS_ENOTFOUND,
                            "there is no folder %s; a split by folders has the class folders in "
                            "train/, validation/ and test/ of %s",
                            folder, o->folder);
        NAS_TRY(list_classes(a, folder, &found[p], &counts[p], err));
        all += counts[p];
    }
    const char **names = nas_arena_array(a, (size_t)all + 1, sizeof *names, err);
    if (!names) return NAS_ENOMEM;
    *out = names;
    *n = 0;
    for (int p = 0, used = 0; p < 3; used += counts[p++])
        if (counts[p]) memcpy(names + used, found[p], (size_t)counts[p] * sizeof *names);
    qsort(names, (size_t)all, sizeof *names, compare_texts);
    for (int32_t i = 0; i < all; i++)
        if (i == 0 || strcmp(names[i], names[*n - 1]) != 0) names[(*n)++] = names[i];
    return NAS_OK;
}

nas_status nas_clips_classes(nas_arena *a, const nas_clips_options *o, int32_t *n, nas_err *err) {
    const char **names;
    return list_all_classes(a, o, &names, n, err);
}

/* What makes a class that data sets often have no folder of. */
static const char *remedy_for(const char *label) {
    return strcmp(label, "_unknown_") == 0
               ? ". Set \"unknown\": {} in \"task\": it takes clips from folders of other words"
           : strcmp(label, "_silence_") == 0
               ? ". Set \"silence\": {} in \"task\": it is cut from the recordings in "
                 "_background_noise_"
               : "";
}

static nas_status no_such_class(nas_arena *a, const char *label, const char *folder,
                                const char **classes, int32_t n, nas_err *err) {
    char there[512] = "";
    size_t used = 0;
    const char **list = nas_arena_array(a, (size_t)n + 1, sizeof *list, err); /* ends with NULL */
    if (!list) return NAS_ENOMEM;
    for (int32_t i = 0; i < n; i++) {
        list[i] = classes[i];
        if (used + strlen(classes[i]) + 8 >= sizeof there) continue;
        used += (size_t)snprintf(there + used, sizeof there - used, "%s%s", used ? ", " : "",
                                 classes[i]);
    }
    if (n == 0)
        return nas_fail(err, NAS_ENOTFOUND, "there is no class \"%s\" in %s: it has no folders",
                        label, folder);
    list[n] = NULL;
    const char *near = nas_nearest(label, list);
    const char *remedy = remedy_for(label);
    return nas_fail(err, NAS_ENOTFOUND,
                    near && !*remedy
                        ? "there is no class \"%s\" in %s; there are: %s%s. Did you mean \"%s\"?"
                        : "there is no class \"%s\" in %s; there are: %s%s",
                    label, folder, there, remedy, near);
}

static bool has(const char *const *names, int32_t n, const char *name) {
    for (int32_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

/* Is a label without a folder made of other folders? With `some` only where there are some. */
static bool is_unknown(const nas_clips_options *o, const char *label, const char *const *classes,
                       int32_t n_classes) {
    bool other = !o->some;
    if (!o->unknown || !o->unknown->given || strcmp(o->unknown->label, label) != 0) return false;
    for (int32_t i = 0; i < n_classes && !other; i++)
        other = o->unknown->n_folders
                    ? has(o->unknown->folders, o->unknown->n_folders, classes[i])
                    : !has(o->labels, o->n_labels, classes[i]);
    return other;
}

/* The same of one that is cut from recordings. */
static bool is_silence(const nas_clips_options *o, const char *label) {
    char path[PATH_ROOM];
    if (!o->silence || !o->silence->given || strcmp(o->silence->label, label) != 0) return false;
    const int n = snprintf(path, sizeof path, "%s/%s", o->folder, nas_noise_folder);
    return !o->some || (n > 0 && (size_t)n < sizeof path && nas_path_is_dir(path));
}

/* *unknown: which of the labels is made of other folders; as it was: none. */
static nas_status pick_labels(nas_arena *a, const nas_clips_options *o, const char **classes,
                              int32_t n_classes, nas_clip_list *l, int32_t *unknown, nas_err *err) {
    l->labels = nas_arena_array(a, (size_t)o->n_labels + 1, sizeof *l->labels, err);
    if (!l->labels) return NAS_ENOMEM;
    for (int32_t i = 0; i < o->n_labels; i++) {
        const char *label = o->labels[i];
        if (strcmp(label, nas_noise_folder) == 0)
            return nas_fail(err, NAS_EINVAL, "labels: %s is never a class; leave it out", label);
        if (has(o->labels, i, label))
            return nas_fail(err, NAS_EINVAL, "labels: \"%s\" stands there twice", label);
        if (!has(classes, n_classes, label)) {
            if (is_silence(o, label)) {
                l->made.silence = l->n_labels;
                continue;
            }
            if (is_unknown(o, label, classes, n_classes))
                *unknown = l->n_labels;
            else if (o->some)
                continue;
            else
                return no_such_class(a, label, o->folder, classes, n_classes, err);
        }
        if (!(l->labels[l->n_labels++] = nas_arena_text(a, label, err))) return NAS_ENOMEM;
    }
    if (l->n_labels == 0)
        return no_such_class(a, o->labels[0], o->folder, classes, n_classes, err);
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
bool nas_clip_is_file(const char *path, const char *name) {
    struct stat info;
    if (!is_sound_name(name)) return false;
    return stat(path, &info) == 0 ? S_ISREG(info.st_mode) : lstat(path, &info) == 0;
}

/* Adds the clips of one class folder, `below` the folder ("train/up"). */
static nas_status list_class(nas_arena *a, const char *folder, const char *below,
                             nas_clip_names *out, nas_err *err) {
    char **found = NULL;
    size_t all = 0;
    const char *path = nas_arena_format(a, err, "%s/%s", folder, below);
    if (!path) return NAS_ENOMEM;
    NAS_TRY(nas_dir_list(a, path, &found, &all, err));
    const char **clips = nas_arena_array(a, out->n + all + 1, sizeof *clips, err);
    if (!clips) return NAS_ENOMEM;
    if (out->n) memcpy(clips, out->p, out->n * sizeof *clips);
    out->p = clips;
    for (size_t i = 0; i < all; i++) {
        char file[PATH_ROOM];
        const int len = snprintf(file, sizeof file, "%s/%s", path, found[i]);
        if (len < 0 || (size_t)len >= sizeof file)
            return nas_fail(err, NAS_EINVAL, "the path %s/%s is too long", path, found[i]);
        if (!nas_clip_is_file(file, found[i])) continue;
        if (!(clips[out->n++] = nas_arena_format(a, err, "%s/%s", below, found[i])))
            return NAS_ENOMEM;
    }
    return NAS_OK;
}

nas_status nas_clip_list_label(nas_arena *a, const nas_clips_options *o, const char *label,
                               nas_clip_names *out, nas_err *err) {
    *out = (nas_clip_names){0};
    for (const char *const *at = o->parts ? nas_clip_parts : plain; *at; at++) {
        char path[PATH_ROOM];
        const char *below = nas_arena_format(a, err, "%s%s", *at, label);
        if (!below) return NAS_ENOMEM;
        const int len = snprintf(path, sizeof path, "%s/%s", o->folder, below);
        const bool fits = len > 0 && (size_t)len < sizeof path;
        if (o->parts && fits && !nas_path_is_dir(path)) continue;
        NAS_TRY(list_class(a, o->folder, below, out, err));
    }
    return NAS_OK;
}

/* Fills l->files. Class folders without clips are no classes unless they were asked for. */
static nas_status list_files(nas_arena *a, const nas_clips_options *o, nas_clip_list *l,
                             const nas_class_folders *there, int32_t unknown, const nas_log *log,
                             nas_err *err) {
    nas_clip_names *found = nas_arena_array(a, (size_t)l->n_labels + 1, sizeof *found, err);
    size_t total = 0;
    if (!found) return NAS_ENOMEM;
    int32_t kept = 0, made = unknown;
    const int32_t silence = l->made.silence;
    for (int32_t i = 0; i < l->n_labels; i++) {
        if (i != unknown) NAS_TRY(nas_clip_list_label(a, o, l->labels[i], &found[kept], err));
        if (found[kept].n == 0 && o->labels && i != unknown && !o->some)
            return nas_fail(err, NAS_EINVAL, "the class folder %s/%s holds no sound file",
                            l->folder, l->labels[i]);
        if (found[kept].n == 0 && i != unknown) {
            l->made.silence -= i < silence;
            continue;
        }
        if (i == unknown) made = kept;
        l->labels[kept++] = l->labels[i];
    }
    l->n_labels = kept;
    if (unknown >= 0) {
        NAS_TRY(nas_unknown_pick(a, o, there, found, kept, l->made.silence >= 0, log,
                                 &found[made], &l->made.folders, err));
        l->made.unknown = (int32_t)found[made].n;
    }
    for (int32_t i = 0; i < kept; i++) total += found[i].n;
    if (total > MOST_CLIPS)
        return nas_fail(err, NAS_EINVAL, "%s holds %zu clips; at most %d are read", l->folder,
                        total, MOST_CLIPS);
    l->files = nas_arena_array(a, total + 1, sizeof *l->files, err);
    if (!l->files) return NAS_ENOMEM;
    for (int32_t i = 0; i < kept; i++)
        for (size_t j = 0; j < found[i].n; j++)
            l->files[l->n++] = (nas_clip_file){.name = found[i].p[j], .label = i};
    return NAS_OK;
}

bool nas_clip_hash_file(const char *path, nas_hash *out) {
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

static void hash_one(void *ctx, int32_t i, int32_t lane) {
    const hashing *w = ctx;
    (void)lane;
    nas_clip_file *f = &w->files[i];
    char path[PATH_ROOM];
    const int len = snprintf(path, sizeof path, "%s/%s", w->folder, f->name);
    f->readable = len > 0 && (size_t)len < sizeof path && nas_clip_hash_file(path, &f->content);
    if (!f->readable) f->content = (nas_hash){0};
}

static nas_status hash_files(nas_clip_list *l, const nas_log *log, nas_err *err) {
    for (int32_t i = 0; i < l->n; i += HASH_BATCH) {
        if (nas_should_stop(log)) return nas_fail(err, NAS_ESTOP, "stopped while checking clips");
        const int32_t n = l->n - i < HASH_BATCH ? l->n - i : HASH_BATCH;
        hashing w = {.folder = l->folder, .files = l->files + i};
        nas_team_run(nas_cores(), n, hash_one, &w);
        nas_progress(log, "checking clips", i + n, l->n);
    }
    return NAS_OK;
}

nas_status nas_clip_list_make(nas_arena *a, const nas_clips_options *o, const nas_log *log,
                              nas_clip_list *out, nas_err *err) {
    const char **classes = NULL;
    int32_t n_classes = 0;
    *out =
        (nas_clip_list){.folder = o->folder, .clip_seconds = o->clip_seconds, .made.silence = -1};
    int32_t unknown = -1;
    NAS_TRY(list_all_classes(a, o, &classes, &n_classes, err));
    if (o->labels) {
        NAS_TRY(pick_labels(a, o, classes, n_classes, out, &unknown, err));
    } else {
        out->labels = classes;
        out->n_labels = n_classes;
    }
    const nas_class_folders there = {n_classes, classes};
    NAS_TRY(list_files(a, o, out, &there, unknown, log, err));
    if (out->n_labels + (out->made.silence >= 0) < (o->some ? 1 : 2))
        return nas_fail(err, NAS_EINVAL,
                        "%s has %s; at least two class folders of sound files are needed "
                        "(<folder>/<class>/<clip>.wav)",
                        o->folder,
                        out->n_labels == 0 ? "no class folder with sound files"
                                           : "one class folder only");
    return hash_files(out, log, err);
}
