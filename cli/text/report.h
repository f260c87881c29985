/* cli/text/report.h - a trial and a winner as people read them.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_TEXT_REPORT_H
#define NAS_CLI_TEXT_REPORT_H

#include "cli/cli.h"
#include "search/run/run.h"
#include "search/study/columns.h"
#include "search/study/study.h"
#include "store/read.h"

/* A row of a study's view, as texts. */
typedef struct cli_trial {
    int32_t n;
    char **name, **value; /* "" for NULL */
    double *number;       /* NaN for NULL and texts; a value's text has fewer digits */
} cli_trial;

/* Warns where the database seems to be a copy that lacks its -wal file. */
void cli_warn_of_wal(nas_store *store, const char *db);

/* The first row that ask finds; NULL when there is none, and when it cannot be read: err says so.
 * Closed by cli_trial_close. */
cli_trial *cli_trial_find(nas_store *store, const nas_study *study, const nas_trials_ask *ask,
                          nas_err *err);
cli_trial *cli_trial_numbered(nas_store *store, const nas_study *study, int64_t number,
                              nas_err *err);
void cli_trial_close(cli_trial *t);
const char *cli_trial_get(const cli_trial *t, const char *name); /* "" when absent */
nas_state cli_trial_state(const cli_trial *t);                   /* NAS_STATES when absent */
double cli_trial_number(const cli_trial *t, const char *name);   /* NaN when absent */

/* The end of a parameter's column that tells it from the others: "width" of model_width, "filters"
 * of model_layers_0_filters, or "0_filters" where another layer has some. */
const char *cli_short_name(const nas_study *study, int32_t i);

/* "width 0.3, frame_length_ms 40" of the parameters that are not NULL; names cut to what tells them
 * apart. */
void cli_trial_settings(const cli_trial *t, const nas_study *study, char *out, size_t n);

/* A metric's value as people read it, into out; "" for NaN. */
const char *cli_metric(const nas_metric *metric, double v, char out[32]);
/* Is it the end of an interval, or a percentile, of another metric that number(ctx, ...) knows
 * ("infer_ms_hi", "accuracy_lo")? It is then shown beside that one. */
bool cli_is_spread(const char *name, double (*number)(const void *ctx, const char *name),
                   const void *ctx);
enum { CLI_SPREAD = 128 };
/* "(0.0415 .. 0.0420, p95 0.0431)" of a time, "(lo 0.9102)" of an estimate, from what number(ctx,
 * name) knows (NaN: nothing); "" when it knows none of them. */
const char *cli_spread(const nas_metric *metric,
                       double (*number)(const void *ctx, const char *name), const void *ctx,
                       char out[CLI_SPREAD]);

/* What is claimed of a winner (row), on stdout: its score on speakers that it was not chosen by,
 * the constraint on it, the test set, other seeds, and who else might have won. Nothing where the
 * study keeps no examples. */
void cli_print_promise(nas_store *store, const nas_study *study, nas_study_id id, int64_t row);

/* Where a trial is right on one class alone, or no oftener than always answering the commonest
 * would be: says so, on stdout. Of trials with clips that are kept. */
void cli_print_majority(nas_store *store, nas_study_id id, int64_t row);

/* Where a trial keeps the constraint on the score but for the end of its interval: how many clips
 * would settle it, on stdout. */
void cli_print_settling(nas_store *store, const nas_study *study, nas_study_id id);
/* The same of a forecast whose errors keep their constraints: how many days would settle each. */
void cli_print_settling_days(nas_store *store, const nas_study *study,
                             const nas_metric_list *metrics, nas_study_id id);

/* The front (<study>_pareto) in the order of the objectives, on stdout: number, objectives, metrics
 * of constraints, settings; at most `most` rows. feasible_only: those that satisfy the constraints;
 * else a column says which do. *n: how many there are. Errors: those of nas_store_trials; nothing
 * is printed then, and *n is 0. */
nas_status cli_print_front(nas_store *store, const nas_study *study, bool feasible_only,
                           int64_t most, int64_t *n, nas_err *err);

/* Settings, metrics beside the constraints, and where the files lie, on stdout. */
void cli_print_trial(const cli_trial *t, const nas_study *study);
/* Of a forecast: the seasonal naive forecast and least squares, where a target's error is no
 * smaller than theirs (cli/text/rivals.c); cli_print_trial ends with it. */
void cli_print_rivals(const cli_trial *t, const nas_study *study);

/* Where a measured time decides who wins: who else might. */
void cli_print_near(nas_store *store, const nas_study *study, const nas_metric_list *metrics,
                    const cli_trial *winner);

/* Why there is no winner: which bound turns most trials away, and the nearest misses, on stdout. */
void cli_print_misses(nas_store *store, const nas_study *study, const nas_run_state *state);

#endif
