/* cli/cmd_copy.c - nas copy: a database whole in another file. */
#include "cli/text/report.h"
#include "store/file.h"

#include <stdio.h>

enum { FORCE };

static int tell(const char *to, nas_err *err) {
    nas_store *store = NULL;
    int64_t studies = 0, trials = 0;
    char n[32], m[32];
    if (nas_store_open(to, NAS_STORE_READ, &store, err) != NAS_OK) return cli_fail(err);
    const nas_status st = nas_store_totals(store, &studies, &trials, err);
    nas_store_close(store);
    if (st != NAS_OK) return cli_fail(err);
    printf("%s: %s stud%s, %s trial%s in their current versions\n", to, nas_thousands(studies, n),
           studies == 1 ? "y" : "ies", nas_thousands(trials, m), trials == 1 ? "" : "s");
    return CLI_OK;
}

static int run(const cli_args *args) {
    nas_err err = {0};
    nas_store *store = NULL;
    const char *to = args->word[1];
    if (nas_store_open(args->word[0], NAS_STORE_READ, &store, &err) != NAS_OK)
        return cli_fail(&err);
    cli_warn_of_wal(store, args->word[0]);
    const nas_status st = nas_store_copy(store, to, args->option[FORCE] != NULL, &err);
    nas_store_close(store);
    return st == NAS_OK ? tell(to, &err) : cli_fail(&err);
}

const cli_command cli_copy = {
    .name = "copy",
    .words = "DB FILE",
    .least = 2,
    .most = 2,
    .summary = "Copy a database whole, also while runs write to it",
    .options = {[FORCE] = {"--force", NULL, "replaces FILE where it is there"}},
    .text = "FILE is the database as it is at one moment. It needs no other file beside it. `cp`\n"
            "during a run may miss what the run wrote last, or everything: the newest rows stand\n"
            "in DB-wal.\n\n"
            "examples:\n"
            "  nas copy demo.db /backup/demo.db\n",
    .run = run,
};
