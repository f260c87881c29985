/* search/task/keywords/row.c - the task "keywords": one of several words in a short sound
 * clip. */
#include "search/task/keywords/keywords.h"

#include "search/task/keywords/audit.h"

#include "base/text/digits.h"
#include "core/kernel/level.h"
#include "search/candidate/candidate_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static nas_status keywords_build(nas_arena *a, const cJSON *task, nas_task *to, nas_err *err) {
    nas_keywords_task *out = nas_arena_alloc(a, sizeof *out, err);
    if (!out) return NAS_ENOMEM;
    to->own = out;
    const cJSON *labels = nas_json_get(task, "labels"), *split = nas_json_get(task, "split");
    const nas_block *by = nas_block_variant(nas_block_below(&nas_block_task, "split"), split);
    NAS_TRY(nas_keys_build(a, nas_block_task.tables[0], task, 0, out, err));
    to->data = out->data;
    NAS_TRY(nas_keys_build(a, by->tables[0], split, 0, &out->split, err));
    NAS_TRY(nas_keys_build(a, by->tables[1], split, 0, out, err));
    NAS_TRY(nas_made_build(a, task, out, err));
    NAS_TRY(nas_keywords_metrics(a, &to->metrics, err));
    if (!cJSON_IsArray(labels)) return NAS_OK;
    const int n = cJSON_GetArraySize(labels);
    const char **list = nas_arena_array(a, (size_t)n, sizeof *list, err);
    if (!list) return NAS_ENOMEM;
    for (const cJSON *l = labels->child; l; l = l->next) {
        if (!(list[out->n_labels] = nas_arena_text(a, l->valuestring, err))) return NAS_ENOMEM;
        out->n_labels++;
    }
    out->labels = list;
    return NAS_OK;
}

static int32_t keywords_outputs(const nas_task *task) {
    return nas_keywords_keys(task)->n_labels;
}

/* Whatever the front end says, a combination that cannot be is NAS_ESHAPE. */
static nas_status keywords_shape(const nas_candidate *c, nas_model *model, nas_err *err) {
    const double seconds = nas_keywords_keys(&c->task)->clip_seconds;
    const double samples = floor(seconds * (double)c->frontend.sample_rate_hz + 0.5);
    if (!(samples >= 1 && samples < 1e9))
        return nas_fail(err, NAS_ESHAPE, "task.clip_seconds: %g s at %d Hz are too many samples",
                        seconds, c->frontend.sample_rate_hz);
    int32_t frames = 0, bins = 0;
    NAS_TRY(nas_frontend_shape(&c->frontend, (int32_t)samples, &frames, &bins, err));
    model->input = (nas_shape){.h = frames, .w = bins, .c = 1};
    return NAS_OK;
}

static void keywords_describe(const nas_dataset *d, char *out, size_t n) {
    char all[32], train[32], validation[32], test[32];
    const int used = snprintf(out, n, "%d classes, %s clips (", nas_clips_of(d)->n_labels,
                              nas_thousands(nas_clips_of(d)->n, all));
    if (used < 0 || (size_t)used >= n) return;
    nas_thousands(d->part[NAS_TRAIN].n, train);
    nas_thousands(d->part[NAS_VALIDATION].n, validation);
    nas_thousands(d->part[NAS_TEST].n, test);
    if (d->folds && d->part[NAS_VALIDATION].n)
        snprintf(out + used, n - (size_t)used, "%d folds with %s and %s that pick epochs, test %s)",
                 d->folds, train, validation, test);
    else if (d->folds)
        snprintf(out + used, n - (size_t)used, "%d folds with %s, test %s)", d->folds, train, test);
    else
        snprintf(out + used, n - (size_t)used, "train %s, validation %s, test %s)", train,
                 validation, test);
    nas_made_describe(d, out, n);
}

static nas_status keywords_judge(const nas_dataset *d, const nas_candidate *c,
                                 const nas_features *f, const nas_graph *g, nas_part part,
                                 const nas_log *log, nas_tally *t, nas_err *err) {
    const nas_examples rows = nas_features_part(d, f, part);
    int32_t right;
    (void)c;
    NAS_TRY(nas_keywords_right(g, &rows, d->part[part].example, t->marks, &right, log, err));
    t->n += rows.n;
    t->sum[0] += right;
    return NAS_OK;
}

static void keywords_conclude(const nas_task *task, const nas_tally *t, bool test, double *metric) {
    (void)task;
    metric[test ? NAS_METRIC_TEST_SCORE : NAS_METRIC_SCORE] =
        t->n > 0 ? t->sum[0] / t->n : (double)NAN;
}

static nas_status keywords_latency(const nas_dataset *d, const nas_candidate *c,
                                   const nas_features *f, const nas_graph *g,
                                   const nas_cache *cache, double *metric, nas_err *err) {
    const int32_t rate = c->frontend.sample_rate_hz;
    const int32_t samples = (int32_t)lround(nas_clips_of(d)->clip_seconds * rate);
    float *pcm = malloc((size_t)samples * sizeof *pcm);
    if (!pcm) return nas_fail(err, NAS_ENOMEM, "latency: out of memory");
    nas_status st =
        nas_clips_read(nas_clips_of(d), nas_keywords_sample(d), rate, pcm, samples, err);
    if (st == NAS_OK) st = nas_keywords_time(g, &c->frontend, f, pcm, samples, cache, metric, err);
    free(pcm);
    return st;
}

/* As the exported C divides: nobody who follows the file divides by 0. */
static nas_status add_deviation(cJSON *o, const nas_features *f, nas_arena *a, nas_err *err) {
    float *divisor = nas_arena_array(a, (size_t)f->w, sizeof *divisor, err);
    if (!divisor) return NAS_ENOMEM;
    for (int32_t i = 0; i < f->w; i++) divisor[i] = nas_frontend_divisor(f->deviation[i]);
    nas_package_floats(o, "deviation", divisor, f->w);
    return NAS_OK;
}

static nas_status frontend_json(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                                nas_arena *a, const char **out, nas_err *err) {
    const nas_frontend_config *k = &c->frontend;
    cJSON *o = nas_package_start(NULL);
    cJSON_AddStringToObject(o, "kind", k->kind == NAS_MFCC ? "mfcc" : "log_mel");
    nas_package_number(o, "clip_seconds", nas_clips_of(d)->clip_seconds);
    if (nas_clips_of(d)->crop)
        cJSON_AddStringToObject(o, "crop", nas_crop_words[nas_clips_of(d)->crop]);
    nas_package_number(o, "sample_rate_hz", k->sample_rate_hz);
    if (k->level) cJSON_AddStringToObject(o, "level", k->level == NAS_LEVEL_PEAK ? "peak" : "rms");
    nas_package_number(o, "frame_length_ms", k->frame_length_ms);
    nas_package_number(o, "frame_step_ms", k->frame_step_ms);
    if (k->fft_length) nas_package_number(o, "fft_length", k->fft_length);
    nas_package_number(o, "mel_bins", k->mel_bins);
    nas_package_number(o, "lower_hz", k->lower_hz);
    nas_package_number(o, "upper_hz", k->upper_hz);
    if (k->kind == NAS_MFCC) nas_package_number(o, "coefficients", k->coefficients);
    cJSON_AddStringToObject(o, "normalize", k->normalize ? "coefficient" : "none");
    nas_package_number(o, "frames", f->h);
    nas_package_number(o, "features", f->w);
    nas_package_floats(o, "mean", f->mean, f->w);
    const nas_status st = add_deviation(o, f, a, err);
    const nas_status printed = nas_package_print(o, a, out, err);
    return st == NAS_OK ? printed : st;
}

static nas_status keywords_notes(const nas_dataset *d, const nas_candidate *c,
                                 const nas_features *f, nas_arena *a, nas_notes *out,
                                 nas_err *err) {
    const nas_frontend_config *k = &c->frontend;
    out->n_labels = nas_clips_of(d)->n_labels;
    out->labels = nas_clips_of(d)->labels;
    out->input = nas_arena_format(
        a, err,
        "%s of %g s at %d Hz, %d x %d: frames of %g ms, %g ms apart; %d mel bands, %g to %g Hz%s",
        k->kind == NAS_MFCC ? "mfcc" : "log_mel", nas_clips_of(d)->clip_seconds, k->sample_rate_hz,
        f->h, f->w, k->frame_length_ms, k->frame_step_ms, k->mel_bins, k->lower_hz, k->upper_hz,
        k->normalize ? "; normalised" : "");
    return out->input ? NAS_OK : NAS_ENOMEM;
}

static nas_status labels_txt(const nas_clips *c, nas_arena *a, const char **out, nas_err *err) {
    size_t n = 1;
    for (int32_t i = 0; i < c->n_labels; i++) n += strlen(c->labels[i]) + 1;
    char *text = nas_arena_alloc(a, n, err), *p = text;
    if (!text) return NAS_ENOMEM;
    for (int32_t i = 0; i < c->n_labels; i++) {
        p = stpcpy(p, c->labels[i]);
        *p++ = '\n';
    }
    *out = text;
    return NAS_OK;
}

static nas_status keywords_package(const nas_dataset *d, const nas_candidate *c,
                                   const nas_features *f, const nas_graph *g, const nas_tally *t,
                                   nas_arena *a, const char **out, nas_err *err) {
    (void)g;
    (void)t;
    NAS_TRY(frontend_json(d, c, f, a, &out[0], err));
    return labels_txt(nas_clips_of(d), a, &out[1], err);
}

static const char *const texts[] = {"frontend.json", "labels.txt", NULL};
static const char *const sources[] = {"frontend.h", "frontend.c", "labels.h", NULL};

static const char *const listed[] = {"accuracy", "test_accuracy", NULL};

const nas_task_ops nas_task_keywords = {
    .name = "keywords",
    .help = "classes of short sound clips",
    .block = &nas_block_task,
    .blocks = nas_keywords_blocks,
    .rows = nas_keywords_rows,
    .counts = true,
    .has = NAS_HAS_NET | NAS_HAS_SOUND,
    .listed = listed,
    .scores = nas_keywords_scores,
    .output_word = "classes",
    .outputs_text = "labels.txt",
    .data_word = "folder",
    .stopping = ", or set clips aside by \"stopping\": 0.1 in task.split",
    .texts = texts,
    .sources = sources,
    .check = nas_check_made,
    .build = keywords_build,
    .metrics = nas_keywords_metrics,
    .outputs = keywords_outputs,
    .glance = nas_keywords_glance,
    .shape = keywords_shape,
    .open = nas_keywords_open,
    .close = nas_keywords_close,
    .fold = nas_keywords_fold,
    .aims = nas_keywords_aims,
    .describe = keywords_describe,
    .features = nas_keywords_features,
    .part = nas_keywords_part,
    .refresh = nas_keywords_refresh,
    .notes = keywords_notes,
    .judge = keywords_judge,
    .conclude = keywords_conclude,
    .marks = nas_keywords_marks,
    .examples = nas_keywords_examples,
    .answers = nas_keywords_answers,
    .recall = nas_keywords_recall,
    .bounds = nas_keywords_bounds,
    .latency = keywords_latency,
    .package = keywords_package,
    .emit = nas_keywords_emit,
    .beside = nas_keywords_beside,
};

const nas_audit *nas_audit_of(const nas_dataset *d) {
    return d->task->ops == &nas_task_keywords ? nas_keywords_of(d)->audit : NULL;
}
