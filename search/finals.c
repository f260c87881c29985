/* search/finals.c - the finalists: latency again with nobody else at work, and the test part, once.
 */
#include "search/run.h"
#include "search/study.h"
#include "search/task.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct finalist {
    int64_t row;
    bool tested;
} finalist;

typedef struct podium {
    finalist place[NAS_FINALISTS];
    int32_t n;
    int64_t all; /* of a front */
} podium;

static bool note_finalist(void *ctx, const nas_row *row) {
    podium *p = ctx;
    p->all++;
    if (p->n < NAS_FINALISTS)
        p->place[p->n++] =
            (finalist){.row = row->values[0].integer, .tested = !row->values[1].is_null};
    return true;
}

/* In the order that makes the winner; of a front, in the order of its objectives. Without the
 * objective's value a trial is never the best, and the front has none of those. */
static nas_status best_rows(nas_store *store, const nas_space *s, podium *out, nas_err *err) {
    const char *test = nas_space_task(s)->metrics.v[NAS_METRIC_TEST_SCORE].name;
    char feasible[160], front[160], order[2048];
    const int32_t goals = nas_space_objectives(s);
    size_t used = 0;
    order[0] = '\0';
    for (int32_t i = 0; i < goals && used < sizeof order; i++) {
        const nas_objective *o = nas_space_objective(s, i);
        used += (size_t)snprintf(order + used, sizeof order - used, "\"%s\" %s, ", o->metric,
                                 o->maximize ? "desc" : "asc");
    }
    nas_view_name(nas_space_name(s), "_feasible", feasible);
    nas_view_name(nas_space_name(s), "_pareto", front);
    char sql[4096];
    if (goals > 1)
        snprintf(sql, sizeof sql,
                 "select id, %s from %s where id in (select id from %s)"
                 " order by %szlib_bytes, number",
                 test, front, feasible, order);
    else
        snprintf(sql, sizeof sql,
                 "select id, %s from %s where \"%s\" is not null order by %szlib_bytes, number"
                 " limit %d",
                 test, feasible, nas_space_objective(s, 0)->metric, order, NAS_FINALISTS);
    *out = (podium){0};
    return nas_store_query(store, sql, NULL, 0, note_finalist, out, err);
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

/* The test part, and what each of its examples got. */
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

static nas_status final_figures(nas_store *store, nas_study_id study, int64_t row, const stored *f,
                                const nas_dataset *d, const nas_cache *cache, const nas_log *log,
                                nas_arena *a, nas_err *err) {
    const nas_metric_list *list = &d->task->metrics;
    const nas_task_ops *ops = d->task->ops;
    double metric[NAS_METRICS_MOST];
    for (int i = 0; i < NAS_METRICS_MOST; i++) metric[i] = (double)NAN;
    NAS_TRY(ops->latency(d, &f->candidate, &f->features, &f->graph, cache, metric, err));
    NAS_TRY(read_test(store, study, row, f, d, log, a, metric, err));
    for (int i = 0; i < list->n; i++)
        if (i != NAS_METRIC_TEST_SCORE && !isnan(metric[i]))
            NAS_TRY(put_metric(store, study, row, &list->v[i], metric[i], err));
    /* Last: it is what says that this finalist is done. */
    return put_metric(store, study, row, &list->v[NAS_METRIC_TEST_SCORE],
                      metric[NAS_METRIC_TEST_SCORE], err);
}

static nas_status one_final(nas_store *store, nas_study_id study, int64_t row, const nas_dataset *d,
                            const nas_cache *cache, const nas_log *log, nas_err *err) {
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    stored f = {0};
    nas_status st = load(store, study, row, d, cache, log, a, &f, err);
    if (st == NAS_OK) st = final_figures(store, study, row, &f, d, cache, log, a, err);
    nas_features_close(&f.features);
    nas_arena_close(a);
    return st;
}

nas_status nas_run_final(nas_store *store, nas_study_id study, const nas_space *s, int64_t row,
                         const nas_dataset *d, const nas_cache *cache, const nas_log *log,
                         nas_err *err) {
    char sql[320], view[160];
    int64_t done = 0;
    const nas_value id = {.type = NAS_COLUMN_INTEGER, .integer = row};
    nas_view_name(nas_space_name(s), "", view);
    snprintf(sql, sizeof sql, "select %s is not null from %s where id = ?1",
             nas_space_task(s)->metrics.v[NAS_METRIC_TEST_SCORE].name, view);
    NAS_TRY(nas_store_query_integer(store, sql, &id, 1, &done, err));
    return done ? NAS_OK : one_final(store, study, row, d, cache, log, err);
}

/* The rows that this call has measured. A figure that is none is stored as NULL, so the column
 * alone does not tell. */
typedef struct measured {
    nas_arena *a;
    int64_t *row;
    int32_t n, room;
} measured;

static bool is_measured(const measured *m, const finalist *f) {
    bool there = f->tested;
    for (int32_t i = 0; i < m->n && !there; i++) there = m->row[i] == f->row;
    return there;
}

static nas_status note_measured(measured *m, int64_t row, nas_err *err) {
    if (m->n == m->room) {
        const int32_t room = m->room ? 2 * m->room : 16;
        int64_t *more = nas_arena_array(m->a, (size_t)room, sizeof *more, err);
        if (!more) return NAS_ENOMEM;
        if (m->n) memcpy(more, m->row, (size_t)m->n * sizeof *more);
        m->row = more;
        m->room = room;
    }
    m->row[m->n++] = row;
    return NAS_OK;
}

/* Times that are measured again may change who is feasible and in which order, so that others come
 * to the podium. Each trial is measured once at most, so this ends. */
static nas_status settle(nas_store *store, nas_study_id study, const nas_space *s,
                         const nas_dataset *d, const nas_cache *cache, const nas_log *log,
                         measured *m, podium *p, nas_err *err) {
    for (bool changed = true; changed;) {
        changed = false;
        NAS_TRY(best_rows(store, s, p, err));
        for (int32_t i = 0; i < p->n && !d->task->ops->evaluate; i++) {
            if (is_measured(m, &p->place[i])) continue;
            NAS_TRY(one_final(store, study, p->place[i].row, d, cache, log, err));
            NAS_TRY(note_measured(m, p->place[i].row, err));
            changed = true;
        }
    }
    return NAS_OK;
}

nas_status nas_run_finals(nas_store *store, nas_study_id study, const nas_space *s,
                          const nas_dataset *d, const nas_cache *cache, const nas_log *log,
                          nas_run_end *out, nas_err *err) {
    podium p = {0};
    measured m = {0};
    NAS_TRY(nas_arena_open(&m.a, err));
    const nas_status st = settle(store, study, s, d, cache, log, &m, &p, err);
    nas_arena_close(m.a);
    NAS_TRY(st);
    const bool several = nas_space_objectives(s) > 1;
    out->has_winner = p.n > 0 && !several;
    out->winner = out->has_winner ? p.place[0].row : 0;
    out->front = several ? p.all : 0;
    out->finalists = p.n;
    for (int32_t i = 0; i < p.n; i++) out->finalist[i] = p.place[i].row;
    return NAS_OK;
}
