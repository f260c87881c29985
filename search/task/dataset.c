/* search/task/dataset.c - clips of a task, split. */
#include "core/data/clips/cuts.h"
#include "core/data/clips/noise.h"
#include "search/task/keywords/audit.h"
#include "search/task/keywords/keywords.h"

#include <assert.h>
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
    *out = (nas_rows){.n = n, .clip = clip, .label = label};
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
        all[i] = (hashed_row){.clip = &d->clips->clips[train->clip[i]], .row = i};
    qsort(all, (size_t)train->n, sizeof *all, by_content);
    for (int32_t i = 0; i < n; i++) rows[i] = all[i].row;
    d->calibration = rows;
    d->n_calibration = n;
    return NAS_OK;
}

static nas_status collect(nas_arena *a, const uint8_t *part, nas_dataset *d, nas_err *err) {
    for (int p = 0; p < NAS_PARTS; p++)
        NAS_TRY(collect_part(a, d->clips, part, (nas_part)p, &d->part[p], err));
    return pick_calibration(a, d, err);
}

static nas_status split_and_index(nas_arena *a, const nas_task *task, bool allow_missing,
                                  const nas_log *log, nas_dataset *d, nas_err *err) {
    nas_dealt dealt;
    NAS_TRY(nas_clips_deal(d->clips, &task->split, allow_missing, log, log, a, &dealt, err));
    d->fingerprint = dealt.fingerprint;
    d->fold = dealt.fold;
    d->folds = dealt.fold ? task->split.folds : 0;
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
    const nas_clips_options o = {
        .folder = d->folder,
        .labels = task->labels,
        .n_labels = task->n_labels,
        .parts = task->split.by == NAS_BY_FOLDERS,
        .unknown = &task->unknown,
        .silence = &task->silence,
        .clip_seconds = task->clip_seconds,
        .crop = (nas_crop)task->crop,
        .full_scale = task->full_scale,
        .unreadable = allow_missing ? INT32_MAX : task->unreadable,
        .unreadable_list = nas_clips_list_name(a, d->folder),
        .speaker_pattern = task->speaker_pattern,
        .cache = cache->dir,
    };
    nas_noise_files noise;
    NAS_TRY(nas_clips_open(&o, log, &d->clips, err));
    d->knows_noise = nas_noise_list(a, d->folder, &noise, NULL) == NAS_OK;
    d->noise = noise.hash;
    NAS_TRY(split_and_index(a, task, allow_missing, log, d, err));
    d->outputs = d->clips->n_labels;
    NAS_TRY(nas_keywords_groups(a, d, log, err));
    NAS_TRY(nas_audit_clips(d, cache, log, a, &d->audit, err));
    nas_audit_warn(d->audit, log);
    return NAS_OK;
}

void nas_keywords_close(nas_dataset *d) {
    nas_clips_close(d->clips);
    d->clips = NULL;
}

nas_status nas_keywords_fold(nas_arena *a, const nas_dataset *d, int32_t k, nas_dataset *out,
                             nas_err *err) {
    assert(k >= 0 && k < d->folds);
    out->clips = d->clips;
    uint8_t *part = nas_arena_alloc(a, (size_t)d->clips->n, err);
    if (!part) return NAS_ENOMEM;
    out->judged = nas_split_fold_parts(d->clips, d->task->split.stopping > 0, d->fold, k, part,
                                       &out->fingerprint);
    return collect(a, part, out, err);
}

int32_t nas_dataset_sample(const nas_dataset *d) {
    const nas_rows *validation = &d->part[NAS_VALIDATION];
    return validation->n ? validation->clip[0] : d->part[NAS_TRAIN].clip[0];
}
