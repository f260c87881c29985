/* store/schema/views.c - what people query: views named after the study. */
#include "store/schema/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {"TABLE", "VIEW", "INDEX", "TRIGGER"};

/* Runs the statement that makes o, unless the object is there from the same. */
static nas_status write_object(nas_store *s, nas_object o, nas_draft *text, nas_err *err) {
    char *sql = nas_draft_take(text);
    bool there = false, same = false;
    if (!sql) return nas_sql_no_memory(s, err);
    o.text = sql;
    nas_status status = s->backend->schema->has_object(s, &o, &there, &same, err);
    if (status == NAS_OK && there && !same)
        status =
            nas_sql_define_draft(s, nas_draft_of("DROP %s \"%w\"", kinds[o.kind], o.name), err);
    if (status == NAS_OK && !same) status = nas_sql_define(s, sql, err);
    free(sql);
    return status;
}

static nas_status write_own(nas_store *s, const char *name, const char *body, nas_err *err) {
    nas_draft *q = nas_draft_new();
    s->backend->words->put_own_view(q, name, body);
    return nas_sql_define_draft(s, q, err);
}

static nas_status write_view(nas_store *s, const char *study, const char *tail, nas_draft *body,
                             nas_err *err) {
    char *text = nas_draft_take(body);
    if (!text) return nas_sql_no_memory(s, err);
    char name[128];
    snprintf(name, sizeof name, "%s%s", study, tail);
    if (s->mode == NAS_STORE_READ) {
        const nas_status status = write_own(s, name, text, err);
        free(text);
        return status;
    }
    nas_draft *q = nas_draft_new();
    nas_draft_add(q, "CREATE VIEW \"%w\" AS %s", name, text);
    free(text);
    return write_object(s, (nas_object){NAS_OBJECT_VIEW, name, NULL}, q, err);
}

/* What constraints ask for now and an old version never measured: no trial of it keeps them. */
static void put_unmeasured(const nas_study *def, const nas_layout *l, nas_draft *q) {
    for (int32_t i = 0; i < def->n_bounds; i++) {
        const char *column = def->bounds[i].column;
        bool there = nas_layout_stored(l, column) != NULL;
        for (int32_t k = 0; k < i; k++) there |= !strcmp(def->bounds[k].column, column);
        if (!there) nas_draft_add(q, ", NULL AS \"%w\"", column);
    }
}

static nas_status write_main(nas_store *s, const nas_study *def, const nas_layout *l,
                             nas_err *err) {
    nas_draft *q = nas_draft_new();
    nas_draft_put(q, "SELECT number, state, reason");
    for (int32_t i = 0; i < l->n_params + l->n_metrics; i++)
        nas_draft_add(q, ", \"%w\" AS \"%w\"", l->stored[i], l->names[i]);
    put_unmeasured(def, l, q);
    nas_draft_add(q,
                  ", seconds, cpu_seconds, epochs_trained, epochs_saved, attempt, worker,"
                  " machine,"
                  " datetime(started, 'unixepoch') AS started,"
                  " datetime(finished, 'unixepoch') AS finished, reused, candidate, id"
                  " FROM nas_trials_%l WHERE version = %l",
                  l->study, l->version);
    return write_view(s, def->name, "", q, err);
}

static nas_status write_feasible(nas_store *s, const nas_study *def, nas_err *err) {
    nas_draft *q = nas_draft_new();
    nas_draft_add(q, "SELECT * FROM \"%w\" WHERE state = 'complete'", def->name);
    for (int32_t i = 0; i < def->n_bounds; i++) {
        const nas_bound *b = &def->bounds[i];
        nas_draft_add(q, " AND \"%w\" %s %r", b->column, nas_relation_text(b->op), b->bound);
    }
    return write_view(s, def->name, "_feasible", q, err);
}

static nas_status write_rejected(nas_store *s, const nas_study *def, nas_err *err) {
    nas_draft *q = nas_draft_new();
    nas_draft_add(q, "SELECT * FROM \"%w\" WHERE state = 'rejected'", def->name);
    return write_view(s, def->name, "_rejected", q, err);
}

static nas_status write_warnings(nas_store *s, const nas_study *def, const nas_layout *l,
                                 nas_err *err) {
    nas_draft *q = nas_draft_new();
    nas_draft_add(q,
                  "SELECT text, datetime(first_seen, 'unixepoch') AS first_seen FROM"
                  " nas_warnings WHERE study = %l AND version = %l ORDER BY position",
                  l->study, l->version);
    return write_view(s, def->name, "_warnings", q, err);
}

/* A trial without a goal's value is never the best; one without the tie's value loses the tie.
 * Where the study prefers it, the winner of the last claim goes before. */
static nas_status write_best(nas_store *s, const nas_study *def, const nas_layout *l,
                             nas_err *err) {
    nas_draft *q = nas_draft_new();
    nas_draft_add(q, "SELECT * FROM \"%w_feasible\"", def->name);
    for (int32_t i = 0; i < def->n_goals; i++)
        nas_draft_add(q, "%s \"%w\" IS NOT NULL", i ? " AND" : " WHERE", def->goals[i].column);
    nas_draft_put(q, " ORDER BY ");
    if (def->prefers)
        nas_draft_add(q,
                      "id = (SELECT trial FROM nas_claims WHERE study = %l AND version ="
                      " %l AND place = 0) DESC, ",
                      l->study, l->version);
    for (int32_t i = 0; i < def->n_goals; i++)
        nas_draft_add(q, "\"%w\" %s, ", def->goals[i].column,
                      def->goals[i].direction == NAS_MAXIMIZE ? "DESC" : "ASC");
    if (def->tie_break) nas_draft_add(q, "\"%w\" ASC NULLS LAST, ", def->tie_break);
    nas_draft_put(q, "number LIMIT 1");
    return write_view(s, def->name, "_best", q, err);
}

/* Complete trials that no other complete one equals or beats in each axis and beats in one: those
 * whose values the front has. */
static nas_status write_pareto(nas_store *s, const nas_study *def, const nas_layout *l,
                               nas_arena *a, nas_err *err) {
    nas_axis *axes = NULL;
    int32_t n = 0;
    NAS_TRY(nas_front_axes(def, a, &axes, &n, err));
    nas_draft *q = nas_draft_new();
    if (n == 0) {
        nas_draft_add(q, "SELECT * FROM \"%w\" WHERE state = 'complete'", def->name);
        return write_view(s, def->name, "_pareto", q, err);
    }
    nas_draft_add(q,
                  "SELECT a.* FROM nas_front_%l f CROSS JOIN \"%w\" a"
                  " WHERE a.state = 'complete'",
                  l->study, def->name);
    for (int32_t i = 0; i < n; i++) {
        nas_draft_put(q, " AND ");
        nas_axis_put(&axes[i], q, "a.", axes[i].column);
        nas_draft_add(q, " = f.c%d", i);
    }
    return write_view(s, def->name, "_pareto", q, err);
}

/* The winner is found, and the front compared, from the best end of this index. */
static nas_status write_index(nas_store *s, const nas_study *def, const nas_layout *l,
                              nas_err *err) {
    char name[64];
    snprintf(name, sizeof name, "nas_trials_%lld_goal", (long long)l->study);
    nas_draft *q = nas_draft_new();
    nas_draft_add(q, "CREATE INDEX %s ON nas_trials_%l(version", name, l->study);
    for (int32_t i = 0; i < def->n_goals; i++)
        nas_draft_add(q, ", \"%w\"%s", nas_layout_stored(l, def->goals[i].column),
                      def->goals[i].direction == NAS_MAXIMIZE ? " DESC" : "");
    if (def->tie_break) nas_draft_add(q, ", \"%w\"", nas_layout_stored(l, def->tie_break));
    nas_draft_put(q, ", number) WHERE state = 'complete'");
    return write_object(s, (nas_object){NAS_OBJECT_INDEX, name, NULL}, q, err);
}

/* One arm of `trials`, with the metrics that all studies have. */
static void trials_arm(nas_draft *q, nas_stmt *study, const char *shared) {
    const char *name = nas_stmt_text(study, 0);
    nas_draft_add(q, "SELECT %q AS study, number, state, reason%s, seconds FROM \"%w\"", name,
                  shared, name);
}

/* One arm of nas_progress. Numbers have no gaps, so that those that are complete need not be
 * counted. */
static void progress_arm(nas_draft *q, nas_stmt *study, const char *states) {
    const char *name = nas_stmt_text(study, 0);
    const int64_t id = nas_stmt_integer(study, 1), version = nas_stmt_integer(study, 2);
    nas_draft_add(q,
                  "SELECT * FROM (SELECT %q AS study, 'complete' AS state,"
                  " (SELECT max(number) + 1 FROM nas_trials_%l WHERE version = %l)"
                  " - (SELECT count(*) FROM nas_trials_%l WHERE version = %l AND state IN"
                  " (%s)) AS trials UNION ALL SELECT %q, state, count(*) FROM"
                  " nas_trials_%l WHERE version = %l AND state IN (%s) GROUP BY state)"
                  " WHERE trials > 0",
                  name, id, version, id, version, states, name, id, version, states);
}

/* An arm for each study. */
static nas_status write_arms(nas_store *s, nas_stmt *studies,
                             void (*arm)(nas_draft *, nas_stmt *, const char *), const char *with,
                             nas_draft *q, nas_err *err) {
    /* SQLite takes 500 arms at most; groups of them keep far below. */
    enum { GROUP = 200 };
    for (int64_t n = 0;; n++) {
        bool row = false;
        NAS_TRY(nas_sql_step(s, studies, &row, err));
        if (!row) {
            nas_draft_put(q, ")");
            return NAS_OK;
        }
        if (n % GROUP == 0)
            nas_draft_put(q, n ? ") UNION ALL SELECT * FROM (" : "SELECT * FROM (");
        else
            nas_draft_put(q, " UNION ALL ");
        arm(q, studies, with);
    }
}

static nas_status write_over_all(nas_store *s, const char *view,
                                 void (*arm)(nas_draft *, nas_stmt *, const char *),
                                 const char *with, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open(s, &st, err, "SELECT name, id, version FROM nas_studies ORDER BY id", ""));
    nas_draft *q = nas_draft_new();
    const nas_status status = write_arms(s, st, arm, with, q, err);
    nas_stmt_end(st);
    if (status == NAS_OK) return write_view(s, view, "", q, err);
    nas_draft_drop(q);
    return status;
}

static nas_status write_trials(nas_store *s, nas_arena *a, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open(
        s, &st, err,
        "SELECT coalesce(group_concat(', \"' || replace(name, '\"', '\"\"') || '\"', ''), '') FROM"
        " (SELECT c.name AS name FROM nas_columns c JOIN nas_studies s"
        "  ON s.id = c.study AND s.version = c.version WHERE c.kind = 'metric'"
        "  GROUP BY c.name HAVING count(*) = (SELECT count(*) FROM nas_studies)"
        "  ORDER BY min(c.position), c.name)",
        ""));
    bool row = false;
    const char *shared = "";
    nas_status status = nas_sql_step(s, st, &row, err);
    if (status == NAS_OK) status = nas_sql_text(st, 0, a, &shared, err);
    nas_stmt_end(st);
    NAS_TRY(status);
    NAS_TRY(write_over_all(s, "trials", trials_arm, shared, err));
    return write_over_all(s, "nas_progress", progress_arm,
                          "'waiting', 'running', 'stopped', 'diverged', 'rejected', 'failed'", err);
}

/* The front of a version that is not the current one, which no table keeps, in what it measured. */
static nas_status write_old_pareto(nas_store *s, const nas_study *def, const nas_layout *l,
                                   nas_arena *a, nas_err *err) {
    nas_axis *axes = NULL;
    int32_t all = 0, n = 0;
    NAS_TRY(nas_front_axes(def, a, &axes, &all, err));
    for (int32_t i = 0; i < all; i++)
        if (nas_layout_stored(l, axes[i].column)) axes[n++] = axes[i];
    nas_draft *q = nas_draft_new(), *better = nas_draft_new();
    nas_draft_add(q, "SELECT a.* FROM \"%w\" a WHERE a.state = 'complete'", def->name);
    for (int32_t i = 0; i < n; i++) nas_draft_add(q, " AND a.\"%w\" IS NOT NULL", axes[i].column);
    nas_draft_add(q, n ? " AND NOT EXISTS (SELECT 1 FROM \"%w\" b WHERE b.state = 'complete'" : "",
                  def->name);
    for (int32_t i = 0; i < n; i++) {
        const char *const more = axes[i].maximize ? ">" : "<";
        nas_draft_put(q, " AND ");
        nas_axis_put(&axes[i], q, "b.", axes[i].column);
        nas_draft_add(q, " %s= ", more);
        nas_axis_put(&axes[i], q, "a.", axes[i].column);
        nas_draft_put(better, i ? " OR " : " AND (");
        nas_axis_put(&axes[i], better, "b.", axes[i].column);
        nas_draft_add(better, " %s ", more);
        nas_axis_put(&axes[i], better, "a.", axes[i].column);
    }
    char *any = nas_draft_take(better);
    nas_draft_add(q, n ? "%s))" : "", any ? any : "");
    free(any);
    return write_view(s, def->name, "_pareto", q, err);
}

static nas_status write_old(nas_store *s, const nas_study *def, nas_layout *l, nas_arena *a,
                            nas_err *err) {
    NAS_TRY(write_main(s, def, l, err));
    NAS_TRY(write_feasible(s, def, err));
    NAS_TRY(write_old_pareto(s, def, l, a, err));
    NAS_TRY(write_best(s, def, l, err));
    NAS_TRY(write_rejected(s, def, err));
    return s->schema < NAS_SCHEMA_WARNINGS ? NAS_OK : write_warnings(s, def, l, err);
}

static nas_status check_goals(const nas_study *def, const nas_layout *l, nas_err *err) {
    for (int32_t i = 0; i < def->n_goals; i++)
        if (!nas_layout_stored(l, def->goals[i].column))
            return nas_fail(err, NAS_EINVAL,
                            "version %lld of study %s has no %s, which the study's objectives now "
                            "ask for; its rows are in nas_trials_%lld",
                            (long long)l->version, def->name, def->goals[i].column,
                            (long long)l->study);
    return NAS_OK;
}

/* A reader may make what it alone sees. */
nas_status nas_views_show(nas_store *s, const nas_study *def, nas_study_id id, nas_arena *a,
                          nas_err *err) {
    nas_layout *l = NULL;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    NAS_TRY(check_goals(def, l, err));
    NAS_TRY(s->backend->schema->own_views(s, true, err));
    const nas_status status = write_old(s, def, l, a, err);
    const nas_status back = s->backend->schema->own_views(s, false, status == NAS_OK ? err : NULL);
    return status == NAS_OK ? back : status;
}

static nas_status write_all(nas_store *s, const nas_study *def, nas_layout *l, nas_arena *a,
                            nas_err *err) {
    NAS_TRY(write_main(s, def, l, err));
    NAS_TRY(write_index(s, def, l, err));
    NAS_TRY(write_feasible(s, def, err));
    NAS_TRY(
        nas_front_write(s, def, (nas_study_id){.study = l->study, .version = l->version}, a, err));
    NAS_TRY(write_pareto(s, def, l, a, err));
    NAS_TRY(write_best(s, def, l, err));
    NAS_TRY(write_rejected(s, def, err));
    NAS_TRY(write_warnings(s, def, l, err));
    return write_trials(s, a, err);
}

nas_status nas_views_write(nas_store *s, const nas_study *def, nas_study_id id, nas_err *err) {
    nas_layout *l = NULL;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    const nas_status status = write_all(s, def, l, a, err);
    nas_arena_close(a);
    return status;
}
