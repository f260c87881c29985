/* cli/text/promise.c - what is claimed of a winner, as people read it. */
#include "cli/text/report.h"

#include "base/companion.h"
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

static bool note_claim(void *ctx, const nas_claimed_row *c) {
    promise *p = ctx;
    if (c->claim.trial != p->row || !c->claim.trials) return false; /* the winner stands first */
    p->trained = c->trained;
    p->trials = c->claim.trials;
    p->observed = c->claim.observed;
    p->claimed = c->claim.claimed;
    p->lo = c->claim.lo;
    p->low = c->claim.low;
    p->high = c->claim.high;
    p->meets = c->claim.meets;
    p->confidence = c->claim.confidence;
    return false;
}

static bool find_claim(promise *p) {
    return nas_store_claims(p->store, p->id, note_claim, p, NULL) == NAS_OK && p->trials;
}

/* Examples of a part by group. */
typedef struct tally {
    int32_t *n, *right, groups, room;
} tally;

static bool add_group(void *ctx, const nas_share *g) {
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
    t->n[t->groups] = (int32_t)g->n;
    t->right[t->groups++] = (int32_t)g->right;
    return true;
}

static bool accuracy_of(const promise *p, const char *part, double confidence, nas_accuracy *out) {
    tally t = {0};
    const nas_bound_rule rule = {confidence, NAS_BOUND_DRAWS, 0};
    bool good =
        nas_store_shares(p->store, p->id, p->trained, part, false, add_group, &t, NULL) == NAS_OK &&
        t.groups > 0;
    const nas_groups g = {.groups = t.groups, .n = t.n};
    if (good) good = nas_accuracy_bound(&g, t.right, &rule, out, NULL) == NAS_OK;
    free(t.n);
    free(t.right);
    return good;
}

static const nas_bound *score_bound(const promise *p) {
    const char *score = nas_study_score(p->study);
    for (int32_t i = 0; i < p->study->n_bounds; i++) {
        const nas_bound *b = &p->study->bounds[i];
        const bool on_score = !strcmp(b->column, score) || nas_companion_end(b->column, score) < 0;
        if (on_score && nas_relation_direction(b->op) > 0) return b;
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
        puts("    no number of clips would settle it: the claimed accuracy is not above the bound");
    }
}

static void print_test(const promise *p) {
    nas_accuracy test;
    char n[32], groups[32], times[48] = "once";
    int64_t reads = 0, asked = 0;
    if (!accuracy_of(p, "test", 0.975, &test)) return;
    (void)!nas_store_test_reads(p->store, p->id, p->trained, &reads, &asked, NULL);
    if (reads > 1) snprintf(times, sizeof times, "%s times", nas_thousands(reads, n));
    printf("    test set, read %s: %.4f (%.4f .. %.4f), %s clips of %s%s speakers\n", times,
           test.accuracy, test.lo, test.hi, nas_thousands(test.n, n), test.few ? "only " : "",
           nas_thousands(test.groups, groups));
    /* Those who were finalists of fewer trials were asked, too: what is read off the test set in
     * the end has been looked at so often. */
    if (asked) printf("      %" PRId64 " trials were asked about the test set\n", asked);
}

static bool add_seed(void *ctx, double score) {
    int32_t *n = ctx;
    fputs((*n)++ ? ", " : "    trained from other seeds: ", stdout);
    if (isnan(score))
        fputs("diverged", stdout);
    else
        printf("%.4f", score);
    return true;
}

static void print_seeds(const promise *p) {
    int32_t n = 0;
    (void)!nas_store_replicates(p->store, p->id, p->trained, add_seed, &n, NULL);
    if (n) printf(" (what ships has %.4f)\n", p->observed);
}

static bool add_win(void *ctx, const nas_claimed_row *c) {
    int32_t *n = ctx;
    printf("%s#%" PRId64 " %.0f %%",
           (*n)++ ? ", " : "    on other draws of the speakers wins: ", c->number,
           100 * c->claim.wins);
    return true;
}

static void print_wins(const promise *p) {
    int32_t n = 0;
    if (p->trials < 2) return;
    (void)!nas_store_claims(p->store, p->id, add_win, &n, NULL);
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

/* The best trial, by that end, that only the end of its interval keeps from the bound b. */
static void find_miss(const promise *p, const nas_bound *b, near_miss *m) {
    const char *score = nas_study_score(p->study);
    const char *const columns[] = {"number", "id", score, b->column};
    const nas_state complete = NAS_COMPLETE;
    nas_condition *where = calloc((size_t)p->study->n_bounds + 2, sizeof *where);
    nas_trials_ask ask = {.state = &complete,
                          .columns = columns,
                          .n_columns = 4,
                          .where = where,
                          .order = NAS_BY_COLUMN,
                          .by = b->column,
                          .down = true,
                          .most = 1};
    if (!where) return;
    where[ask.n_where++] = (nas_condition){score, NAS_ABOVE, b->bound};
    where[ask.n_where++] = (nas_condition){b->column, NAS_AT_MOST, b->bound};
    for (int32_t i = 0; i < p->study->n_bounds; i++) {
        const nas_bound *o = &p->study->bounds[i];
        if (o == b) continue;
        where[ask.n_where++] = (nas_condition){o->column, o->op, o->bound};
    }
    (void)!nas_store_trials(p->store, p->study, &ask, note_miss, m, NULL);
    free(where);
}

void cli_print_settling(nas_store *store, const nas_study *study, nas_study_id id) {
    promise p = {.store = store, .study = study, .id = id};
    near_miss m = {.number = -1};
    nas_accuracy all;
    const nas_bound *b = score_bound(&p);
    if (!b || strcmp(b->column, nas_study_score(study)) == 0) return;
    find_miss(&p, b, &m);
    if (m.number < 0 || nas_store_trained(store, id, m.row, &p.trained, NULL) != NAS_OK ||
        !accuracy_of(&p, "validation", 0.975, &all))
        return;
    const double confidence = study->confidence > 0 ? study->confidence : 0.95;
    const int64_t needed = nas_examples_needed(m.score, b->bound, all.deff, confidence);
    if (!needed) return;
    printf("#%" PRId64 " has %.4f, but the lower end %.4f:\n  ", m.number, m.score, m.lo);
    put_needed(needed, b->text, all.n);
}

void cli_print_promise(nas_store *store, const nas_study *study, nas_study_id id, int64_t row) {
    promise p = {.store = store, .study = study, .id = id, .row = row};
    char trials[32];
    int64_t folds = 0, groups = 0;
    nas_accuracy all;
    if (!find_claim(&p) || !accuracy_of(&p, "validation", 0.975, &all)) return;
    puts("promise, for speakers that it has never heard");
    printf("    claimed accuracy %.4f (%.4f .. %.4f)\n", p.claimed, p.low, p.high);
    if (p.trials > 1)
        printf("    %.4f was the best of %s, which flatters\n", p.observed,
               nas_thousands(p.trials, trials));
    if (all.few) puts("    few speakers: do not rely on the ends of these intervals");
    print_bound(&p, &all);
    print_test(&p);
    print_seeds(&p);
    print_wins(&p);
    (void)!nas_store_example_counts(store, id, &folds, &groups, NULL);
    if (folds > 1)
        printf("    judged by nets that learned from %" PRId64 " of %" PRId64
               " folds; the net that ships learned from all\n",
               folds - 1, folds);
}
