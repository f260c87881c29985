/* search/task/keywords/data.c - clips of a task, split. */
#include "core/data/clips/cuts.h"
#include "core/data/clips/noise.h"
#include "search/task/keywords/audit.h"
#include "search/task/keywords/keywords.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALIBRATION_CLIPS = 256 };

static nas_status collect_part(nas_arena *a, const nas_clips *c, const uint8_t *part, nas_part p,
                               nas_rows *out, nas_err *err) {
    int32_t n = 0;
    for (int32_t i = 0; i < c->n; i++) n += part[i] == p;
    int32_t *clip = nas_arena_array(a, (size_t)n, sizeof *clip, err);
    int32_t *label = nas_arena_array(a, (size_t)n, sizeof *label, err);
    if (!clip || !label) return NAS_ENOMEM;
    *out = (nas_rows){.n = n, .example = clip, .label = label};
    for (int32_t i = 0, k = 0; i < c->n; i++) {
        if (part[i] != p) continue;
        clip[k] = i;
        label[k++] = c->clips[i].label;
    }
    return NAS_OK;
}

typedef struct hashed_row {
    const nas_clip *clip;
    int32_t row;
} hashed_row;

static int by_content(const void *a, const void *b) {
    const hashed_row *x = a, *y = b;
    const int order = memcmp(x->clip->content.b, y->clip->content.b, sizeof x->clip->content.b);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static nas_status pick_calibration(nas_arena *a, nas_dataset *d, nas_err *err) {
    const nas_rows *train = &d->part[NAS_TRAIN];
    hashed_row *all = nas_arena_array(a, (size_t)train->n, sizeof *all, err);
    const int32_t n = train->n < CALIBRATION_CLIPS ? train->n : CALIBRATION_CLIPS;
    int32_t *rows = nas_arena_array(a, (size_t)n, sizeof *rows, err);
    if (!all || !rows) return NAS_ENOMEM;
    for (int32_t i = 0; i < train->n; i++)
        all[i] = (hashed_row){.clip = &nas_clips_of(d)->clips[train->example[i]], .row = i};
    qsort(all, (size_t)train->n, sizeof *all, by_content);
    for (int32_t i = 0; i < n; i++) rows[i] = all[i].row;
    d->calibration = rows;
    d->n_calibration = n;
    return NAS_OK;
}

static nas_status collect(nas_arena *a, const uint8_t *part, nas_dataset *d, nas_err *err) {
    for (int p = 0; p < NAS_PARTS; p++)
        NAS_TRY(collect_part(a, nas_clips_of(d), part, (nas_part)p, &d->part[p], err));
    return pick_calibration(a, d, err);
}

static nas_status split_and_index(nas_arena *a, const nas_task *task, bool allow_missing,
                                  const nas_log *log, nas_dataset *d, nas_err *err) {
    const nas_split_config *split = &nas_keywords_keys(task)->split;
    nas_dealt dealt;
    NAS_TRY(nas_clips_deal(nas_clips_of(d), split, allow_missing, log, log, a, &dealt, err));
    d->fingerprint = dealt.fingerprint;
    nas_keywords_of(d)->fold = dealt.fold;
    d->folds = dealt.fold ? split->folds : 0;
    return collect(a, dealt.part, d, err);
}

nas_status nas_keywords_open(nas_arena *a, const nas_task *task, bool allow_missing,
                             const nas_cache *cache, const nas_log *log, nas_dataset *d,
                             nas_err *err) {
    if (!nas_path_is_dir(d->folder))
        return nas_fail(err, NAS_ENOTFOUND,
                        "the clips' folder %s %s; a relative path starts where nas is run; --data "
                        "names another folder",
                        d->folder,
                        nas_path_exists(d->folder) ? "is not a folder" : "does not exist");
    const nas_keywords_task *k = nas_keywords_keys(task);
    nas_keywords_data *own = nas_arena_alloc(a, sizeof *own, err);
    if (!own) return NAS_ENOMEM;
    d->own = own;
    const nas_clips_options o = {
        .folder = d->folder,
        .labels = k->labels,
        .n_labels = k->n_labels,
        .parts = k->split.by == NAS_BY_FOLDERS,
        .unknown = &k->unknown,
        .silence = &k->silence,
        .clip_seconds = k->clip_seconds,
        .crop = (nas_crop)k->crop,
        .full_scale = k->full_scale,
        .unreadable = allow_missing ? INT32_MAX : k->unreadable,
        .unreadable_list = nas_clips_list_name(a, d->folder),
        .speaker_pattern = k->speaker_pattern,
        .cache = cache->dir,
    };
    nas_noise_files noise;
    NAS_TRY(nas_clips_open(&o, log, &own->clips, err));
    own->knows_noise = nas_noise_list(a, d->folder, &noise, NULL) == NAS_OK;
    own->noise = noise.hash;
    NAS_TRY(split_and_index(a, task, allow_missing, log, d, err));
    d->outputs = nas_clips_of(d)->n_labels;
    NAS_TRY(nas_keywords_groups(a, d, log, err));
    NAS_TRY(nas_audit_clips(d, cache, log, a, &own->audit, err));
    nas_audit_warn(own->audit, log);
    return NAS_OK;
}

static void check_list(const char *folder, const char *list, const nas_log *log) {
    char path[4096];
    if (!list) return;
    snprintf(path, sizeof path, "%s/%s", folder, list);
    if (!nas_path_exists(path)) nas_warn(log, "the list %s is not there", path);
}

nas_status nas_keywords_glance(const nas_task *task, const char *data, nas_arena *a,
                               const nas_log *log, int32_t *outputs, nas_err *err) {
    const nas_keywords_task *k = nas_keywords_keys(task);
    const nas_split_config *split = &k->split;
    nas_err own = {0};
    int32_t n = 0;
    const nas_clips_options o = {.folder = data,
                                 .labels = k->labels,
                                 .n_labels = k->n_labels,
                                 .parts = split->by == NAS_BY_FOLDERS,
                                 .unknown = &k->unknown,
                                 .silence = &k->silence};
    const nas_status st = nas_clips_classes(a, &o, &n, &own);
    if (st == NAS_ENOMEM) return nas_fail(err, st, "%s", own.text);
    if (st != NAS_OK)
        nas_warn(log, "%s", own.text);
    else if (!*outputs)
        *outputs = n;
    if (split->by != NAS_BY_LISTS) return NAS_OK;
    check_list(data, split->train_list, log);
    check_list(data, split->validation_list, log);
    check_list(data, split->test_list, log);
    return NAS_OK;
}

void nas_keywords_close(nas_dataset *d) {
    nas_keywords_data *own = d->own;
    if (own) nas_clips_close(own->clips);
    d->own = NULL;
}

nas_status nas_keywords_fold(nas_arena *a, const nas_dataset *d, int32_t k, nas_dataset *out,
                             nas_err *err) {
    assert(k >= 0 && k < d->folds);
    const nas_keywords_data *all = nas_keywords_of(d);
    nas_keywords_data *own = nas_arena_alloc(a, sizeof *own, err);
    if (!own) return NAS_ENOMEM;
    *own = (nas_keywords_data){
        .clips = all->clips, .knows_noise = all->knows_noise, .noise = all->noise};
    out->own = own;
    uint8_t *part = nas_arena_alloc(a, (size_t)all->clips->n, err);
    if (!part) return NAS_ENOMEM;
    out->judged = nas_split_fold_parts(all->clips, nas_keywords_keys(d->task)->split.stopping > 0,
                                       all->fold, k, part, &out->fingerprint);
    return collect(a, part, out, err);
}

int32_t nas_keywords_sample(const nas_dataset *d) {
    const nas_rows *validation = &d->part[NAS_VALIDATION];
    return validation->n ? validation->example[0] : d->part[NAS_TRAIN].example[0];
}
