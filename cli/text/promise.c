/* cli/text/promise.c - what is claimed of a winner, as people read it. */
#include "cli/text/report.h"
#include "search/estimate/estimate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct promise {
    nas_store *store;
    const nas_study *study;
    nas_study_id id;
    int64_t row, trained; /* of a reused trial another one */
    int64_t trials;
    double observed, claimed, lo, low, high, meets, confidence;
} promise;

static bool note_claim(void *ctx, const nas_row *row) {
    promise *p = ctx;
    double *const to[] = {&p->observed, &p->claimed, &p->lo,        &p->low,
                          &p->high,     &p->meets,   &p->confidence};
    p->trained = row->values[0].integer;
    p->trials = row->values[1].integer;
    for (size_t i = 0; i < sizeof to / sizeof *to; i++)
        *to[i] = nas_value_real(&row->values[i + 2]);
    return false;
}

static bool find_claim(promise *p) {
    char sql[512];
    const nas_value v[] = {{.type = NAS_COLUMN_INTEGER, .integer = p->id.study},
                           {.type = NAS_COLUMN_INTEGER, .integer = p->id.version},
                           {.type = NAS_COLUMN_INTEGER, .integer = p->row}};
    snprintf(
        sql, sizeof sql,
        "select coalesce(t.reused, t.id), c.trials, observed, claimed, claimed_lo,"
        " claimed_low, claimed_high, meets, confidence from nas_claims c join nas_trials_%" PRId64
        " t on t.id = c.trial where c.study = ?1 and c.version = ?2 and c.place = 0 and"
        " c.trial = ?3 and c.trials is not null",
        p->id.study);
    return nas_store_query(p->store, sql, v, 3, note_claim, p, NULL) == NAS_OK && p->trials;
}

/* Examples of a part by group. */
typedef struct tally {
    int32_t *n, *right, groups, room;
} tally;

static bool add_group(void *ctx, const nas_row *row) {
    tally *t = ctx;
    if (t->groups == t->room) {
        const int32_t room = t->room ? 2 * t->room : 64;
        int32_t *n = realloc(t->n, (size_t)room * sizeof *n);
        if (n) t->n = n;
        int32_t *right = n ? realloc(t->right, (size_t)room * sizeof *right) : NULL;
        if (!right) return false;
        t->right = right;
        t->room = room;
    }
    t->n[t->groups] = (int32_t)row->values[0].integer;
    t->right[t->groups++] = (int32_t)row->values[1].integer;
    return true;
}

static bool accuracy_of(const promise *p, const char *part, double confidence, nas_accuracy *out) {
    tally t = {0};
    const nas_value v[] = {{.type = NAS_COLUMN_INTEGER, .integer = p->id.study},
                           {.type = NAS_COLUMN_INTEGER, .integer = p->trained},
                           {.type = NAS_COLUMN_TEXT, .text = part}};
    const nas_bound_rule rule = {confidence, NAS_BOUND_DRAWS, 0};
    bool good = nas_store_query(p->store,
                                "select count(*), sum(\"right\") from nas_verdicts where study ="
                                " ?1 and trial = ?2 and part = ?3 and replicate = 0 group by"
                                " \"group\"",
                                v, 3, add_group, &t, NULL) == NAS_OK &&
                t.groups > 0;
    const nas_groups g = {.groups = t.groups, .n = t.n};
    if (good) good = nas_accuracy_bound(&g, t.right, &rule, out, NULL) == NAS_OK;
    free(t.n);
    free(t.right);
    return good;
}

static const nas_bound *score_bound(const promise *p) {
    const char *score = nas_study_score(p->study);
    const size_t n = strlen(score);
    for (int32_t i = 0; i < p->study->n_bounds; i++) {
        const nas_bound *b = &p->study->bounds[i];
        if (!strncmp(b->column, score, n) && (!b->column[n] || !strcmp(b->column + n, "_lo")) &&
            b->op[0] == '>')
            return b;
    }
    return NULL;
}

/* "about 3,500 clips like these would settle accuracy > 0.9, there are 1,849". The lower of two
 * ends is tested, and the estimate knows one: it may ask for fewer than there are. */
static void put_needed(int64_t needed, const char *what, int64_t there) {
    char n[32], have[32];
    nas_thousands(there, have);
    if (needed > there)
        printf("about %s clips like these would settle ", nas_thousands(needed, n));
    else
        printf("a few more clips than these %s would settle ", have);
    cli_print_visible(stdout, what, false);
    if (needed > there) printf(", there are %s", have);
    putchar('\n');
}

static void print_bound(const promise *p, const nas_accuracy *all) {
    const nas_bound *b = score_bound(p);
    if (!b) return;
    fputs("    ", stdout);
    cli_print_visible(stdout, b->text, false);
    printf(": holds with probability %.2f; lower end %.4f %s\n", p->meets, p->lo,
           p->lo > b->bound ? "(kept)" : "(NOT SURE)");
    if (p->lo > b->bound) return;
    const int64_t needed = nas_examples_needed(p->claimed, b->bound, all->deff, p->confidence);
    if (needed) {
        fputs("    ", stdout);
        put_needed(needed, "it", all->n);
    } else {
        puts("    no number of clips would settle it: what is claimed is not above the bound");
    }
}

/* Those who were finalists of fewer trials were asked, too: what is read off the test part in the
 * end has been looked at so often. */
static void print_asked(const promise *p) {
    const nas_value v[] = {{.type = NAS_COLUMN_INTEGER, .integer = p->id.study},
                           {.type = NAS_COLUMN_INTEGER, .integer = p->id.version},
                           {.type = NAS_COLUMN_INTEGER, .integer = p->trained}};
    int64_t asked = 0;
    if (nas_store_schema(p->store) < NAS_STORE_DATA) return;
    (void)!nas_store_query_integer(
        p->store,
        "select count(*) from nas_answers where study = ?1 and part = 'test' and data = (select"
        " data from nas_answers where study = ?1 and trial = ?3 and part = 'test') having"
        " count(*) > (select count(*) from nas_claims where study = ?1 and version = ?2)",
        v, 3, &asked, NULL);
    if (asked) printf("      %" PRId64 " trials were asked about the test part\n", asked);
}

static void print_test(const promise *p) {
    nas_accuracy test;
    char n[32], groups[32], times[48] = "once";
    int64_t reads = 0;
    const nas_value v[] = {{.type = NAS_COLUMN_INTEGER, .integer = p->id.study},
                           {.type = NAS_COLUMN_INTEGER, .integer = p->trained}};
    if (!accuracy_of(p, "test", 0.975, &test)) return;
    (void)!nas_store_query_integer(p->store,
                                   "select reads from nas_answers where study = ?1 and trial = ?2"
                                   " and part = 'test'",
                                   v, 2, &reads, NULL);
    if (reads > 1) snprintf(times, sizeof times, "%s times", nas_thousands(reads, n));
    printf("    test part, read %s: %.4f (%.4f .. %.4f), %s clips of %s%s speakers\n", times,
           test.accuracy, test.lo, test.hi, nas_thousands(test.n, n), test.few ? "only " : "",
           nas_thousands(test.groups, groups));
    print_asked(p);
}

static bool add_seed(void *ctx, const nas_row *row) {
    int32_t *n = ctx;
    const double score = nas_value_real(&row->values[0]);
    fputs((*n)++ ? ", " : "    trained from other seeds: ", stdout);
    if (isnan(score))
        fputs("diverged", stdout);
    else
        printf("%.4f", score);
    return true;
}

static void print_seeds(const promise *p) {
    int32_t n = 0;
    const nas_value v[] = {{.type = NAS_COLUMN_INTEGER, .integer = p->id.study},
                           {.type = NAS_COLUMN_INTEGER, .integer = p->trained}};
    (void)!nas_store_query(p->store,
                           "select score from nas_answers where study = ?1 and trial = ?2 and"
                           " replicate > 0 and part = 'validation' order by replicate",
                           v, 2, add_seed, &n, NULL);
    if (n) printf(" (what ships has %.4f)\n", p->observed);
}

static bool add_win(void *ctx, const nas_row *row) {
    int32_t *n = ctx;
    printf("%s#%" PRId64 " %.0f %%",
           (*n)++ ? ", " : "    on other draws of the speakers wins: ", row->values[0].integer,
           100 * nas_value_real(&row->values[1]));
    return true;
}

static void print_wins(const promise *p) {
    char sql[320];
    int32_t n = 0;
    const nas_value v[] = {{.type = NAS_COLUMN_INTEGER, .integer = p->id.study},
                           {.type = NAS_COLUMN_INTEGER, .integer = p->id.version}};
    if (p->trials < 2) return;
    snprintf(sql, sizeof sql,
             "select t.number, c.wins from nas_claims c join nas_trials_%" PRId64
             " t on t.id = c.trial where c.study = ?1 and c.version = ?2 order by c.place",
             p->id.study);
    (void)!nas_store_query(p->store, sql, v, 2, add_win, &n, NULL);
    if (n) puts("");
}

typedef struct near_miss {
    int64_t number, row;
    double score, lo;
} near_miss;

static bool note_miss(void *ctx, const nas_row *row) {
    near_miss *m = ctx;
    *m = (near_miss){row->values[0].integer, row->values[1].integer,
                     nas_value_real(&row->values[2]), nas_value_real(&row->values[3])};
    return false;
}

/* The best trial that only the end of its interval keeps from the bound b. To be freed; NULL: no
 * memory. */
static char *miss_sql(const promise *p, const nas_bound *b) {
    const char *score = nas_study_score(p->study);
    char *sql = NULL, view[160];
    size_t n = 0;
    FILE *f = open_memstream(&sql, &n);
    if (!f) return NULL;
    nas_view_name(p->study->name, "", view);
    fprintf(
        f,
        "select number, coalesce(reused, id), \"%s\", \"%s\" from %s where state = 'complete' and"
        " \"%s\" > %.17g and \"%s\" <= %.17g",
        score, b->column, view, score, b->bound, b->column, b->bound);
    for (int32_t i = 0; i < p->study->n_bounds; i++) {
        const nas_bound *o = &p->study->bounds[i];
        if (o != b)
            fprintf(f, " and \"%s\" %s %.17g", o->column, strcmp(o->op, "==") ? o->op : "=",
                    o->bound);
    }
    fprintf(f, " order by \"%s\" desc, number limit 1", b->column);
    if (fclose(f) == 0) return sql;
    free(sql);
    return NULL;
}

void cli_print_settling(nas_store *store, const nas_study *study, nas_study_id id) {
    promise p = {.store = store, .study = study, .id = id};
    near_miss m = {.number = -1};
    nas_accuracy all;
    const nas_bound *b = score_bound(&p);
    if (!b || strcmp(b->column, nas_study_score(study)) == 0) return;
    char *sql = miss_sql(&p, b);
    if (sql) (void)!nas_store_query(store, sql, NULL, 0, note_miss, &m, NULL);
    free(sql);
    p.trained = m.row;
    if (m.number < 0 || !accuracy_of(&p, "validation", 0.975, &all)) return;
    const double confidence = study->confidence > 0 ? study->confidence : 0.95;
    const int64_t needed = nas_examples_needed(m.score, b->bound, all.deff, confidence);
    if (!needed) return;
    printf("#%" PRId64 " has %.4f, but the lower end %.4f:\n  ", m.number, m.score, m.lo);
    put_needed(needed, b->text, all.n);
}

void cli_print_promise(nas_store *store, const nas_study *study, nas_study_id id, int64_t row) {
    promise p = {.store = store, .study = study, .id = id, .row = row};
    char trials[32];
    int64_t folds = 0;
    const nas_value v[2] = {{.type = NAS_COLUMN_INTEGER, .integer = id.study},
                            {.type = NAS_COLUMN_INTEGER, .integer = id.version}};
    const bool of_data = nas_store_schema(store) >= NAS_STORE_DATA;
    nas_accuracy all;
    if (!find_claim(&p) || !accuracy_of(&p, "validation", 0.975, &all)) return;
    puts("promise, for speakers that it has never heard");
    printf("    claimed accuracy %.4f (%.4f .. %.4f)\n", p.claimed, p.low, p.high);
    if (p.trials > 1)
        printf("    %.4f was the best of %s, which flatters\n", p.observed,
               nas_thousands(p.trials, trials));
    if (all.few) puts("    of few speakers: such ends are not to be relied on");
    print_bound(&p, &all);
    print_test(&p);
    print_seeds(&p);
    print_wins(&p);
    (void)!nas_store_query_integer(
        store,
        of_data ? "select count(distinct fold) from nas_examples where study = ?1 and data ="
                  " (select data from nas_spaces where study = ?1 and version = ?2)"
                : "select count(distinct fold) from nas_examples where study = ?1",
        v, of_data ? 2 : 1, &folds, NULL);
    if (folds > 1)
        printf("    judged by nets that learned from %" PRId64 " of %" PRId64
               " folds; the one that ships from all\n",
               folds - 1, folds);
}
