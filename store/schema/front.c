/* store/schema/front.c - the front of a study, kept as trials end: nas_front_<study> has each
 * combination of values that no other one beats. Triggers add to it; it is made anew when
 * directions change, or when a value of a finished trial does. */
#include "base/companion.h"
#include "store/schema/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_end_of_goal(const nas_study *def, const char *column) {
    for (int32_t i = 0; i < def->n_goals; i++)
        if (nas_companion_end(column, def->goals[i].column)) return true;
    return false;
}

void nas_axis_put(const nas_axis *axis, nas_draft *q, const char *of, const char *column) {
    if (axis->met)
        nas_draft_add(q, "(%s\"%w\" %s %r)", of, column, nas_relation_text(axis->met->op),
                      axis->met->bound);
    else
        nas_draft_add(q, "%s\"%w\"", of, column);
}

/* Goals, then columns that bounds pull one way and that are no goal. The end of a goal's interval
 * says little more of which is better, but whether it keeps its bound must count. */
nas_status nas_front_axes(const nas_study *def, nas_arena *a, nas_axis **out, int32_t *n_out,
                          nas_err *err) {
    nas_axis *axes = nas_arena_array(a, (size_t)(def->n_goals + def->n_bounds), sizeof *axes, err);
    int32_t n = 0;
    if (!axes) return NAS_ENOMEM;
    for (int32_t i = 0; i < def->n_goals; i++)
        axes[n++] = (nas_axis){def->goals[i].column, def->goals[i].direction == NAS_MAXIMIZE, NULL};
    for (int32_t i = 0; i < def->n_bounds; i++) {
        const nas_bound *b = &def->bounds[i];
        bool use = nas_relation_direction(b->op) != 0;
        if (is_end_of_goal(def, b->column)) {
            axes[n++] = (nas_axis){b->column, true, b};
            continue;
        }
        for (int32_t j = 0; j < n; j++) use &= strcmp(axes[j].column, b->column) != 0;
        for (int32_t j = 0; j < def->n_bounds; j++)
            if (!strcmp(def->bounds[j].column, b->column))
                use &= nas_relation_direction(def->bounds[j].op) != -nas_relation_direction(b->op);
        if (use) axes[n++] = (nas_axis){b->column, nas_relation_direction(b->op) > 0, NULL};
    }
    *out = axes;
    *n_out = n;
    return NAS_OK;
}

typedef struct front {
    nas_layout *l;
    const nas_axis *axes;
    int32_t n;
} front;

/* Value i: NEW."column" in the trigger, else ?<i + 1>. */
static void put_value(const front *f, nas_draft *q, int32_t i, bool bound) {
    if (bound)
        nas_draft_add(q, "?%d", i + 1);
    else
        nas_axis_put(&f->axes[i], q, "NEW.", nas_layout_stored(f->l, f->axes[i].column));
}

/* Is there nothing in the front that equals or beats the values? */
static void put_unbeaten(const front *f, nas_draft *q, bool bound) {
    nas_draft_add(q, "NOT EXISTS (SELECT 1 FROM nas_front_%l WHERE 1", f->l->study);
    for (int32_t i = 0; i < f->n; i++) {
        nas_draft_add(q, " AND c%d %s ", i, f->axes[i].maximize ? ">=" : "<=");
        put_value(f, q, i, bound);
    }
    nas_draft_put(q, ")");
}

/* Of values that are not beaten: removes those that they beat. */
static void put_delete(const front *f, nas_draft *q, bool bound) {
    nas_draft_add(q, "DELETE FROM nas_front_%l WHERE 1", f->l->study);
    for (int32_t i = 0; i < f->n; i++) {
        nas_draft_add(q, " AND c%d %s ", i, f->axes[i].maximize ? "<=" : ">=");
        put_value(f, q, i, bound);
    }
}

static void put_insert(const front *f, nas_draft *q, bool bound) {
    nas_draft_add(q, "INSERT INTO nas_front_%l VALUES(", f->l->study);
    for (int32_t i = 0; i < f->n; i++) {
        if (i) nas_draft_put(q, ", ");
        put_value(f, q, i, bound);
    }
    nas_draft_put(q, ")");
}

/* Of what the trigger says each part is a draft of its own. */
static void put_columns(const front *f, nas_draft *q) {
    nas_draft_put(q, "state");
    for (int32_t i = 0; i < f->n; i++)
        nas_draft_add(q, ", \"%w\"", nas_layout_stored(f->l, f->axes[i].column));
}

static void put_when(const front *f, nas_draft *q) {
    nas_draft_add(q, "NEW.state = 'complete' AND NEW.version = %l", f->l->version);
    for (int32_t i = 0; i < f->n; i++)
        nas_draft_add(q, " AND NEW.\"%w\" IS NOT NULL", nas_layout_stored(f->l, f->axes[i].column));
    nas_draft_put(q, " AND ");
    put_unbeaten(f, q, false);
}

static void put_body(const front *f, nas_draft *q) {
    put_delete(f, q, false);
    nas_draft_put(q, "; ");
    put_insert(f, q, false);
}

/* The trigger's text. Owner: the caller frees it. NULL: no memory. */
static char *trigger_text(const nas_store *s, const front *f, const char *name, const char *table) {
    enum { COLUMNS, WHEN, BODY, PARTS };
    void (*const put[PARTS])(const front *, nas_draft *) = {put_columns, put_when, put_body};
    char *part[PARTS];
    nas_draft *q = NULL;
    for (int i = 0; i < PARTS; i++) {
        nas_draft *d = nas_draft_new();
        put[i](f, d);
        part[i] = nas_draft_take(d);
    }
    if (part[COLUMNS] && part[WHEN] && part[BODY]) {
        q = nas_draft_new();
        s->backend->words->put_trigger(
            q, &(nas_trigger){name, table, part[COLUMNS], part[WHEN], part[BODY]});
    }
    for (int i = 0; i < PARTS; i++) free(part[i]);
    return nas_draft_take(q);
}

/* Best first, so that most of what follows is beaten at once. */
static nas_status open_rows(nas_store *s, const front *f, nas_stmt **out, nas_err *err) {
    nas_draft *q = nas_draft_new();
    nas_draft_put(q, "SELECT ");
    for (int32_t i = 0; i < f->n; i++) {
        if (i) nas_draft_put(q, ", ");
        nas_axis_put(&f->axes[i], q, "", nas_layout_stored(f->l, f->axes[i].column));
    }
    nas_draft_add(q, " FROM nas_trials_%l WHERE version = %l AND state = 'complete'", f->l->study,
                  f->l->version);
    for (int32_t i = 0; i < f->n; i++)
        nas_draft_add(q, " AND \"%w\" IS NOT NULL", nas_layout_stored(f->l, f->axes[i].column));
    nas_draft_add(q, " ORDER BY \"%w\"%s", nas_layout_stored(f->l, f->axes[0].column),
                  f->axes[0].maximize ? " DESC" : "");
    return nas_sql_open_draft(s, out, q, err, "");
}

static nas_status run_with(nas_store *s, nas_stmt *from, nas_stmt *st, int32_t n, bool *row,
                           nas_err *err) {
    for (int32_t i = 0; i < n; i++) {
        const nas_value v = nas_stmt_value(from, i);
        NAS_TRY(nas_sql_bind_value(s, st, i + 1, &v, err));
    }
    const nas_status status = nas_sql_step(s, st, row, err);
    nas_stmt_reset(st);
    return status;
}

enum { UNBEATEN, REMOVE, ADD, STATEMENTS };

static nas_status add_rows(nas_store *s, const front *f, nas_stmt *rows, nas_stmt *const *st,
                           nas_err *err) {
    for (;;) {
        bool row = false, unbeaten = false;
        NAS_TRY(nas_sql_step(s, rows, &row, err));
        if (!row) return NAS_OK;
        NAS_TRY(run_with(s, rows, st[UNBEATEN], f->n, &unbeaten, err));
        if (!unbeaten) continue;
        NAS_TRY(run_with(s, rows, st[REMOVE], f->n, &row, err));
        NAS_TRY(run_with(s, rows, st[ADD], f->n, &row, err));
    }
}

static nas_status fill(nas_store *s, const front *f, nas_err *err) {
    nas_stmt *rows = NULL, *st[STATEMENTS] = {NULL};
    nas_draft *q[STATEMENTS];
    for (int i = 0; i < STATEMENTS; i++) q[i] = nas_draft_new();
    nas_draft_put(q[UNBEATEN], "SELECT 1 WHERE ");
    put_unbeaten(f, q[UNBEATEN], true);
    put_delete(f, q[REMOVE], true);
    put_insert(f, q[ADD], true);
    nas_status status = NAS_OK;
    for (int i = 0; i < STATEMENTS; i++) {
        if (status == NAS_OK)
            status = nas_sql_open_draft(s, &st[i], q[i], err, "");
        else
            nas_draft_drop(q[i]);
    }
    if (status == NAS_OK) status = open_rows(s, f, &rows, err);
    if (status == NAS_OK) status = add_rows(s, f, rows, st, err);
    nas_stmt_end(rows);
    for (int i = 0; i < STATEMENTS; i++) nas_stmt_end(st[i]);
    return status;
}

static nas_status describe(nas_store *s, const nas_study *def, nas_study_id id, nas_arena *a,
                           front *f, nas_err *err) {
    nas_axis *axes = NULL;
    NAS_TRY(nas_layout_get(s, id, &f->l, err));
    NAS_TRY(nas_front_axes(def, a, &axes, &f->n, err));
    f->axes = axes;
    return NAS_OK;
}

static nas_status make_anew(nas_store *s, const front *f, const char *trigger, nas_err *err) {
    nas_draft *q = nas_draft_new();
    nas_draft_add(q,
                  "DROP TRIGGER IF EXISTS nas_front_%l_add;"
                  "DROP TABLE IF EXISTS nas_front_%l;CREATE TABLE nas_front_%l(",
                  f->l->study, f->l->study, f->l->study);
    for (int32_t i = 0; i < f->n; i++) nas_draft_add(q, "%sc%d", i ? ", " : "", i);
    nas_draft_add(q, ");%s", trigger);
    NAS_TRY(nas_sql_define_draft(s, q, err));
    return fill(s, f, err);
}

static nas_status write_front(nas_store *s, const front *f, nas_err *err) {
    char name[64], table[64];
    snprintf(name, sizeof name, "nas_front_%lld_add", (long long)f->l->study);
    snprintf(table, sizeof table, "nas_trials_%lld", (long long)f->l->study);
    char *sql = trigger_text(s, f, name, table);
    if (!sql) return nas_sql_no_memory(s, err);
    const nas_object trigger = {.kind = NAS_OBJECT_TRIGGER, .name = name, .text = sql};
    bool there = false, same = false;
    nas_status status = s->backend->schema->has_object(s, &trigger, &there, &same, err);
    if (status == NAS_OK && !same) status = make_anew(s, f, sql, err);
    free(sql);
    return status;
}

nas_status nas_front_write(nas_store *s, const nas_study *def, nas_study_id id, nas_arena *a,
                           nas_err *err) {
    front f;
    NAS_TRY(describe(s, def, id, a, &f, err));
    return f.n ? write_front(s, &f, err) : NAS_OK;
}

static nas_status changed(nas_store *s, nas_study_id id, const char *column, nas_arena *a,
                          nas_err *err) {
    front f;
    nas_study def;
    bool is_axis = false;
    nas_study_id current = {.study = id.study};
    NAS_TRY(nas_study_load(s, id.study, 0, a, &def, &current.version, err));
    NAS_TRY(describe(s, &def, current, a, &f, err));
    for (int32_t i = 0; i < f.n; i++) is_axis |= !strcmp(f.axes[i].column, column);
    if (!is_axis) return NAS_OK;
    nas_draft *q = nas_draft_new();
    nas_draft_add(q, "DELETE FROM nas_front_%l", id.study);
    NAS_TRY(nas_sql_exec_draft(s, q, err));
    return fill(s, &f, err);
}

nas_status nas_front_changed(nas_store *s, nas_study_id id, const char *column, nas_err *err) {
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    const nas_status status = changed(s, id, column, a, err);
    nas_arena_close(a);
    return status;
}
