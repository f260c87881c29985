/* cli/study.c - the database and study that a command is about. */
#include "cli/study.h"

#include "search/run/run.h"
#include "search/study/machines.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool cli_study_open(cli_study *s, const char *db, const char *name, const char *version,
                    int *status) {
    nas_err err = {0};
    int64_t wanted = 0;
    *s = (cli_study){0};
    *status = CLI_BAD;
    if (version && !cli_number("--version", version, 1, INT64_MAX, &wanted)) return false;
    *status = CLI_OK;
    nas_status st = nas_arena_open(&s->arena, &err);
    if (st == NAS_OK) st = nas_store_open(db, NAS_STORE_READ, &s->store, &err);
    if (st == NAS_OK) cli_warn_of_wal(s->store, db);
    if (st == NAS_OK)
        st = nas_store_find_version(s->store, name, wanted, s->arena, &s->def, &s->id, &err);
    if (st == NAS_OK && s->def.n_goals < 1)
        st = nas_fail(&err, NAS_EFORMAT, "%s: study %s has no objective: the file is damaged", db,
                      s->def.name);
    if (st == NAS_OK) return true;
    *status = cli_fail(&err);
    cli_study_close(s);
    return false;
}

void cli_study_close(cli_study *s) {
    nas_store_close(s->store);
    nas_arena_close(s->arena);
}

static bool warn_if_of_machines(void *ctx, const char *text) {
    (void)ctx;
    if (strstr(text, NAS_MACHINES_MARK)) nas_warn(cli_log(false), "%s", text);
    return true;
}

nas_status cli_warn_of_machines(cli_study *s, const char *const *columns, int32_t n, nas_err *err) {
    const char *text;
    NAS_TRY(nas_machines_mixed(s->store, &s->def, columns, n, NULL, s->arena, &text, err));
    if (text) nas_warn(cli_log(false), "%s", text);
    /* Finalists that another machine measured again: the run that did so has said it. */
    return text || n ? NAS_OK : nas_store_warnings(s->store, s->id, warn_if_of_machines, NULL, err);
}

cli_trial *cli_study_trial(cli_study *s, const char *number, int *status) {
    int64_t n = 0;
    nas_err err = {0};
    *status = CLI_BAD;
    if (number && !cli_number("TRIAL", number, 0, INT64_MAX, &n)) return NULL;
    if (!number && s->def.n_goals > 1) {
        fprintf(stderr,
                "nas: study %s has several objectives and so no best trial; name one with --trial: "
                "`nas top --pareto` lists them\n",
                s->def.name);
        return NULL;
    }
    const nas_trials_ask best = {.among = NAS_AMONG_BEST};
    cli_trial *t = number ? cli_trial_numbered(s->store, &s->def, n, &err)
                          : cli_trial_find(s->store, &s->def, &best, &err);
    if (t) {
        *status = CLI_OK;
    } else if (err.code) {
        *status = cli_fail(&err);
    } else if (number) {
        fprintf(stderr, "nas: study %s has no trial %s; `nas top` lists them\n", s->def.name,
                number);
    } else {
        fprintf(stderr,
                "nas: no trial of study %s satisfies the constraints; name one with --trial\n",
                s->def.name);
        *status = CLI_NONE;
    }
    return t;
}
