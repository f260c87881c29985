/* cli/text/settle.c - forecasts that only the ends of their intervals keep from the constraints,
 * and how many blocks of time would settle them. */
#include "cli/text/report.h"

#include "base/companion.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BOUNDS_MOST = 64, NAME_ROOM = 128 };

/* The estimate whose end a bound is tested against, "mae_t" of "mae_t_hi"; "" for another bound. */
static void estimate_of(const nas_study *s, const nas_metric_list *metrics, const nas_bound *b,
                        char out[NAME_ROOM]) {
    size_t n = 0;
    const nas_companion *c = nas_companion_of(b->column, &n);
    const int m = nas_metric_in(metrics, b->column);
    out[0] = '\0';
    if (!c || !c->end || m < 0 || metrics->v[m].known == NAS_KNOWN_MEASURED) return;
    char bare[NAME_ROOM];
    snprintf(bare, sizeof bare, "%.*s", (int)n, b->column);
    for (int32_t i = 0; i < s->n_metrics; i++)
        if (strcmp(s->metrics[i].name, bare) == 0) snprintf(out, NAME_ROOM, "%s", bare);
}

typedef struct near_miss {
    bool there;
    int64_t number;
    double value[2 * BOUNDS_MOST];
} near_miss;

static bool note_miss(void *ctx, const nas_row *row) {
    near_miss *m = ctx;
    m->there = true;
    m->number = row->values[0].integer;
    for (int32_t i = 1; i < row->n && i <= 2 * BOUNDS_MOST; i++)
        m->value[i - 1] = nas_value_real(&row->values[i]);
    return false;
}

/* The best trial whose estimates keep all bounds, with estimate and end of each. */
static void find_miss(nas_store *store, const nas_study *s, const char bare[][NAME_ROOM],
                      near_miss *m) {
    const char *columns[2 * BOUNDS_MOST + 1] = {"number"};
    nas_condition where[BOUNDS_MOST];
    const nas_state complete = NAS_COMPLETE;
    nas_trials_ask ask = {.state = &complete,
                          .columns = columns,
                          .n_columns = 1,
                          .where = where,
                          .n_where = s->n_bounds,
                          .order = NAS_BY_RANK,
                          .most = 1};
    for (int32_t i = 0; i < s->n_bounds; i++) {
        const nas_bound *b = &s->bounds[i];
        const char *of = bare[i][0] ? bare[i] : b->column;
        where[i] = (nas_condition){of, b->op, b->bound};
        if (!bare[i][0]) continue;
        columns[ask.n_columns++] = of;
        columns[ask.n_columns++] = b->column;
    }
    (void)!nas_store_trials(store, s, &ask, note_miss, m, NULL);
}

/* Blocks that an interval of this width comes from. */
static int64_t count_blocks(nas_store *store, nas_study_id id) {
    int64_t folds, n = 0;
    (void)!nas_store_example_counts(store, id, &folds, &n, NULL);
    return n;
}

/* Half the width of an interval falls with the root of the number of blocks. */
static void print_bound(const nas_study *study, const nas_bound *b, double value, double end,
                        int64_t blocks) {
    const double times = (end - value) / (b->bound - value);
    char there[32], needed[32], figure[32], edge[32];
    const nas_metric m = nas_study_metric(study, b->column);
    cli_metric(&m, value, figure);
    cli_metric(&m, end, edge);
    fputs("  ", stdout);
    cli_print_visible(stdout, b->text, false);
    printf(": %s, but the %s end is %s; ", figure,
           nas_relation_direction(b->op) < 0 ? "upper" : "lower", edge);
    if (!(times * times * (double)blocks < 1e9)) {
        puts("no number of days would settle it");
        return;
    }
    printf("about %s days (or groups) like these %s would settle it\n",
           nas_thousands((int64_t)ceil(times * times * (double)blocks), needed),
           nas_thousands(blocks, there));
}

void cli_print_settling_days(nas_store *store, const nas_study *study,
                             const nas_metric_list *metrics, nas_study_id id) {
    char bare[BOUNDS_MOST][NAME_ROOM];
    near_miss m = {.there = false};
    if (study->n_bounds < 1 || study->n_bounds > BOUNDS_MOST || study->n_goals < 1) return;
    for (int32_t i = 0; i < study->n_bounds; i++)
        estimate_of(study, metrics, &study->bounds[i], bare[i]);
    find_miss(store, study, (const char(*)[NAME_ROOM])bare, &m);
    const int64_t blocks = m.there ? count_blocks(store, id) : 0;
    if (!blocks) return;
    printf("#%" PRId64 " keeps all of them but for the ends of its intervals:\n", m.number);
    for (int32_t i = 0, at = 0; i < study->n_bounds; i++) {
        const nas_bound *b = &study->bounds[i];
        if (!bare[i][0]) continue;
        const double value = m.value[at], end = m.value[at + 1];
        at += 2;
        if (nas_relation_direction(b->op) < 0 ? end < b->bound : end > b->bound) continue;
        print_bound(study, b, value, end, blocks);
    }
}
