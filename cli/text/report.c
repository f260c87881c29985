/* cli/text/report.c - a trial as people read it. */
#include "cli/text/report.h"
#include "store/file.h"

#include "base/companion.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cli_warn_of_wal(nas_store *store, const char *db) {
    nas_err names = {0};
    if (nas_store_check_names(db, &names) != NAS_OK) nas_warn(cli_log(false), "%s", names.text);
    if (nas_store_lacks_wal(store))
        nas_warn(
            cli_log(false),
            "%s seems to be a copy that was made while a run wrote to it, without %s-wal: what "
            "was written last may be missing. `nas copy` copies all of a database",
            db, db);
}

/* Does another parameter end in this, as a word or more of its own? */
static bool is_shared(const nas_study *study, int32_t i, const char *end) {
    for (int32_t k = 0; k < study->n_params; k++) {
        const char *other = study->params[k].name;
        const size_t n = strlen(other), m = strlen(end);
        if (k != i && n >= m && strcmp(other + n - m, end) == 0 &&
            (n == m || other[n - m - 1] == '_'))
            return true;
    }
    return false;
}

/* Where the name goes on behind the last number of a list ("model_layers_3_repeat": repeat), with
 * that number, and so on outwards; last of all behind the block's name. NULL: no more. */
static const char *longer_end(const char *name, const char *end) {
    const char *block = strchr(name, '_');
    while (block && end > block + 1) {
        end--;
        while (end > block + 1 && end[-1] != '_') end--;
        if (end == block + 1 || (isdigit((unsigned char)*end) && strchr(end, '_'))) return end;
    }
    return NULL;
}

/* Is there a choice of the whole block ("prune" beside prune_to)? Its parts keep its name. */
static bool is_block(const nas_study *study, const char *name) {
    const size_t n = strcspn(name, "_");
    for (int32_t k = 0; k < study->n_params; k++)
        if (strncmp(study->params[k].name, name, n) == 0 && !study->params[k].name[n]) return true;
    return false;
}

const char *cli_short_name(const nas_study *study, int32_t i) {
    const char *name = study->params[i].name, *end = name + strlen(name);
    if (is_block(study, name)) return name;
    while (end > name && !(end[-1] == '_' && end - 1 > name && isdigit((unsigned char)end[-2])))
        end--;
    if (end == name) end = longer_end(name, name + strlen(name));
    while (end && is_shared(study, i, end)) end = longer_end(name, end);
    return end ? end : name;
}

void cli_trial_settings(const cli_trial *t, const nas_study *study, char *out, size_t n) {
    size_t used = 0;
    out[0] = '\0';
    for (int32_t i = 0; i < study->n_params; i++) {
        const char *value = cli_trial_get(t, study->params[i].name);
        if (!*value) continue;
        const int put = snprintf(out + used, n - used, "%s%s %s", used ? ", " : "",
                                 cli_short_name(study, i), value);
        if (put < 0 || (size_t)put >= n - used) return;
        used += (size_t)put;
    }
}

static void put_bounds(FILE *f, const nas_study *study, const char *column, double v) {
    for (int32_t i = 0; i < study->n_bounds; i++) {
        const nas_bound *b = &study->bounds[i];
        if (strcmp(b->column, column) != 0) continue;
        if (ftell(f)) fputs("; ", f);
        cli_print_visible(f, b->text, false);
        fprintf(f, "  %s", nas_relation_holds(b->op, v, b->bound) ? "kept" : "MISSED");
    }
}

const char *cli_metric(const nas_metric *metric, double v, char out[32]) {
    const bool exact = fabs(v) < 9007199254740992.0; /* 2^53 */
    if (isnan(v)) return strcpy(out, "");
    if (metric->integer && exact) return nas_thousands((int64_t)v, out);
    snprintf(out, 32, metric->shown == NAS_SHOWN_SHORT || !exact ? "%.4g" : "%.4f", v);
    return out;
}

enum { NAME_ROOM = 160 };

bool cli_is_spread(const char *name, double (*number)(const void *ctx, const char *name),
                   const void *ctx) {
    size_t n;
    char of[NAME_ROOM];
    if (!nas_companion_of(name, &n)) return false;
    snprintf(of, sizeof of, "%.*s", (int)n, name);
    return !isnan(number(ctx, of));
}

/* What an older nas did not measure is left out. */
const char *cli_spread(const nas_metric *metric,
                       double (*number)(const void *ctx, const char *name), const void *ctx,
                       char out[CLI_SPREAD]) {
    char text[NAS_COMPANIONS][32];
    size_t used = 0;
    for (int i = 0; i < NAS_COMPANIONS; i++) {
        char column[NAME_ROOM];
        snprintf(column, sizeof column, "%.140s%s", metric->name, nas_companions[i].suffix);
        cli_metric(metric, number(ctx, column), text[i]);
    }
    const bool both = *text[NAS_LOWER_END] && *text[NAS_UPPER_END];
    out[0] = '\0';
    for (int i = 0; i < NAS_COMPANIONS; i++) {
        const bool end = nas_companions[i].end && both;
        if (!*text[i]) continue;
        used += (size_t)snprintf(out + used, CLI_SPREAD - used, "%s%s%s%s",
                                 !used                       ? "("
                                 : i == NAS_UPPER_END && end ? " .. "
                                                             : ", ",
                                 end ? "" : nas_companions[i].word, end ? "" : " ", text[i]);
    }
    if (used) snprintf(out + used, CLI_SPREAD - used, ")");
    return out;
}

static double number_in(const void *ctx, const char *name) {
    return cli_trial_number(ctx, name);
}

/* A metric with its spread, and the constraints on any of them. */
static void print_metric(cli_table *table, const nas_study *study, const cli_trial *t,
                         const char *name) {
    char value[32], spread[CLI_SPREAD] = "", *bounds = NULL;
    size_t n = 0;
    const nas_metric m = nas_study_metric(study, name);
    FILE *f = open_memstream(&bounds, &n);
    if (!f) return;
    put_bounds(f, study, name, cli_trial_number(t, name));
    cli_spread(&m, number_in, t, spread);
    for (int i = 0; i < NAS_COMPANIONS; i++) {
        char column[NAME_ROOM];
        snprintf(column, sizeof column, "%.140s%s", name, nas_companions[i].suffix);
        put_bounds(f, study, column, cli_trial_number(t, column));
    }
    if (fclose(f) != 0) {
        free(bounds);
        return;
    }
    char text[512];
    snprintf(text, sizeof text, "%s%s%s", spread, *spread && *bounds ? "  " : "", bounds);
    free(bounds);
    cli_table_cell(table, "  ", false);
    cli_table_cell(table, name, false);
    cli_table_cell(table, cli_metric(&m, cli_trial_number(t, name), value), true);
    cli_table_cell(table, text, false);
    cli_table_row(table);
}

/* The score, and what the task alone has: they stand together. */
static bool is_of_task(const nas_study *study, const char *metric) {
    return nas_study_lists(study, metric) || nas_metric_find(metric) < 0;
}

void cli_print_trial(const cli_trial *t, const nas_study *study) {
    cli_table *table = cli_table_open();
    puts("settings");
    for (int32_t i = 0; i < study->n_params; i++) {
        const char *value = cli_trial_get(t, study->params[i].name);
        if (!*value) continue;
        cli_table_cell(table, "  ", false);
        cli_table_cell(table, study->params[i].name, false);
        cli_table_cell(table, value, true);
        cli_table_row(table);
    }
    cli_table_print(table);
    cli_table_close(table);
    table = cli_table_open();
    puts("metrics");
    for (int pass = 0; pass < 2; pass++)
        for (int32_t i = 0; i < study->n_metrics; i++) {
            const char *name = study->metrics[i].name;
            if (is_of_task(study, name) == (pass == 0) && !cli_is_spread(name, number_in, t) &&
                !isnan(cli_trial_number(t, name)))
                print_metric(table, study, t, name);
        }
    cli_table_print(table);
    cli_table_close(table);
    cli_print_rivals(t, study);
}
