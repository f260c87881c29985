/* cli/text/held.c - the trial whose files a folder holds, found by their bytes; and whether the new
 * winner is worth its place. */
#include "cli/text/held.h"

#include "base/files/file.h"
#include "base/files/folder.h"
#include "search/json/json.h"
#include "search/run/run.h"
#include "search/task/task.h"
#include "store/read.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_BYTES = 4 << 20 };

static nas_status read_in(nas_arena *a, const char *folder, const char *name, uint8_t **out,
                          size_t *n) {
    const char *path = nas_arena_format(a, NULL, "%s/%s", folder, name);
    return path ? nas_file_read(a, path, MOST_BYTES, out, n, NULL) : NAS_ENOMEM;
}

/* *there: the folder has an export. */
static nas_status find_trial(nas_store *store, const nas_study *study, nas_study_id id,
                             const char *folder, nas_arena *a, bool *there, nas_holder *out,
                             nas_err *err) {
    const bool formula = !nas_task_has_net(study->task);
    uint8_t *bytes;
    size_t n;
    *out = (nas_holder){0};
    *there = read_in(a, folder, formula ? "candidate.json" : "model.tflite", &bytes, &n) == NAS_OK;
    if (!*there) return NAS_OK;
    return formula ? nas_store_document_holder(store, id, (const char *)bytes, out, err)
                   : nas_store_holder(store, id, "model.tflite", bytes, n, out, err);
}

typedef struct figures {
    bool feasible;
    double goal[NAS_METRICS_MOST];
} figures;

static bool note_figures(void *ctx, const nas_row *row) {
    figures *f = ctx;
    const int32_t last = row->n - 1;
    f->feasible = row->values[last].integer != 0;
    for (int32_t i = 0; i < last; i++) f->goal[i] = nas_value_real(&row->values[i]);
    return false;
}

static int32_t goals_of(const nas_study *study) {
    const int32_t most = (int32_t)(sizeof((figures *)NULL)->goal / sizeof(double));
    return study->n_goals < most ? study->n_goals : most;
}

static nas_status figures_of(nas_store *store, const nas_study *study, int64_t row, figures *out,
                             nas_err *err) {
    const char *columns[sizeof out->goal / sizeof *out->goal];
    const nas_trials_ask ask = {
        .row = row, .columns = columns, .n_columns = goals_of(study), .or_feasible = true};
    for (int32_t i = 0; i < goals_of(study); i++) columns[i] = study->goals[i].column;
    for (int32_t i = 0; i < goals_of(study); i++) out->goal[i] = (double)NAN;
    out->feasible = false;
    return nas_store_trials(store, study, &ask, note_figures, out, err);
}

static double number_at(const cJSON *o, const char *name) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
    return cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
}

/* What its own metrics.json says. */
static void figures_in(nas_arena *a, const nas_study *study, const char *folder, figures *out) {
    nas_json *j = NULL;
    uint8_t *text;
    size_t n;
    *out = (figures){.feasible = false};
    for (int32_t i = 0; i < goals_of(study); i++) out->goal[i] = (double)NAN;
    if (read_in(a, folder, "metrics.json", &text, &n) != NAS_OK ||
        nas_json_parse_made(a, "metrics.json", (const char *)text, &j, NULL) != NAS_OK)
        return;
    const cJSON *o = nas_json_root(j);
    out->feasible = true;
    for (int32_t i = 0; i < study->n_bounds; i++) {
        const nas_bound *b = &study->bounds[i];
        out->feasible &= nas_relation_holds(b->op, number_at(o, b->column), b->bound);
    }
    for (int32_t i = 0; i < goals_of(study); i++)
        out->goal[i] = number_at(o, study->goals[i].column);
    nas_json_close(j);
}

/* Is a before b by the objectives? */
static bool is_before(const nas_study *study, const figures *a, const figures *b) {
    for (int32_t i = 0; i < goals_of(study); i++) {
        const double x = a->goal[i], y = b->goal[i];
        if (isnan(x)) return false;
        if (isnan(y) || x != y)
            return isnan(y) || (x > y) == (study->goals[i].direction == NAS_MAXIMIZE);
    }
    return false;
}

/* Of another version: by what the database has of it now. One that was never measured by what is
 * asked for now is no better. */
static nas_status look_up(const char *db, const nas_study *study, const nas_holder *p, nas_arena *a,
                          cli_held *out, figures *f, nas_err *err) {
    nas_store *store = NULL;
    nas_study old;
    nas_study_id at;
    out->known = true;
    out->version = p->version;
    out->number = p->number;
    NAS_TRY(nas_store_open(db, NAS_STORE_READ, &store, err));
    nas_status st = nas_store_find_version(store, study->name, p->version, a, &old, &at, err);
    const bool lacks = st == NAS_EINVAL;
    if (lacks) f->feasible = false;
    if (st == NAS_OK) st = figures_of(store, &old, p->row, f, err);
    if (st == NAS_OK || lacks)
        out->same_data = nas_hash_equal(&old.fingerprint, &study->fingerprint);
    nas_store_close(store);
    return lacks ? NAS_OK : st;
}

static const cJSON *task_in(nas_arena *a, const char *text, nas_json **j) {
    const bool fine = nas_json_parse_made(a, "candidate.json", text, j, NULL) == NAS_OK;
    return fine ? cJSON_GetObjectItemCaseSensitive(nas_json_root(*j), "task") : NULL;
}

/* Is all of x in y, too? The data may lie anywhere. */
static bool is_within(const cJSON *x, const cJSON *y) {
    const cJSON *c;
    cJSON_ArrayForEach(c, x) {
        if (strcmp(c->string, "data") != 0 &&
            !cJSON_Compare(c, cJSON_GetObjectItemCaseSensitive(y, c->string), true))
            return false;
    }
    return true;
}

/* Does its metrics.json name these data? One of an older nas says nothing. */
static bool same_examples(const char *folder, const nas_study *study, nas_arena *a) {
    char now[65];
    nas_json *j = NULL;
    uint8_t *text;
    size_t n;
    if (read_in(a, folder, "metrics.json", &text, &n) != NAS_OK ||
        nas_json_parse_made(a, "metrics.json", (const char *)text, &j, NULL) != NAS_OK)
        return true;
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(nas_json_root(j), "data");
    nas_hash_hex(&study->fingerprint, now);
    const bool same = !cJSON_IsString(data) || strcmp(data->valuestring, now) == 0;
    nas_json_close(j);
    return same;
}

/* Where the database does not tell: is it of the same task, data and split as the new winner? */
static bool same_task(nas_store *store, const nas_study *study, nas_study_id id, int64_t row,
                      const char *folder, nas_arena *a) {
    nas_json *old = NULL, *new = NULL;
    uint8_t *held, *now;
    const char *text = NULL;
    size_t n;
    if (read_in(a, folder, "candidate.json", &held, &n) != NAS_OK) return false;
    if (!nas_task_has_net(study->task))
        (void)!nas_store_document(store, id, row, a, &text, NULL);
    else if (nas_store_artefact(store, id, row, "candidate.json", a, &now, &n, NULL) == NAS_OK)
        text = (const char *)now;
    const cJSON *x = task_in(a, (const char *)held, &old),
                *y = text ? task_in(a, text, &new) : NULL;
    const bool same =
        x && y && is_within(x, y) && is_within(y, x) && same_examples(folder, study, a);
    nas_json_close(old);
    nas_json_close(new);
    return same;
}

static nas_status look(const char *db, nas_store *store, const char *name, int64_t row,
                       const char *folder, nas_arena *a, cli_held *out, nas_err *err) {
    nas_holder p;
    bool there;
    figures held, now;
    nas_study study;
    nas_study_id id;
    *out = (cli_held){.same_data = true, .figure = (double)NAN};
    NAS_TRY(nas_store_find(store, name, a, &study, &id, err));
    NAS_TRY(find_trial(store, &study, id, folder, a, &there, &p, err));
    if (!there || p.version == id.version) return NAS_OK;
    out->there = true;
    figures_in(a, &study, folder, &held);
    if (p.version)
        NAS_TRY(look_up(db, &study, &p, a, out, &held, err));
    else
        out->same_data = same_task(store, &study, id, row, folder, a);
    NAS_TRY(figures_of(store, &study, row, &now, err));
    out->figure = held.goal[0];
    out->better = held.feasible && is_before(&study, &held, &now);
    return NAS_OK;
}

nas_status cli_held_look(const char *db, nas_store *store, const char *name, int64_t row,
                         const char *folder, nas_arena *a, cli_held *out, nas_err *err) {
    nas_folder_held held = {-1};
    if (nas_path_is_dir(folder)) NAS_TRY(nas_folder_hold(folder, &held, err));
    const nas_status st = look(db, store, name, row, folder, a, out, err);
    nas_folder_let(&held);
    return st;
}
