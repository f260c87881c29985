/* store/schema/definition.c - a study's definition as the database holds it. */
#include "base/relation.h"
#include "store/schema/schema.h"

#include <math.h>
#include <string.h>

static nas_status load_head(nas_store *s, nas_stmt *st, nas_arena *a, nas_study *def,
                            int64_t *version, nas_err *err) {
    bool row = false;
    NAS_TRY(nas_sql_step(s, st, &row, err));
    if (!row) return nas_fail(err, NAS_ENOTFOUND, "%s: the study is not there", s->path);
    NAS_TRY(nas_sql_text(st, 0, a, &def->name, err));
    NAS_TRY(nas_sql_text(st, 1, a, &def->task, err));
    NAS_TRY(nas_sql_text(st, 5, a, &def->tie_break, err));
    NAS_TRY(nas_sql_text(st, 8, a, &def->space_text, err));
    NAS_TRY(nas_sql_text(st, 11, a, &def->kernel, err));
    const char *fingerprint = nas_stmt_text(st, 2);
    const char *hash = nas_stmt_text(st, 7);
    if (!fingerprint || !nas_hash_from_hex(fingerprint, &def->fingerprint) || !hash ||
        !nas_hash_from_hex(hash, &def->space_hash) || !nas_name_is_plain(def->name) ||
        !nas_name_is_plain(def->task) || !def->space_text ||
        (def->tie_break && !nas_name_is_plain(def->tie_break)))
        return nas_sql_damaged(s, "nas_studies: a row is not what nas writes", err);
    def->seed = (uint64_t)nas_stmt_integer(st, 3);
    def->trials = nas_stmt_integer(st, 4);
    *version = nas_stmt_integer(st, 6);
    def->confidence = nas_stmt_real(st, 9);
    def->prefers = (int)nas_stmt_integer(st, 10) != 0;
    /* Below 0.5 is none: 0, or what stands there until bounds are computed again. */
    const double c = def->confidence, none = 1e-8;
    if (*version < 1 || c < 0 || (c > none && c < 0.5) || c >= 1)
        return nas_sql_damaged(s, "nas_studies: a version or a confidence that is none", err);
    return NAS_OK;
}

static nas_status column_type(nas_store *s, const char *name, nas_column_type *out, nas_err *err) {
    *out = NAS_COLUMN_TEXT;
    if (name && !strcmp(name, "INTEGER")) *out = NAS_COLUMN_INTEGER;
    if (name && !strcmp(name, "REAL")) *out = NAS_COLUMN_REAL;
    if (name && (*out != NAS_COLUMN_TEXT || !strcmp(name, "TEXT"))) return NAS_OK;
    return nas_sql_damaged(s, "nas_columns: a type that is none", err);
}

static nas_status load_columns(nas_store *s, int64_t study, int64_t version, const char *kind,
                               nas_arena *a, int32_t *n, const nas_column **out, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "SELECT name, type, count(*) OVER () FROM nas_columns WHERE study = ?1"
                         " AND version = ?2 AND kind = ?3 ORDER BY position",
                         "iit", study, version, kind));
    nas_column *c = NULL;
    bool row = true;
    *n = 0;
    nas_status status = NAS_OK;
    while ((status = nas_sql_step(s, st, &row, err)) == NAS_OK && row) {
        if (!c) c = nas_arena_array(a, (size_t)nas_stmt_integer(st, 2), sizeof *c, err);
        status = c ? nas_sql_text(st, 0, a, &c[*n].name, err) : NAS_ENOMEM;
        if (status == NAS_OK) status = column_type(s, nas_stmt_text(st, 1), &c[*n].type, err);
        if (status == NAS_OK && !nas_name_is_plain(c[*n].name))
            status = nas_sql_damaged(s, "nas_columns: a name that is none", err);
        if (status != NAS_OK) break;
        ++*n;
    }
    nas_stmt_end(st);
    *out = c;
    return status;
}

static nas_status load_bounds(nas_store *s, int64_t study, nas_arena *a, nas_study *def,
                              nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "SELECT text, \"column\", op, bound, count(*) OVER () FROM nas_bounds"
                         " WHERE study = ?1 ORDER BY position",
                         "i", study));
    nas_bound *b = NULL;
    bool row = true;
    nas_status status = NAS_OK;
    while ((status = nas_sql_step(s, st, &row, err)) == NAS_OK && row) {
        if (!b) b = nas_arena_array(a, (size_t)nas_stmt_integer(st, 4), sizeof *b, err);
        if (!b) {
            status = NAS_ENOMEM;
            break;
        }
        nas_bound *at = &b[def->n_bounds];
        const char *op = NULL;
        at->bound = nas_stmt_real(st, 3);
        if ((status = nas_sql_text(st, 0, a, &at->text, err)) != NAS_OK) break;
        if ((status = nas_sql_text(st, 1, a, &at->column, err)) != NAS_OK) break;
        if ((status = nas_sql_text(st, 2, a, &op, err)) != NAS_OK) break;
        at->op = nas_relation_of(op);
        if (!at->text || !nas_name_is_plain(at->column) || at->op == NAS_RELATIONS ||
            !isfinite(at->bound)) {
            status = nas_sql_damaged(s, "nas_bounds: a constraint that is none", err);
            break;
        }
        def->n_bounds++;
    }
    nas_stmt_end(st);
    def->bounds = b;
    return status;
}

static nas_status load_goals(nas_store *s, int64_t study, nas_arena *a, nas_study *def,
                             nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "SELECT \"column\", maximize, count(*) OVER () FROM nas_goals"
                         " WHERE study = ?1 ORDER BY position",
                         "i", study));
    nas_goal *g = NULL;
    bool row = true;
    nas_status status = NAS_OK;
    while ((status = nas_sql_step(s, st, &row, err)) == NAS_OK && row) {
        if (!g) g = nas_arena_array(a, (size_t)nas_stmt_integer(st, 2), sizeof *g, err);
        status = g ? nas_sql_text(st, 0, a, &g[def->n_goals].column, err) : NAS_ENOMEM;
        if (status == NAS_OK && !nas_name_is_plain(g[def->n_goals].column))
            status = nas_sql_damaged(s, "nas_goals: an objective that is none", err);
        if (status != NAS_OK) break;
        g[def->n_goals++].direction = nas_stmt_integer(st, 1) ? NAS_MAXIMIZE : NAS_MINIMIZE;
    }
    nas_stmt_end(st);
    def->goals = g;
    return status;
}

nas_status nas_study_load(nas_store *s, int64_t study, int64_t wanted, nas_arena *a, nas_study *def,
                          int64_t *version, nas_err *err) {
    memset(def, 0, sizeof *def);
    nas_stmt *st = NULL;
    const bool knows_data = s->schema >= NAS_SCHEMA_WARNINGS;
    NAS_TRY(nas_sql_open_draft(
        s, &st,
        nas_draft_of("SELECT s.name, s.task, %s.fingerprint, s.seed, s.trials, s.tie_break,"
                     " p.version, p.hash, p.text, %s, %s FROM nas_studies s JOIN nas_spaces p"
                     " ON p.study = s.id AND p.version = coalesce(nullif(?2, 0), s.version)"
                     " WHERE s.id = ?1",
                     knows_data ? "p" : "s",
                     s->schema < NAS_SCHEMA_EXAMPLES ? "NULL, 0" : "s.confidence, s.prefers",
                     knows_data ? "s.kernel" : "NULL"),
        err, "ii", study, wanted));
    const nas_status status = load_head(s, st, a, def, version, err);
    nas_stmt_end(st);
    NAS_TRY(status);
    NAS_TRY(load_columns(s, study, *version, "param", a, &def->n_params, &def->params, err));
    NAS_TRY(load_columns(s, study, *version, "metric", a, &def->n_metrics, &def->metrics, err));
    if (!def->n_metrics) return nas_sql_damaged(s, "nas_columns: a study without metrics", err);
    NAS_TRY(load_bounds(s, study, a, def, err));
    return load_goals(s, study, a, def, err);
}
