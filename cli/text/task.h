/* cli/text/task.h - what commands say of one task alone, as rows. A task without a row is judged by
 * its own row of functions (search/task/task.h), and its metrics are printed.
 * Thread safety: the main thread alone; it prints. */
#ifndef NAS_CLI_TEXT_TASK_H
#define NAS_CLI_TEXT_TASK_H

#include "cli/data_check.h"
#include "cli/scratch.h"
#include "cli/study.h"

/* One or two models for `nas eval`. */
typedef struct cli_models {
    const char *model[2];
    int n;
    const char *folder[2];         /* of a model that stands in one; else NULL */
    const char *frontend, *labels; /* for a model that has none beside it; or NULL */
    const char *data, *dump;       /* dump: NULL, or a folder */
    int part;                      /* a nas_part, or -1 */
    int runtime;                   /* a nas_runtime */
    bool json, by_speaker, allow_missing;
} cli_models;

typedef struct cli_task {
    const char *name; /* of its row in search/task */
    const char *mark; /* lies beside its exported models alone; NULL: models that nothing lies
                         beside, or no more than labels, are taken for its */
    /* Options that do not go with it: false after a message. NULL: all do. */
    bool (*fits)(const cli_models *q);
    /* Each returns the exit status. Of two it does not depend on the verdict. */
    int (*eval)(const cli_models *q, const cli_scratch *s);
    int (*eval_two)(const cli_models *q, const cli_scratch *s);
    /* What `nas show` adds to a complete trial; NULL: nothing. */
    nas_status (*show)(cli_study *s, int64_t row, nas_err *err);
    /* nas data check: fills c->found, and warns; then prints it. NULL: nothing. */
    nas_status (*check)(cli_checked *c, const nas_space *s, nas_arena *a, const nas_log *log,
                        nas_err *err);
    void (*check_print)(const cli_checked *c);
    void (*check_json)(const cli_checked *c);
} cli_task;

/* By the name of a task; NULL: it has no row. */
const cli_task *cli_task_find(const char *name);
/* The task of q->model[i], and q->folder[i]. Errors: NAS_EINVAL candidate.json is of no task;
 * NAS_ENOMEM. */
nas_status cli_task_of_model(cli_models *q, int i, nas_arena *a, const char **task, nas_err *err);

/* nas eval of a task without a row. Returns the exit status. */
int cli_eval_any(const cli_models *q, const char *task, const cli_scratch *s);
/* The same of clips. */
int cli_eval_clips(const cli_models *q, const cli_scratch *s);

#endif
