/* search/study/finals.c - the finalists: latency again with nobody else at work, and the test set,
 * once.
 */
#include "search/study/finals.h"
#include "search/study/study.h"
#include "search/task/task.h"
#include "store/read.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct finals {
    nas_store *store;
    nas_study_id study;
    int64_t trials; /* that have come to their ends */
    const nas_dataset *d;
    const nas_cache *cache;
    const nas_log *log;
} finals;

typedef struct podium {
    int64_t place[NAS_FINALISTS]; /* rows */
    int32_t n;
    int64_t all; /* of a front */
} podium;

static bool note_finalist(void *ctx, const nas_row *row) {
    podium *p = ctx;
    p->all++;
    if (p->n < NAS_FINALISTS) p->place[p->n++] = row->values[0].integer;
    return true;
}

/* In the order that makes the winner; of a front, in the order of its objectives. Without the
 * objective's value a trial is never the best, and the front has none of those. */
static nas_status best_rows(nas_store *store, const nas_study *study, podium *out, nas_err *err) {
    static const char *const columns[] = {"id"};
    const bool several = study->n_goals > 1;
    const nas_trials_ask ask = {
        .among = several ? NAS_AMONG_FRONT : NAS_AMONG_FEASIBLE,
        .feasible = several,
        .known = &study->goals[0].column,
        .n_known = several ? 0 : 1,
        .columns = columns,
        .n_columns = 1,
        .order = NAS_BY_RANK,
        .most = several ? 0 : NAS_FINALISTS,
    };
    *out = (podium){0};
    return nas_store_trials(store, study, &ask, note_finalist, out, err);
}

typedef struct stored {
    nas_candidate candidate;
    nas_features features;
    nas_graph graph;
} stored;

static nas_status load(nas_store *store, nas_study_id study, int64_t row, const nas_dataset *d,
                       const nas_cache *cache, const nas_log *log, nas_arena *a, stored *out,
                       nas_err *err) {
    uint8_t *text, *bytes;
    size_t n;
    nas_json *j = NULL;
    NAS_TRY(nas_store_artefact(store, study, row, "candidate.json", a, &text, &n, err));
    NAS_TRY(nas_json_parse(a, "candidate.json", (const char *)text, &j, err));
    const nas_status st =
        nas_candidate_decode(a, j, nas_json_root(j), d->outputs, &out->candidate, err);
    nas_json_close(j);
    NAS_TRY(st);
    NAS_TRY(nas_store_artefact(store, study, row, "model.tflite", a, &bytes, &n, err));
    out->graph = nas_graph_start(a);
    NAS_TRY(nas_tflite_read(bytes, n, &out->graph, err));
    return nas_features_open(d, &out->candidate, cache, log, &out->features, err);
}

static nas_status put_metric(nas_store *store, nas_study_id study, int64_t row,
                             const nas_metric *metric, double v, nas_err *err) {
    const nas_column column = {.name = metric->name, .type = NAS_COLUMN_REAL};
    const nas_value value = {.type = NAS_COLUMN_REAL, .real = v};
    return nas_store_set_metric(store, study, row, &column, &value, err);
}

/* The test set, and what each of its examples got. */
static nas_status read_test(nas_store *store, nas_study_id study, int64_t row, const stored *f,
                            const nas_dataset *d, const nas_log *log, nas_arena *a, double *metric,
                            nas_err *err) {
    const nas_task_ops *ops = d->task->ops;
    nas_tally test = {0};
    nas_answers answers;
    if (d->n_marks) NAS_TRY(nas_marks_open(d, true, a, &test.marks, err));
    NAS_TRY(ops->judge(d, &f->candidate, &f->features, &f->graph, NAS_TEST, log, &test, err));
    ops->conclude(d->task, &test, true, metric);
    if (!d->n_marks) return NAS_OK;
    NAS_TRY(ops->answers(d, test.marks, NAS_TEST, a, &answers, err));
    answers.score = metric[NAS_METRIC_TEST_SCORE];
    return nas_store_put_answers(store, study, row, &answers, err);
}

/* What is measured stands in the trial's row at once: it may change who is a finalist. */
static nas_status put_times(nas_store *store, nas_study_id study, int64_t row,
                            const nas_metric_list *list, const double *metric, nas_err *err) {
    for (int i = 0; i < list->n; i++)
        if (list->v[i].known == NAS_KNOWN_MEASURED && !isnan(metric[i]))
            NAS_TRY(put_metric(store, study, row, &list->v[i], metric[i], err));
    return NAS_OK;
}

static nas_status final_figures(const finals *f, int64_t row, const stored *file, nas_arena *a,
                                nas_err *err) {
    const nas_dataset *d = f->d;
    const nas_metric_list *list = &d->task->metrics;
    const nas_task_ops *ops = d->task->ops;
    double metric[NAS_METRICS_MOST];
    nas_final_figure got[NAS_METRICS_MOST];
    int32_t n = 0;
    for (int i = 0; i < NAS_METRICS_MOST; i++) metric[i] = (double)NAN;
    NAS_TRY(
        ops->latency(d, &file->candidate, &file->features, &file->graph, f->cache, metric, err));
    NAS_TRY(read_test(f->store, f->study, row, file, d, f->log, a, metric, err));
    NAS_TRY(put_times(f->store, f->study, row, list, metric, err));
    for (int i = 0; i < list->n; i++)
        if (!isnan(metric[i]) || i == NAS_METRIC_TEST_SCORE)
            got[n++] = (nas_final_figure){list->v[i].name, metric[i]};
    return nas_store_put_final(f->store, f->study, f->trials, row, got, n, err);
}

static nas_status judge(const finals *f, int64_t row, nas_err *err) {
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    stored file = {0};
    nas_status st = load(f->store, f->study, row, f->d, f->cache, f->log, a, &file, err);
    if (st == NAS_OK) st = final_figures(f, row, &file, a, err);
    nas_features_close(&file.features);
    nas_arena_close(a);
    return st;
}

/* Once in its life: what is there of an earlier end stands. *judged: it was not there. */
static nas_status judge_once(const finals *f, int64_t row, bool *judged, nas_err *err) {
    bool had = false;
    NAS_TRY(nas_store_had_final(f->store, f->study, row, &had, err));
    *judged = !had;
    return had ? NAS_OK : judge(f, row, err);
}

nas_status nas_run_final(nas_store *store, nas_study_id study, int64_t trials, int64_t row,
                         const nas_dataset *d, const nas_cache *cache, const nas_log *log,
                         bool *measured, nas_err *err) {
    const finals f = {store, study, trials, d, cache, log};
    return judge_once(&f, row, measured, err);
}

/* Times that are measured again may change who is feasible and in which order, so that others come
 * to the podium. Each trial is measured once at most, so this ends. */
static nas_status settle(const finals *f, const nas_study *study, podium *p, int32_t *measured,
                         nas_err *err) {
    for (bool changed = true; changed;) {
        changed = false;
        NAS_TRY(best_rows(f->store, study, p, err));
        for (int32_t i = 0; i < p->n && !f->d->task->ops->evaluate; i++) {
            bool judged;
            NAS_TRY(judge_once(f, p->place[i], &judged, err));
            changed = changed || judged;
            *measured += judged;
        }
    }
    return NAS_OK;
}

nas_status nas_run_finals(nas_store *store, nas_study_id study, const nas_space *s,
                          const nas_dataset *d, const nas_cache *cache, const nas_log *log,
                          nas_run_end *out, nas_err *err) {
    const finals f = {store, study, out->state.done, d, cache, log};
    podium p = {0};
    nas_study def;
    nas_study_id id;
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    nas_status st = nas_store_find(store, nas_space_name(s), a, &def, &id, err);
    if (st == NAS_OK) st = settle(&f, &def, &p, &out->measured, err);
    nas_arena_close(a);
    NAS_TRY(st);
    const bool several = nas_space_objectives(s) > 1;
    out->has_winner = p.n > 0 && !several;
    out->winner = out->has_winner ? p.place[0] : 0;
    out->front = several ? p.all : 0;
    out->finalists = p.n;
    for (int32_t i = 0; i < p.n; i++) out->finalist[i] = p.place[i];
    return NAS_OK;
}
