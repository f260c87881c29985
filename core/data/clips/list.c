/* core/data/clips/list.c - which classes and clips a folder holds, and what their bytes are. */
#include "base/text/compose.h"
#include "base/text/visible.h"
#include "base/text/word.h"
#include "core/data/clips/int.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_ROOM = 4096, MOST_CLIPS = 50000000 };

/* What stands at the top of the data folder beside class folders. */
static void count_at_top(nas_clip_list *l, const char *path, const char *name) {
    bool is_clip = false;
    if (nas_clip_is_document(name)) return;
    if (nas_clip_is_file(path, name, &is_clip, NULL) != NAS_OK)
        is_clip = false; /* whatever it is, it is not used */
    nas_count(&l->left[is_clip ? NAS_LEFT_TOP : NAS_LEFT_NO_SOUND], name);
}

/* The folders in `folder`, which stands at `at` ("train/") of the data folder. */
static nas_status list_classes(nas_arena *a, nas_clip_list *l, const char *folder, const char *at,
                               const char ***out, int32_t *n, nas_err *err) {
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
        nas_path_kind kind;
        if (len < 0 || (size_t)len >= sizeof path)
            return nas_fail(err, NAS_EINVAL, "the path %s/%s is too long", folder, names[i]);
        NAS_TRY(nas_path_look(path, &kind, err));
        if (kind != NAS_PATH_FOLDER) {
            const char *name = nas_arena_format(a, err, "%s%s", at, names[i]);
            if (!name) return NAS_ENOMEM;
            count_at_top(l, path, name);
        } else if (strcmp(names[i], nas_noise_folder) != 0) {
            classes[(*n)++] = names[i];
        }
    }
    *out = classes;
    return NAS_OK;
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The parts' folders are there, and what stands beside them is counted. */
static nas_status check_parts(nas_arena *a, nas_clip_list *l, nas_err *err) {
    const char **beside;
    int32_t n;
    NAS_TRY(list_classes(a, l, l->folder, "", &beside, &n, err));
    for (const char *const *at = nas_clip_parts; *at; at++)
        if (!nas_path_is_dir(nas_arena_format(a, NULL, "%s/%s", l->folder, *at)))
            return nas_fail(err, NAS_ENOTFOUND,
                            "there is no folder %s/%s; a split by folders has the class folders in "
                            "train/, validation/ and test/ of %s",
                            l->folder, *at, l->folder);
    for (int32_t i = 0; i < n; i++) {
        bool part = false;
        for (const char *const *at = nas_clip_parts; *at; at++)
            part |= strlen(beside[i]) + 1 == strlen(*at) &&
                    memcmp(beside[i], *at, strlen(beside[i])) == 0;
        if (!part) nas_count(&l->left[NAS_LEFT_NO_PART], beside[i]);
    }
    return NAS_OK;
}

/* The class folders of all places, into l->folders. */
static nas_status list_all_classes(nas_arena *a, nas_clip_list *l, nas_err *err) {
    if (!l->parts) return list_classes(a, l, l->folder, "", &l->folders, &l->n_folders, err);
    const char **found[3];
    int32_t counts[3], all = 0;
    NAS_TRY(check_parts(a, l, err));
    for (int p = 0; p < 3; p++) {
        const char *folder = nas_arena_format(a, err, "%s/%s", l->folder, nas_clip_parts[p]);
        if (!folder) return NAS_ENOMEM;
        NAS_TRY(list_classes(a, l, folder, nas_clip_parts[p], &found[p], &counts[p], err));
        all += counts[p];
    }
    const char **names = nas_arena_array(a, (size_t)all + 1, sizeof *names, err);
    if (!names) return NAS_ENOMEM;
    l->folders = names;
    for (int p = 0, used = 0; p < 3; used += counts[p++])
        if (counts[p]) memcpy(names + used, found[p], (size_t)counts[p] * sizeof *names);
    qsort(names, (size_t)all, sizeof *names, compare_texts);
    for (int32_t i = 0; i < all; i++)
        if (i == 0 || strcmp(names[i], names[l->n_folders - 1]) != 0)
            names[l->n_folders++] = names[i];
    return NAS_OK;
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

/* Where a name stands among names; where none is written so, one that looks alike; else -1. */
static int32_t find_alike(const char *const *names, int32_t n, const char *name) {
    for (int32_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0) return i;
    for (int32_t i = 0; i < n; i++)
        if (nas_texts_alike(names[i], name)) return i;
    return -1;
}

static bool is_source(const nas_clips_options *o, const char *folder) {
    const nas_unknown_config *u = o->unknown;
    if (!u || !u->given) return false;
    return u->n_folders == 0 || find_alike(u->folders, u->n_folders, folder) >= 0;
}

/* How a label without a folder is made. */
typedef enum making { NOT, OF_OTHERS, OF_RECORDINGS } making;

static making making_of(const nas_clips_options *o, const char *label) {
    if (o->silence && o->silence->given && strcmp(o->silence->label, label) == 0)
        return OF_RECORDINGS;
    if (o->unknown && o->unknown->given && strcmp(o->unknown->label, label) == 0) return OF_OTHERS;
    return NOT;
}

/* Is there what it is made of? */
static bool can_be_made(const nas_clips_options *o, const nas_clip_list *l, making m) {
    if (m == OF_RECORDINGS) {
        char path[PATH_ROOM];
        nas_path_kind kind;
        const int n = snprintf(path, sizeof path, "%s/%s", o->folder, nas_noise_folder);
        if (n < 1 || (size_t)n >= sizeof path) return false;
        /* Where that cannot be told, whoever lists it says why. */
        return nas_path_look(path, &kind, NULL) != NAS_OK || kind == NAS_PATH_FOLDER;
    }
    for (int32_t i = 0; m == OF_OTHERS && i < l->n_folders; i++)
        if (is_source(o, l->folders[i]) && find_alike(o->labels, o->n_labels, l->folders[i]) < 0)
            return true;
    return false;
}

/* *unknown: which of the labels is made of other folders; as it was: none. */
static nas_status pick_labels(nas_arena *a, const nas_clips_options *o, nas_clip_list *l,
                              int32_t *unknown, nas_err *err) {
    l->labels = nas_arena_array(a, (size_t)o->n_labels + 1, sizeof *l->labels, err);
    if (!l->labels) return NAS_ENOMEM;
    for (int32_t i = 0; i < o->n_labels; i++) {
        const char *label = o->labels[i];
        if (strcmp(label, nas_noise_folder) == 0)
            return nas_fail(err, NAS_EINVAL, "labels: %s is never a class; leave it out", label);
        if (find_alike(o->labels, i, label) >= 0)
            return nas_fail(err, NAS_EINVAL, "labels: \"%s\" stands there twice", label);
        if (find_alike(l->folders, l->n_folders, label) < 0) {
            const making m = making_of(o, label);
            if (o->some && !can_be_made(o, l, m)) continue;
            if (m == NOT) return no_such_class(a, label, o->folder, l->folders, l->n_folders, err);
            if (m == OF_RECORDINGS) {
                if (!can_be_made(o, l, m)) return nas_no_recordings(o->folder, label, err);
                l->made.silence = l->n_labels;
                continue;
            }
            *unknown = l->n_labels;
        }
        if (!(l->labels[l->n_labels++] = nas_arena_text(a, label, err))) return NAS_ENOMEM;
    }
    if (l->n_labels == 0)
        return no_such_class(a, o->labels[0], o->folder, l->folders, l->n_folders, err);
    /* Whose labels are a model's asks about those alone. */
    for (int32_t k = 0; !o->some && k < l->n_folders; k++)
        if (find_alike(l->labels, l->n_labels, l->folders[k]) < 0 &&
            !(*unknown >= 0 && is_source(o, l->folders[k])))
            nas_count(&l->left[NAS_LEFT_NO_LABEL], l->folders[k]);
    return NAS_OK;
}

/* All class folders are classes: no two may look alike. */
static nas_status take_all(nas_clip_list *l, nas_err *err) {
    l->labels = l->folders;
    l->n_labels = l->n_folders;
    for (int32_t i = 1; i < l->n_labels; i++)
        for (int32_t k = 0; k < i; k++)
            if (nas_texts_alike(l->labels[k], l->labels[i]))
                return nas_fail(err, NAS_EINVAL,
                                "%s has two class folders \"%s\", which differ only in how letters "
                                "and their marks are put together; make them one",
                                l->folder, l->labels[i]);
    return NAS_OK;
}

/* Fills l->files. Class folders without clips are no classes unless they were asked for. */
static nas_status list_files(nas_arena *a, const nas_clips_options *o, nas_clip_list *l,
                             int32_t unknown, const nas_log *log, nas_err *err) {
    nas_clip_names *found = nas_arena_array(a, (size_t)l->n_labels + 1, sizeof *found, err);
    const char **labels = nas_arena_array(a, (size_t)l->n_labels + 1, sizeof *labels, err);
    size_t total = 0;
    if (!found || !labels) return NAS_ENOMEM;
    int32_t kept = 0, made = -1;
    const int32_t silence = l->made.silence;
    for (int32_t i = 0; i < l->n_labels; i++) {
        const int64_t of_classes = l->left[NAS_LEFT_OF_CLASSES].n;
        if (i == unknown) {
            labels[made = kept++] = l->labels[i];
            continue;
        }
        NAS_TRY(nas_clip_list_label(a, l, l->labels[i], &found[kept], err));
        if (found[kept].n == 0 && l->picked && !l->some)
            return nas_fail(err, NAS_EINVAL, "the class folder %s/%s holds no sound file",
                            l->folder, l->labels[i]);
        if (found[kept].n == 0 && l->left[NAS_LEFT_OF_CLASSES].n == of_classes)
            nas_count(&l->left[NAS_LEFT_NO_CLIPS], l->labels[i]);
        if (found[kept].n == 0)
            l->made.silence -= i < silence;
        else
            labels[kept++] = l->labels[i];
    }
    l->labels = labels;
    if (made >= 0) {
        NAS_TRY(nas_unknown_pick(a, o, l, found, kept, l->made.silence >= 0, log, &found[made],
                                 &l->made.folders, err));
        l->made.unknown = (int32_t)found[made].n;
        if (!found[made].n) { /* o->some */
            kept--;
            l->made.silence -= made < l->made.silence;
            for (int32_t i = made; i < kept; i++) {
                labels[i] = labels[i + 1];
                found[i] = found[i + 1];
            }
        }
    }
    l->n_labels = kept;
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

/* They become lines of labels.txt and texts of labels.h, by their number. */
static nas_status check_names(const nas_clip_list *l, nas_err *err) {
    for (int32_t i = 0; i < l->n_labels; i++) {
        char shown[256] = "", one[NAS_VISIBLE], *at = shown;
        if (nas_is_line(l->labels[i])) continue;
        for (const char *s = l->labels[i]; *s && at < shown + sizeof shown - NAS_VISIBLE;
             at = stpcpy(at, one))
            s += nas_visible(s, one);
        return nas_fail(err, NAS_EINVAL,
                        "%s: the class folder \"%s\" has a line break or another control "
                        "character in its name: rename it, or name the classes in task.labels",
                        l->folder, shown);
    }
    return NAS_OK;
}

/* Classes and names; nothing is opened but files whose ending says nothing. */
static nas_status list_names(nas_arena *a, const nas_clips_options *o, nas_clip_list *l,
                             const nas_log *log, nas_err *err) {
    int32_t unknown = -1;
    *l = (nas_clip_list){
        .folder = o->folder,
        .hearing = {o->clip_seconds, o->crop, o->full_scale > 0.0 ? o->full_scale : 1.0},
        .picked = o->labels != NULL,
        .some = o->some,
        .parts = o->parts,
        .unreadable = o->unreadable,
        .unreadable_list = o->unreadable_list,
        .made.silence = -1};
    NAS_TRY(list_all_classes(a, l, err));
    NAS_TRY(o->labels ? pick_labels(a, o, l, &unknown, err) : take_all(l, err));
    NAS_TRY(check_names(l, err));
    NAS_TRY(list_files(a, o, l, unknown, log, err));
    const int32_t least = o->some ? 1 : 2;
    if (l->n_labels && l->n_labels + (l->made.silence >= 0) >= least) return NAS_OK;
    return nas_fail(
        err, NAS_EINVAL,
        "%s has %s; at least two class folders of sound files are needed "
        "(<folder>/<class>/<clip>.wav)",
        l->folder, l->n_labels == 0 ? "no class folder with sound files" : "one class folder only");
}

nas_status nas_clips_classes(nas_arena *a, const nas_clips_options *o, int32_t *n, nas_err *err) {
    nas_clip_list l;
    const nas_status st = list_names(a, o, &l, NULL, err);
    *n = l.n_labels + (l.made.silence >= 0);
    return st;
}

nas_status nas_clip_list_make(nas_arena *a, const nas_clips_options *o, const nas_log *log,
                              nas_clip_list *out, nas_err *err) {
    const nas_status st = list_names(a, o, out, log, err);
    nas_clip_list_warn(out, o->speaker_pattern != NULL, log);
    return st == NAS_OK ? nas_clip_hash_all(out, log, err) : st;
}
