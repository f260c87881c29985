/* search/study/promise.c - the trials of a study as a contest: outcomes by group from the store,
 * the rule of the space. */
#include "search/study/promise.h"

#include "search/study/study.h"
#include "search/task/task.h"
#include "store/read.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONTEST_MOST = 2000 };

typedef struct entry {
    int64_t row;
    double score, lo;
    int32_t rank; /* by the objective, bytes and number; or by bytes and number */
    const uint8_t *bits;
} entry;

typedef struct field {
    nas_store *store;
    nas_study_id id;
    const nas_study *study;
    const nas_dataset *d;
    nas_arena *a;
    nas_bound_rule rule;
    entry *v;
    int32_t n;
    int32_t *of, examples;         /* group of each example */
    int32_t *size, *right, groups; /* [groups], [n][groups] */
    nas_err *err;
} field;

static const nas_metric *score_of(const field *f) {
    return &f->d->task->metrics.v[NAS_METRIC_SCORE];
}

static bool is_of_score(const field *f, const char *column) {
    const nas_metric *m = score_of(f);
    return strcmp(column, m->name) == 0 || (m->bound && strcmp(column, m->bound) == 0);
}

/* The bound that the score must be above, the first; NULL: there is none. */
static const nas_bound *tested(const field *f) {
    for (int32_t i = 0; i < f->study->n_bounds; i++) {
        const nas_bound *b = &f->study->bounds[i];
        if (is_of_score(f, b->column) && nas_relation_direction(b->op) > 0) return b;
    }
    return NULL;
}

static bool is_on_end(const field *f, const nas_bound *b) {
    return b && strcmp(b->column, score_of(f)->name) != 0;
}

/* The least figure that keeps it; NaN: there is none. */
static double needed(const field *f) {
    const nas_bound *b = tested(f);
    if (!b) return (double)NAN;
    return b->op == NAS_AT_LEAST ? b->bound : nextafter(b->bound, (double)INFINITY);
}

static bool add_entry(void *ctx, const nas_contender *c) {
    field *f = ctx;
    f->v[f->n++] =
        (entry){.row = c->row, .score = c->figure, .lo = c->end, .rank = (int32_t)c->place};
    return f->n < CONTEST_MOST;
}

/* Complete trials that every constraint but the one that draws are tested against allows; those
 * that may win come before those that only the score forbids. */
static nas_status list_entries(field *f, bool smallest) {
    const bool by_size = smallest || is_of_score(f, f->study->goals[0].column);
    f->v = nas_arena_array(f->a, CONTEST_MOST, sizeof *f->v, f->err);
    if (!f->v) return NAS_ENOMEM;
    return nas_store_contest(f->store, f->study, tested(f), score_of(f)->name,
                             f->d->task->metrics.v[NAS_METRIC_SCORE_LO].name, by_size, CONTEST_MOST,
                             add_entry, f, f->err);
}

/* The group of each example, counted among groups that have some, from marks of all of them. */
static nas_status number_groups(field *f, const nas_marks *m) {
    int32_t *dense = nas_arena_array(f->a, (size_t)f->d->n_groups, sizeof *dense, f->err);
    f->of = nas_arena_array(f->a, (size_t)m->n, sizeof *f->of, f->err);
    if (!dense || !f->of) return NAS_ENOMEM;
    for (int32_t i = 0; i < m->n; i++) {
        if (m->right[i] == NAS_UNMARKED) continue;
        int32_t *number = &dense[f->d->group[i]];
        if (!*number) *number = ++f->groups;
        f->of[f->examples++] = *number - 1;
    }
    return NAS_OK;
}

typedef struct reading {
    field *f;
    uint8_t *bits;
    nas_status st;
} reading;

static bool read_answers(void *ctx, int64_t row, int64_t number, const nas_answers *said) {
    reading *r = ctx;
    field *f = r->f;
    (void)row;
    (void)number;
    if (!said->right) return false;
    if (!f->of) {
        nas_marks *m;
        r->st = nas_marks_open(f->d, false, f->a, &m, f->err);
        if (r->st == NAS_OK)
            r->st = f->d->task->ops->recall(f->d, said, NAS_VALIDATION, f->a, m, f->err);
        if (r->st == NAS_OK) r->st = number_groups(f, m);
    }
    if (r->st != NAS_OK || said->examples != f->examples) return false;
    const size_t bytes = ((size_t)f->examples + 7) / 8;
    r->bits = nas_arena_alloc(f->a, bytes, f->err);
    if (r->bits) memcpy(r->bits, said->right, bytes);
    r->st = r->bits ? NAS_OK : NAS_ENOMEM;
    return false; /* replicates come behind */
}

/* Those that have answers stay. */
static nas_status read_outcomes(field *f) {
    int32_t kept = 0;
    for (int32_t i = 0; i < f->n; i++) {
        reading r = {.f = f};
        NAS_TRY(nas_store_answers(f->store, f->id, f->v[i].row, "validation", read_answers, &r,
                                  f->err));
        NAS_TRY(r.st);
        if (!r.bits) continue;
        f->v[kept] = f->v[i];
        f->v[kept++].bits = r.bits;
    }
    f->n = kept;
    if (!kept) return NAS_OK;
    const size_t groups = (size_t)f->groups;
    f->right = nas_arena_array(f->a, (size_t)kept * groups, sizeof *f->right, f->err);
    f->size = nas_arena_array(f->a, groups, sizeof *f->size, f->err);
    if (!f->right || !f->size) return NAS_ENOMEM;
    for (int32_t i = 0; i < kept; i++)
        nas_outcomes_count(f->v[i].bits, f->of, f->examples, f->groups,
                           f->right + (size_t)i * groups, i ? NULL : f->size);
    return NAS_OK;
}

static int32_t best_of(const field *f) {
    int32_t best = 0;
    for (int32_t i = 1; i < f->n; i++) {
        const entry *a = &f->v[i], *b = &f->v[best];
        if (a->score > b->score || (a->score == b->score && a->rank < b->rank)) best = i;
    }
    return best;
}

/* Half of the interval of each trial's difference to the best; *noisy: how many lie within it. */
static nas_status find_noise(field *f, const nas_groups *g, double *half, int32_t *noisy) {
    const int32_t best = best_of(f);
    int32_t *only = nas_arena_array(f->a, 2 * (size_t)f->groups, sizeof *only, f->err);
    if (!only) return NAS_ENOMEM;
    *noisy = 0;
    for (int32_t i = 0; i < f->n; i++) {
        nas_pair_difference p;
        nas_outcomes_differ(f->v[best].bits, f->v[i].bits, f->of, f->examples, f->groups, only,
                            only + f->groups);
        nas_pair_compare(g, only, only + f->groups, &p);
        half[i] = (p.hi - p.lo) / 2;
        *noisy += p.lo <= 0;
    }
    return NAS_OK;
}

/* What each trial's score must reach to be taken at all; NULL where the highest score wins. */
static nas_status find_needs(field *f, const nas_space *s, const nas_groups *g, double **need,
                             int32_t *noisy) {
    const bool smallest = nas_space_search(s)->prefer != 0;
    const bool on_score = is_of_score(f, f->study->goals[0].column);
    double *v = nas_arena_array(f->a, (size_t)f->n, sizeof *v, f->err);
    const double bound = needed(f);
    const bool on_end = is_on_end(f, tested(f));
    if (!v) return NAS_ENOMEM;
    NAS_TRY(find_noise(f, g, v, noisy));
    const double best = f->v[best_of(f)].score;
    for (int32_t i = 0; i < f->n; i++) {
        v[i] = smallest ? best - v[i] : 0;
        const double least = bound + (on_end ? f->v[i].score - f->v[i].lo : 0);
        if (least > v[i]) v[i] = least; /* false where it is NaN */
    }
    *need = smallest || !on_score ? v : NULL;
    return NAS_OK;
}

/* Who may win at all where the highest score does: the end of a lower score may be the higher one.
 */
static void find_feasible(const field *f, bool *feasible) {
    const double bound = needed(f);
    const bool on_end = is_on_end(f, tested(f));
    for (int32_t i = 0; i < f->n; i++) {
        const double v = on_end ? f->v[i].lo : f->v[i].score;
        feasible[i] = isnan(bound) || v >= bound;
    }
}

static nas_status hold(field *f, const nas_space *s, const int64_t *finalist, int32_t n,
                       nas_promise *out) {
    const nas_groups g = {.groups = f->groups, .n = f->size};
    int32_t *rank = nas_arena_array(f->a, (size_t)f->n, sizeof *rank, f->err);
    double *wins = nas_arena_array(f->a, (size_t)f->n, sizeof *wins, f->err), *need;
    bool *feasible = nas_arena_array(f->a, (size_t)f->n, sizeof *feasible, f->err);
    if (!rank || !wins || !feasible) return NAS_ENOMEM;
    for (int32_t i = 0; i < f->n; i++) rank[i] = f->v[i].rank;
    NAS_TRY(find_needs(f, s, &g, &need, &out->noisy));
    find_feasible(f, feasible);
    bool any = false;
    for (int32_t i = 0; i < f->n; i++) any |= feasible[i];
    const nas_contest c = {.groups = &g,
                           .trials = f->n,
                           .right = f->right,
                           .feasible = need || !any ? NULL : feasible,
                           .rank = rank,
                           .need = need};
    const nas_bound *b = tested(f);
    NAS_TRY(nas_claim_winner(&c, &f->rule, b ? b->bound : (double)NAN, &out->claim, wins, f->err));
    out->trials = f->n;
    out->winner = f->v[out->claim.winner].row;
    out->there = any || need;
    for (int32_t i = 0; i < f->n; i++)
        for (int32_t k = 0; k < n; k++)
            if (f->v[i].row == finalist[k]) out->wins[k] = wins[i];
    return NAS_OK;
}

static nas_status make(field *f, const nas_space *s, const int64_t *finalist, int32_t n,
                       nas_promise *out) {
    NAS_TRY(list_entries(f, nas_space_search(s)->prefer != 0));
    NAS_TRY(read_outcomes(f));
    return f->n ? hold(f, s, finalist, n, out) : NAS_OK;
}

nas_status nas_promise_make(nas_store *store, nas_study_id id, const nas_study *study,
                            const nas_space *s, const nas_dataset *d, uint64_t seed,
                            const int64_t *finalist, int32_t n, nas_promise *out, nas_err *err) {
    const double confidence = study->confidence > 0 ? study->confidence : NAS_CONFIDENCE;
    *out = (nas_promise){0};
    if (!d->n_marks || !d->task->ops->counts || study->n_goals != 1 || !n) return NAS_OK;
    field f = {.store = store,
               .id = id,
               .study = study,
               .d = d,
               .rule = {confidence, NAS_BOUND_DRAWS, seed},
               .err = err};
    NAS_TRY(nas_arena_open(&f.a, err));
    const nas_status st = make(&f, s, finalist, n, out);
    nas_arena_close(f.a);
    return st;
}

nas_status nas_promise_keep(nas_store *store, nas_study_id id, const nas_promise *p,
                            double confidence, const int64_t *finalist, int32_t n, nas_err *err) {
    nas_claim_row rows[NAS_FINALISTS];
    for (int32_t i = 0; i < n; i++)
        rows[i] = (nas_claim_row){.trial = finalist[i], .wins = p->wins[i]};
    const nas_winner_claim *c = &p->claim;
    if (n && p->there) {
        const double wins = rows[0].wins;
        rows[0] = (nas_claim_row){finalist[0], wins,   p->trials, c->observed, c->claimed,
                                  c->lo,       c->low, c->high,   c->meets,    confidence};
    }
    return nas_store_put_claims(store, id, rows, p->there ? n : 0, err);
}
