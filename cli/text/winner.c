/* cli/text/winner.c - the end of a run that has a winner. */
#include "cli/text/winner.h"

#include "cli/text/held.h"
#include "search/study/export.h"
#include "search/task/task.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool holds(const char *folder, const char *name) {
    char path[PATH_MAX];
    const int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    return n > 0 && (size_t)n < sizeof path && access(path, F_OK) == 0;
}

void cli_warn_of_old(const char *folder) {
    if (holds(folder, "candidate.json"))
        printf("%.*s/ still holds an earlier winner\n", cli_folder_length(folder), folder);
}

/* "trial 3 of version 1, accuracy 0.5333" */
static void name_held(const cli_winner *w, const cli_held *h, char *out, size_t n) {
    char figure[32] = "", trial[96];
    if (h->known)
        snprintf(trial, sizeof trial, "trial %" PRId64 " of version %" PRId64, h->number,
                 h->version);
    else
        snprintf(trial, sizeof trial, "a trial that the database does not have");
    if (!isnan(h->figure)) snprintf(figure, sizeof figure, " %.6g", h->figure);
    snprintf(out, n, "%s%s%s%s", trial, *figure ? ", " : "",
             *figure ? w->study->goals[0].column : "", figure);
}

static void print_kept(const cli_winner *w, const cli_trial *t, const cli_held *h) {
    const int n = cli_folder_length(w->folder);
    char held[256];
    name_held(w, h, held, sizeof held);
    printf("files\n  %.*s/ still holds %s\n"
           "    this winner's: nas export %s --trial %s -o DIR\n",
           n, w->folder, held, w->db, cli_trial_get(t, "number"));
    nas_warn(w->log,
             "%.*s/ keeps the files of %s, which is better than the winner now. Set --replace to "
             "put the winner's there",
             n, w->folder, held);
}

static void print_replaced(const cli_winner *w, const cli_held *h) {
    char held[256];
    name_held(w, h, held, sizeof held);
    printf("    replaced: those of %s%s", held, h->same_data ? "" : ", of other data");
    if (h->known)
        printf("\n      again: nas export %s --version %" PRId64 " --trial %" PRId64 " -o DIR",
               w->db, h->version, h->number);
    putchar('\n');
}

static void print_files(const cli_winner *w, const cli_held *h) {
    const nas_task_ops *task = nas_space_task(w->space)->ops;
    printf("files\n  %.*s/ holds %s", cli_folder_length(w->folder), w->folder,
           task->evaluate ? "" : "model.tflite, model.tflite.zlib, ");
    for (const char *const *text = task->texts; *text; text++) printf("%s, ", *text);
    printf("candidate.json, metrics.json%s%s\n", task->evaluate ? "" : ", DEVICE.md",
           holds(w->folder, "warnings.txt") ? ", warnings.txt" : "");
    if (!task->evaluate) printf("    and, as C, model.h, model.c, model_test.c");
    for (const char *const *source = task->sources; source && *source; source++)
        printf(", %s", *source);
    if (!task->evaluate) putchar('\n');
    if (h->there) print_replaced(w, h);
}

static void show(const cli_winner *w, nas_store *store, nas_study_id id, int64_t row,
                 const cli_held *h, bool kept, const cli_trial *t) {
    printf("\nwinner: trial %s\n", cli_trial_get(t, "number"));
    cli_print_trial(t, w->study);
    if (kept)
        print_kept(w, t, h);
    else
        print_files(w, h);
    printf("  %s has every trial: nas top %s\n", w->db, w->db);
    cli_print_majority(store, id, row);
    cli_print_promise(store, w->study, id, row);
    cli_print_near(store, w->study, &nas_space_task(w->space)->metrics, t);
}

static nas_status put(const cli_winner *w, nas_store *store, nas_study_id id, int64_t row,
                      nas_arena *a, nas_err *err) {
    cli_held h;
    NAS_TRY(cli_held_look(w->db, store, w->study->name, row, w->folder, a, &h, err));
    const bool kept = h.there && h.better && h.same_data && !w->replace;
    if (!kept) NAS_TRY(nas_export_trial(store, id, w->study, row, w->folder, err));
    cli_trial *t = cli_trial_find(store, w->study, &(nas_trials_ask){.row = row}, err);
    if (t) show(w, store, id, row, &h, kept, t);
    cli_trial_close(t);
    return t ? NAS_OK : nas_fail(err, NAS_ENOTFOUND, "the winner's row is not there");
}

nas_status cli_winner_put(const cli_winner *w, nas_store *store, nas_study_id id, int64_t row,
                          nas_err *err) {
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    const nas_status st = put(w, store, id, row, a, err);
    nas_arena_close(a);
    return st;
}
