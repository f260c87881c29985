/* store/write/study.c - making, joining and changing a study. */
#include "base/clock.h"
#include "base/relation.h"
#include "store/write/write.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* With the longest ending of a view it stays below NAS_NAME_MOST. */
enum { LONGEST_NAME = 48 };
_Static_assert(LONGEST_NAME + sizeof "_feasible" - 1 <= NAS_NAME_MOST, "names of views fit");

static bool ends_with(const char *s, const char *tail) {
    const size_t n = strlen(s), m = strlen(tail);
    return n >= m && !strcasecmp(s + n - m, tail);
}

static bool is_word(const char *s) {
    for (const char *p = s; *p; p++) {
        const bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_';
        const bool digit = *p >= '0' && *p <= '9';
        if (!letter && (!digit || p == s)) return false;
    }
    return *s != '\0';
}

nas_status nas_store_check_name(const char *name, nas_err *err) {
    static const char *const tails[] = {"_feasible", "_pareto", "_best", "_rejected", "_warnings"};
    static const char *const taken[] = {"trials", "studies", "true", "false"};
    if (!is_word(name))
        return nas_fail(err, NAS_EINVAL,
                        "\"%s\" cannot be a study's name: letters, digits and underscores "
                        "expected, no digit first",
                        name);
    if (strlen(name) > LONGEST_NAME)
        return nas_fail(err, NAS_EINVAL,
                        "\"%s\" cannot be a study's name: it is longer than %d letters", name,
                        LONGEST_NAME);
    if (nas_backend_keyword(name))
        return nas_fail(err, NAS_EINVAL,
                        "\"%s\" cannot be a study's name: it is a keyword of SQL; try \"%s_1\"",
                        name, name);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (!strcasecmp(name, taken[i]))
            return nas_fail(err, NAS_EINVAL,
                            "\"%s\" cannot be a study's name: it means something else in the "
                            "database",
                            name);
    if (!strncasecmp(name, "nas_", 4) || !strncasecmp(name, "sqlite_", 7))
        return nas_fail(err, NAS_EINVAL,
                        "\"%s\" cannot be a study's name: nas_ and sqlite_ begin the names of "
                        "tables",
                        name);
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
        if (ends_with(name, tails[i]))
            return nas_fail(err, NAS_EINVAL,
                            "\"%s\" cannot be a study's name: \"%s\" ends the names of views", name,
                            tails[i]);
    return NAS_OK;
}

static bool has_column(const nas_study *def, const char *name) {
    for (int32_t i = 0; i < def->n_params; i++)
        if (!strcmp(def->params[i].name, name)) return true;
    for (int32_t i = 0; i < def->n_metrics; i++)
        if (!strcmp(def->metrics[i].name, name)) return true;
    return false;
}

static nas_status check_def(const nas_study *def, nas_err *err) {
    NAS_TRY(nas_store_check_name(def->name, err));
    for (int32_t i = 0; i < def->n_bounds; i++) {
        const nas_bound *b = &def->bounds[i];
        if (b->op >= NAS_RELATIONS || !isfinite(b->bound) || !has_column(def, b->column))
            return nas_fail(err, NAS_EINVAL,
                            "study %s: constraint \"%s\": a column, a comparison and a number "
                            "expected",
                            def->name, b->text);
    }
    for (int32_t i = 0; i < def->n_goals; i++)
        if (!has_column(def, def->goals[i].column))
            return nas_fail(err, NAS_EINVAL, "study %s: objective \"%s\" is not a column",
                            def->name, def->goals[i].column);
    if (def->tie_break && !has_column(def, def->tie_break))
        return nas_fail(err, NAS_EINVAL, "study %s: \"%s\" is not a column", def->name,
                        def->tie_break);
    return NAS_OK;
}

static bool same_text(const char *a, const char *b) {
    return a == b || (a && b && !strcmp(a, b));
}

static bool same_columns(int32_t n, const nas_column *a, int32_t m, const nas_column *b) {
    if (n != m) return false;
    for (int32_t i = 0; i < n; i++)
        if (strcmp(a[i].name, b[i].name) || a[i].type != b[i].type) return false;
    return true;
}

static bool same_bounds(const nas_study *a, const nas_study *b) {
    if (a->n_bounds != b->n_bounds) return false;
    for (int32_t i = 0; i < a->n_bounds; i++) {
        const nas_bound *p = &a->bounds[i], *q = &b->bounds[i];
        if (strcmp(p->text, q->text) || strcmp(p->column, q->column) || p->op != q->op ||
            p->bound != q->bound)
            return false;
    }
    return true;
}

static bool same_goals(const nas_study *a, const nas_study *b) {
    if (a->n_goals != b->n_goals) return false;
    for (int32_t i = 0; i < a->n_goals; i++)
        if (strcmp(a->goals[i].column, b->goals[i].column) ||
            a->goals[i].direction != b->goals[i].direction)
            return false;
    return true;
}

/* NaN is a value here. */
static bool same_number(double a, double b) {
    return a == b || (isnan(a) && isnan(b));
}

/* A run that does not say one leaves the study's. */
static bool same_kernel(const nas_study *old, const nas_study *def) {
    return !def->kernel || same_text(old->kernel, def->kernel);
}

static bool same_def(const nas_study *a, const nas_study *b) {
    return same_number(a->confidence, b->confidence) && a->prefers == b->prefers &&
           nas_hash_equal(&a->space_hash, &b->space_hash) &&
           nas_hash_equal(&a->fingerprint, &b->fingerprint) && a->trials == b->trials &&
           same_kernel(a, b) && same_text(a->task, b->task) &&
           same_text(a->space_text, b->space_text) && same_text(a->tie_break, b->tie_break) &&
           same_columns(a->n_params, a->params, b->n_params, b->params) &&
           same_columns(a->n_metrics, a->metrics, b->n_metrics, b->metrics) && same_bounds(a, b) &&
           same_goals(a, b);
}

static nas_status check_same(const nas_study *old, const nas_study *def, nas_err *err) {
    if (strcmp(old->name, def->name))
        return nas_fail(err, NAS_EINVAL,
                        "the database has a study \"%s\", which SQL cannot tell from \"%s\": use "
                        "that name or another",
                        old->name, def->name);
    if (old->seed != def->seed)
        return nas_fail(err, NAS_EINVAL,
                        "study %s was run with seed %llu, now with %llu: give the same seed, "
                        "another name, or another --db",
                        def->name, (unsigned long long)old->seed, (unsigned long long)def->seed);
    if (old->kernel && def->kernel && strcmp(old->kernel, def->kernel))
        return nas_fail(err, NAS_EINVAL,
                        "study %s is trained with the kernels \"%s\", this run would train with "
                        "\"%s\": their bits differ. Set --kernel %s where the processor has it, or "
                        "give another name, or another --db",
                        def->name, old->kernel, def->kernel, old->kernel);
    return NAS_OK;
}

static nas_status insert_study(nas_store *s, const nas_study *def, int64_t *study, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "INSERT INTO nas_studies(name, task, fingerprint, seed, trials, version,"
                         " created, examples) VALUES(?1, ?2, ?3, ?4, ?5, 0, nas_now(), 0)"
                         " RETURNING id",
                         "tthii", def->name, def->task ? def->task : "", &def->fingerprint,
                         (int64_t)def->seed, def->trials));
    const nas_status status = nas_sql_run_returning(s, st, study, err);
    nas_stmt_end(st);
    return status;
}

/* The number of the data with that fingerprint; the next one when there are none. */
static nas_status find_data(nas_store *s, const nas_study *def, int64_t study, int64_t *data,
                            nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "SELECT coalesce(min(data) FILTER (WHERE fingerprint = ?2),"
                         " coalesce(max(data), 0) + 1) FROM nas_spaces WHERE study = ?1",
                         "ih", study, &def->fingerprint));
    bool row = false;
    const nas_status status = nas_sql_step(s, st, &row, err);
    *data = row ? nas_stmt_integer(st, 0) : 0;
    nas_stmt_end(st);
    return status;
}

/* The version that has this space and these data (joined), else the number after all others. twin:
 * the last one that has this space with other data; 0: none. */
static nas_status look_for_version(nas_store *s, const nas_study *def, int64_t data,
                                   nas_study_id *id, int64_t *twin, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "SELECT coalesce(max(version), 0) + 1,"
                         " max(version) FILTER (WHERE hash = ?2 AND data = ?3),"
                         " max(version) FILTER (WHERE hash = ?2 AND data <> ?3)"
                         " FROM nas_spaces WHERE study = ?1",
                         "ihi", id->study, &def->space_hash, data));
    bool row = false;
    const nas_status status = nas_sql_step(s, st, &row, err);
    id->joined = row && nas_stmt_integer(st, 1) != 0;
    id->version = row ? nas_stmt_integer(st, id->joined ? 1 : 0) : 0;
    *twin = row ? nas_stmt_integer(st, 2) : 0;
    nas_stmt_end(st);
    return status;
}

static nas_status find_version(nas_store *s, const nas_study *def, nas_arena *a, nas_study_id *id,
                               int64_t *twin, nas_renames *renames, nas_err *err) {
    int64_t data;
    NAS_TRY(find_data(s, def, id->study, &data, err));
    NAS_TRY(look_for_version(s, def, data, id, twin, err));
    NAS_TRY(nas_renames_read(s, def, id->study, id->joined ? id->version : *twin, a, renames, err));
    if (id->joined)
        return nas_sql_put(s, err,
                           "UPDATE nas_spaces SET text = ?3 WHERE study = ?1 AND version = ?2",
                           "iit", id->study, id->version, def->space_text);
    return nas_sql_put(s, err,
                       "INSERT INTO nas_spaces(study, version, hash, text, created, data,"
                       " fingerprint) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                       "iihtrih", id->study, id->version, &def->space_hash, def->space_text,
                       nas_clock_date(), data, &def->fingerprint);
}

static nas_status write_aims(nas_store *s, const nas_study *def, int64_t study, nas_err *err) {
    NAS_TRY(nas_sql_put(s, err, "DELETE FROM nas_bounds WHERE study = ?1", "i", study));
    NAS_TRY(nas_sql_put(s, err, "DELETE FROM nas_goals WHERE study = ?1", "i", study));
    for (int32_t i = 0; i < def->n_bounds; i++) {
        const nas_bound *b = &def->bounds[i];
        NAS_TRY(nas_sql_put(s, err, "INSERT INTO nas_bounds VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                            "iitttr", study, (int64_t)i, b->text, b->column,
                            nas_relation_text(b->op), b->bound));
    }
    for (int32_t i = 0; i < def->n_goals; i++)
        NAS_TRY(nas_sql_put(s, err, "INSERT INTO nas_goals VALUES(?1, ?2, ?3, ?4)", "iiti", study,
                            (int64_t)i, def->goals[i].column, (int64_t)def->goals[i].direction));
    return NAS_OK;
}

static bool asks_anew(const nas_study *old, const nas_study *def) {
    return !same_bounds(old, def) || !same_goals(old, def) ||
           !nas_hash_equal(&old->space_hash, &def->space_hash) ||
           !nas_hash_equal(&old->fingerprint, &def->fingerprint) ||
           !same_columns(old->n_metrics, old->metrics, def->n_metrics, def->metrics);
}

/* What an old constraint rejected may satisfy the new ones. */
static nas_status judge_again(nas_store *s, int64_t study, nas_err *err) {
    nas_draft *q = nas_draft_new();
    nas_draft_add(q,
                  "UPDATE nas_trials_%l SET state = 'waiting', reason = NULL, attempt = 0,"
                  " worker = NULL, finished = NULL WHERE state = 'rejected'",
                  study);
    return nas_sql_exec_draft(s, q, err);
}

/* A result from before a metric was measured does not answer who now asks for it: an objective, a
 * constraint. What it left stays until the next attempt, which the counter of attempts tells. */
static nas_status ask_again(nas_store *s, const nas_study *def, nas_study_id id, nas_err *err) {
    nas_layout *l = NULL;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    nas_draft *q = nas_draft_new();
    nas_draft_add(q,
                  "UPDATE nas_trials_%l SET state = 'waiting', reason = NULL,"
                  " worker = NULL, finished = NULL, reused = NULL WHERE version = %l AND"
                  " state = 'complete' AND (0",
                  id.study, id.version);
    for (int32_t i = 0; i < def->n_goals + def->n_bounds; i++) {
        const char *column =
            i < def->n_goals ? def->goals[i].column : def->bounds[i - def->n_goals].column;
        nas_draft_add(q, " OR \"%w\" IS NULL", nas_layout_stored(l, column));
    }
    nas_draft_put(q, ")");
    return nas_sql_exec_draft(s, q, err);
}

/* Columns of the version, and its rows where they moved. */
static nas_status write_layout(nas_store *s, const nas_study *def, nas_study_id id,
                               const nas_renames *renames, nas_err *err) {
    nas_layout *from = NULL, *to = NULL;
    if (id.joined) NAS_TRY(nas_layout_get(s, id, &from, err));
    NAS_TRY(nas_layout_write(s, def, id, err));
    nas_layout_forget(s, id);
    if (!from) return NAS_OK;
    NAS_TRY(nas_layout_get(s, id, &to, err));
    return nas_renames_apply(s, renames, from, to, err);
}

static nas_status write_study(nas_store *s, const nas_study *def, const nas_study *old,
                              nas_arena *a, nas_study_id *id, nas_err *err) {
    if (!old) NAS_TRY(insert_study(s, def, &id->study, err));
    int64_t twin = 0;
    nas_renames renames;
    NAS_TRY(find_version(s, def, a, id, &twin, &renames, err));
    NAS_TRY(nas_sql_put(s, err,
                        "UPDATE nas_studies SET task = ?2, trials = ?3, version = ?4,"
                        " tie_break = ?5, confidence = ?6, prefers = ?7, fingerprint = ?8,"
                        " kernel = coalesce(?9, kernel) WHERE id = ?1",
                        "itiitriht", id->study, def->task ? def->task : "", def->trials,
                        id->version, def->tie_break, def->confidence, (int64_t)def->prefers,
                        &def->fingerprint, def->kernel));
    NAS_TRY(write_layout(s, def, *id, &renames, err));
    NAS_TRY(write_aims(s, def, id->study, err));
    if (old && !same_bounds(old, def)) NAS_TRY(judge_again(s, id->study, err));
    if (old && asks_anew(old, def)) NAS_TRY(ask_again(s, def, *id, err));
    if (twin && !id->joined)
        NAS_TRY(nas_first_trials(s, def, *id, twin, &renames, &id->first, err));
    return nas_views_write(s, def, *id, err);
}

static nas_status find_by_name(nas_store *s, const char *name, int64_t *study, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open(s, &st, err, "SELECT id FROM nas_studies WHERE name = ?1", "t", name));
    bool row = false;
    const nas_status status = nas_sql_step(s, st, &row, err);
    *study = row ? nas_stmt_integer(st, 0) : 0;
    nas_stmt_end(st);
    return status;
}

/* Views, counts and the winner are those of one space and one set of data at a time. */
static nas_status check_idle(nas_store *s, int64_t study, const char *name, nas_err *err) {
    int64_t running = 0;
    nas_draft *d =
        nas_draft_of("SELECT count(*) FROM nas_trials_%l WHERE state = 'running'", study);
    NAS_TRY(nas_sql_integer(s, d, &running, err, ""));
    if (!running) return NAS_OK;
    return nas_fail(err, NAS_EBUSY,
                    "study %s is at work with another space, or other data, %lld of its trials are "
                    "running: stop that run, or give another name or another --db",
                    name, (long long)running);
}

static nas_status join_or_write(nas_store *s, const nas_study *given, nas_arena *a,
                                nas_study_id *out, nas_err *err) {
    nas_study fitted;
    const nas_study *def = &fitted;
    if (s->backend->file && s->backend->file->has_moved(s))
        return nas_fail(err, NAS_EBUSY, "%s was removed by another process: start again", s->path);
    NAS_TRY(find_by_name(s, given->name, &out->study, err));
    NAS_TRY(nas_names_fit(s, out->study, given, a, &fitted, err));
    if (out->study == 0) return write_study(s, def, NULL, a, out, err);
    nas_study old;
    NAS_TRY(nas_study_load(s, out->study, 0, a, &old, &out->version, err));
    NAS_TRY(check_same(&old, def, err));
    if (!nas_hash_equal(&old.space_hash, &def->space_hash) ||
        !nas_hash_equal(&old.fingerprint, &def->fingerprint))
        NAS_TRY(check_idle(s, out->study, def->name, err));
    out->joined = true;
    /* Left as it is when nothing is new: each change of the schema costs every worker. */
    return same_def(&old, def) ? NAS_OK : write_study(s, def, &old, a, out, err);
}

nas_status nas_store_study(nas_store *s, const nas_study *def, nas_study_id *out, nas_err *err) {
    *out = (nas_study_id){0};
    NAS_TRY(check_def(def, err));
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    nas_status status = nas_sql_begin(s, NAS_SYNC_FULL, err);
    if (status == NAS_OK) status = nas_sql_end(s, join_or_write(s, def, a, out, err), err);
    nas_arena_close(a);
    if (status != NAS_OK) {
        nas_layout_forget(s, *out);
        *out = (nas_study_id){0};
    }
    return status;
}
