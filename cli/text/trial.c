/* cli/text/trial.c - a trial of a study's view, as texts and numbers. */
#include "cli/text/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct found {
    cli_trial *t;
    bool no_memory;
} found;

static bool copy_texts(cli_trial *t, const nas_row *row) {
    bool good = true;
    t->name = calloc((size_t)row->n + 1, sizeof *t->name);
    t->value = calloc((size_t)row->n + 1, sizeof *t->value);
    t->number = calloc((size_t)row->n + 1, sizeof *t->number);
    if (!t->name || !t->value || !t->number) return false;
    for (; good && t->n < row->n; t->n++) {
        char text[4096];
        t->number[t->n] = nas_value_real(&row->values[t->n]);
        t->name[t->n] = strdup(row->names[t->n]);
        t->value[t->n] = cli_visible(cli_value(&row->values[t->n], text, sizeof text), false);
        good = t->name[t->n] && t->value[t->n];
    }
    return good;
}

static bool copy_row(void *ctx, const nas_row *row) {
    found *f = ctx;
    f->t = calloc(1, sizeof *f->t);
    f->no_memory = !f->t || !copy_texts(f->t, row);
    return false;
}

cli_trial *cli_trial_find(nas_store *store, const nas_study *study, const nas_trials_ask *ask,
                          nas_err *err) {
    found f = {0};
    nas_status st = nas_store_trials(store, study, ask, copy_row, &f, err);
    if (st == NAS_OK && f.no_memory) st = nas_fail(err, NAS_ENOMEM, "out of memory");
    if (st == NAS_OK) return f.t;
    cli_trial_close(f.t);
    return NULL;
}

cli_trial *cli_trial_numbered(nas_store *store, const nas_study *study, int64_t number,
                              nas_err *err) {
    const nas_trials_ask ask = {.in_range = true, .first = number, .last = number};
    return cli_trial_find(store, study, &ask, err);
}

void cli_trial_close(cli_trial *t) {
    if (!t) return;
    for (int32_t i = 0; i < t->n; i++) {
        free(t->name[i]);
        free(t->value[i]);
    }
    free(t->name);
    free(t->value);
    free(t->number);
    free(t);
}

const char *cli_trial_get(const cli_trial *t, const char *name) {
    for (int32_t i = 0; t && i < t->n; i++)
        if (strcmp(t->name[i], name) == 0) return t->value[i];
    return "";
}

nas_state cli_trial_state(const cli_trial *t) {
    return nas_state_of(cli_trial_get(t, "state"));
}

double cli_trial_number(const cli_trial *t, const char *name) {
    for (int32_t i = 0; t && i < t->n; i++)
        if (strcmp(t->name[i], name) == 0) return t->number[i];
    return NAN;
}
