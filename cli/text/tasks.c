/* cli/text/tasks.c - the rows of tasks that commands say more of, and whose an exported model is.
 */
#include "cli/text/task.h"

#include "base/files/folder.h"
#include "cli/text/check.h"
#include "cli/text/forecast.h"
#include "cli/text/two.h"
#include "search/candidate/candidate.h"

#include <stdio.h>
#include <string.h>

static bool forecast_fits(const cli_models *q) {
    if (q->by_speaker)
        fputs("nas eval: --by-speaker is of clips; a forecast has no speakers\n", stderr);
    else if (q->n > 1 && (q->frontend || q->labels))
        fputs("nas eval: --frontend and --labels are of clips; a forecast has its own files\n",
              stderr);
    else
        return true;
    return false;
}

static const cli_task rows[] = {
    {.name = "keywords",
     .eval = cli_eval_clips,
     .eval_two = cli_two_clips,
     .check = cli_check_clips,
     .check_print = cli_check_clips_print,
     .check_json = cli_check_clips_json},
    {.name = "forecast",
     .mark = "forecast.json",
     .fits = forecast_fits,
     .eval = cli_eval_forecast,
     .eval_two = cli_two_forecasts,
     .show = cli_show_forecast,
     .check = cli_check_table,
     .check_print = cli_check_table_print,
     .check_json = cli_check_table_json},
};
enum { ROWS = sizeof rows / sizeof *rows };

const cli_task *cli_task_find(const char *name) {
    for (int i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0) return &rows[i];
    return NULL;
}

static bool is_in(const char *folder, const char *name) {
    char path[4096];
    nas_folder_held held;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (nas_folder_hold(folder, &held, NULL) != NAS_OK) return false;
    const bool there = nas_path_exists(path);
    nas_folder_let(&held);
    return there;
}

/* The folder that is named, or whose model is; NULL: neither. */
static nas_status folder_of(const char *word, nas_arena *a, const char **out, nas_err *err) {
    static const char model[] = "/model.tflite";
    const size_t n = strlen(word), m = sizeof model - 1;
    *out = nas_path_is_dir(word) ? word : NULL;
    if (*out || n <= m || strcmp(word + n - m, model) != 0) return NAS_OK;
    *out = nas_arena_format(a, err, "%.*s", (int)(n - m), word);
    return *out ? NAS_OK : NAS_ENOMEM;
}

/* What lies beside its models alone tells a task; else candidate.json does. */
nas_status cli_task_of_model(cli_models *q, int i, nas_arena *a, const char **task, nas_err *err) {
    nas_task own;
    *task = NULL;
    NAS_TRY(folder_of(q->model[i], a, &q->folder[i], err));
    for (int k = 0; k < ROWS; k++) {
        if (!rows[k].mark && !*task) *task = rows[k].name;
        if (!q->folder[i] || !rows[k].mark || !is_in(q->folder[i], rows[k].mark)) continue;
        *task = rows[k].name;
        return NAS_OK;
    }
    if (!q->folder[i] || !is_in(q->folder[i], "candidate.json")) return NAS_OK;
    const char *path = nas_arena_format(a, err, "%s/candidate.json", q->folder[i]);
    if (!path) return NAS_ENOMEM;
    /* What is wrong with it is told by whoever reads it whole. */
    if (nas_candidate_task(a, path, &own, NULL) == NAS_OK && !cli_task_find(own.ops->name))
        *task = own.ops->name;
    return NAS_OK;
}
