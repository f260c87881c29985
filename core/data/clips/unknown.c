/* core/data/clips/unknown.c - clips of a class that is "none of the labels", from other class
 * folders. */
#include "base/text/compose.h"
#include "base/text/word.h"
#include "core/data/clips/int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A class folder that clips are taken from. */
typedef struct source {
    const char *folder;
    nas_clip_names clips; /* of one place, in the order of the hash of their names */
    size_t take;
} source;

typedef struct hashed {
    uint64_t key;
    const char *name;
} hashed;

static int by_hash(const void *a, const void *b) {
    const hashed *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_clips(const void *a, const void *b) {
    const source *const *x = a, *const *y = b;
    if ((*x)->clips.n != (*y)->clips.n) return (*x)->clips.n < (*y)->clips.n ? -1 : 1;
    return strcmp((*x)->folder, (*y)->folder);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has(const char *const *names, int32_t n, const char *name) {
    for (int32_t i = 0; i < n; i++)
        if (nas_texts_alike(names[i], name)) return true;
    return false;
}

static nas_status no_such_folder(nas_arena *a, const nas_clips_options *o, const char *name,
                                 const nas_clip_list *l, nas_err *err) {
    const char **list = nas_arena_array(a, (size_t)l->n_folders + 1, sizeof *list, err);
    if (!list) return NAS_ENOMEM;
    for (int32_t i = 0; i < l->n_folders; i++) list[i] = l->folders[i];
    const char *near = nas_nearest(name, list);
    return nas_fail(
        err, NAS_ENOTFOUND, "task.unknown.folders: there is no class folder \"%s\" in %s%s%s%s",
        name, o->folder, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static nas_status find_sources(nas_arena *a, const nas_clips_options *o, const nas_clip_list *l,
                               source **out, int32_t *n, nas_err *err) {
    const nas_unknown_config *u = o->unknown;
    const size_t room = (size_t)(u->n_folders ? u->n_folders : l->n_folders) + 1;
    *n = 0;
    if (!(*out = nas_arena_array(a, room, sizeof **out, err))) return NAS_ENOMEM;
    for (int32_t i = 0; i < u->n_folders; i++) {
        if (has(l->folders, l->n_folders, u->folders[i]))
            (*out)[(*n)++].folder = u->folders[i];
        else if (!o->some)
            return no_such_folder(a, o, u->folders[i], l, err);
    }
    for (int32_t i = 0; !u->n_folders && i < l->n_folders; i++)
        if (!has(o->labels, o->n_labels, l->folders[i])) (*out)[(*n)++].folder = l->folders[i];
    if (*n) return NAS_OK;
    return nas_fail(err, NAS_ENOTFOUND,
                    "task.unknown: %s has no class folder that is no label, so there is nothing to "
                    "take \"%s\" from; add folders of other words, or a folder \"%s\"",
                    o->folder, u->label, u->label);
}

/* Clips of `from` below a place ("train/"; "": all). */
static size_t below(const nas_clip_names *from, const char *place) {
    size_t n = 0;
    for (size_t i = 0; i < from->n; i++) n += strncmp(from->p[i], place, strlen(place)) == 0;
    return n;
}

static nas_status order_clips(nas_arena *a, const nas_clip_names *from, const char *place,
                              nas_clip_names *out, nas_err *err) {
    hashed *all = nas_arena_array(a, from->n + 1, sizeof *all, err);
    *out = (nas_clip_names){.p = nas_arena_array(a, from->n + 1, sizeof *out->p, err)};
    if (!all || !out->p) return NAS_ENOMEM;
    for (size_t i = 0; i < from->n; i++) {
        if (strncmp(from->p[i], place, strlen(place)) != 0) continue;
        const nas_hash h = nas_hash_of(from->p[i], strlen(from->p[i]));
        all[out->n++] = (hashed){nas_hash_u64(&h), from->p[i]};
    }
    qsort(all, out->n, sizeof *all, by_hash);
    for (size_t i = 0; i < out->n; i++) out->p[i] = all[i].name;
    return NAS_OK;
}

/* As many from each source; what a small one lacks, the others give. Returns what is still wanted.
 */
static size_t share_out(source **by_size, int32_t n, size_t wanted) {
    for (int32_t i = 0; i < n; i++) {
        const size_t fair = wanted / (size_t)(n - i);
        by_size[i]->take = by_size[i]->clips.n < fair ? by_size[i]->clips.n : fair;
        wanted -= by_size[i]->take;
    }
    return wanted;
}

typedef struct picking {
    nas_arena *a;
    const nas_clips_options *o;
    const nas_clip_names *labels; /* [n_labels] clips, of unknown itself none */
    int32_t n_labels;
    double silence; /* its share where it is cut, else 0 */
    source *sources;
    const nas_clip_names *all; /* [n] all clips of the sources */
    int32_t n;
    size_t wanted, got;
    nas_clip_names *out;
} picking;

/* What is picked of one place. */
static nas_status pick_in(picking *p, const char *place, nas_err *err) {
    int64_t clips = 0;
    size_t room = p->out->n;
    source **by_size = nas_arena_array(p->a, (size_t)p->n, sizeof(source *), err);
    if (!by_size) return NAS_ENOMEM;
    for (int32_t i = 0; i < p->n_labels; i++) clips += (int64_t)below(&p->labels[i], place);
    for (int32_t i = 0; i < p->n; i++) {
        by_size[i] = &p->sources[i];
        NAS_TRY(order_clips(p->a, &p->all[i], place, &p->sources[i].clips, err));
        room += p->sources[i].clips.n;
    }
    qsort(by_size, (size_t)p->n, sizeof(source *), by_clips);
    const size_t want =
        (size_t)nas_made_count(clips, p->n_labels - 1, p->o->unknown->share, p->silence);
    p->wanted += want;
    p->got += want - share_out(by_size, p->n, want);
    const char **names = nas_arena_array(p->a, room + 1, sizeof *names, err);
    if (!names) return NAS_ENOMEM;
    if (p->out->n) memcpy(names, p->out->p, p->out->n * sizeof *names);
    p->out->p = names;
    for (int32_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < p->sources[i].take; k++)
            names[p->out->n++] = p->sources[i].clips.p[k];
    return NAS_OK;
}

nas_status nas_unknown_pick(nas_arena *a, const nas_clips_options *o, nas_clip_list *l,
                            const nas_clip_names *labels, int32_t n_labels, bool silence,
                            const nas_log *log, nas_clip_names *out, int32_t *folders,
                            nas_err *err) {
    static const char *const plain[] = {"", NULL};
    picking p = {.a = a,
                 .o = o,
                 .labels = labels,
                 .n_labels = n_labels,
                 .silence = silence ? o->silence->share : 0,
                 .out = out};
    *out = (nas_clip_names){0};
    NAS_TRY(find_sources(a, o, l, &p.sources, &p.n, err));
    nas_clip_names *all = nas_arena_array(a, (size_t)p.n, sizeof *all, err);
    if (!all) return NAS_ENOMEM;
    for (int32_t i = 0; i < p.n; i++)
        NAS_TRY(nas_clip_list_label(a, l, p.sources[i].folder, &all[i], err));
    for (int32_t i = 0; i < p.n; i++)
        if (!all[i].n) nas_count(&l->left[NAS_LEFT_NO_CLIPS], p.sources[i].folder);
    p.all = all;
    for (const char *const *at = o->parts ? nas_clip_parts : plain; *at; at++)
        NAS_TRY(pick_in(&p, *at, err));
    if (!out->n && o->some) return NAS_OK;
    if (!out->n)
        return nas_fail(err, NAS_EINVAL,
                        "task.unknown: the %d folders of %s that \"%s\" is taken from hold no "
                        "sound file, or its share is below one clip",
                        p.n, o->folder, o->unknown->label);
    qsort(out->p, out->n, sizeof *out->p, by_name);
    *folders = p.n;
    if (p.got < p.wanted)
        nas_warn(log,
                 "unknown: %zu clips of the %zu that were asked for, for the %d folders they are "
                 "taken from hold no more; add folders of other words, or set task.unknown.share",
                 p.got, p.wanted, p.n);
    return NAS_OK;
}
