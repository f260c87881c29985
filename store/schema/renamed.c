/* store/schema/renamed.c - options of a choice have labels, which may change while the space stays
 * the same: then rows of a version that is joined get the labels of now. */
#include "store/schema/schema.h"

#include <string.h>

nas_status nas_renames_read(nas_store *s, const nas_study *def, int64_t study, int64_t version,
                            nas_arena *a, nas_renames *out, nas_err *err) {
    *out = (nas_renames){0};
    if (!def->renamed || !version) return NAS_OK;
    nas_stmt *st = NULL;
    const char *text = NULL;
    bool row = false;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "SELECT text FROM nas_spaces WHERE study = ?1 AND version = ?2", "ii",
                         study, version));
    nas_status status = nas_sql_step(s, st, &row, err);
    if (status == NAS_OK && row) status = nas_sql_text(st, 0, a, &text, err);
    nas_stmt_end(st);
    NAS_TRY(status);
    return text ? def->renamed(def->renamed_ctx, text, a, &out->v, &out->n, err) : NAS_OK;
}

static const nas_renamed *find(const nas_renames *r, int32_t param) {
    for (int32_t i = 0; i < r->n; i++)
        if (r->v[i].param == param) return &r->v[i];
    return NULL;
}

static void put_now(const nas_value *v, nas_draft *q) {
    if (v->type == NAS_COLUMN_TEXT)
        nas_draft_add(q, " THEN %q", v->text);
    else
        nas_draft_add(q, " THEN %l", v->integer);
}

void nas_renames_put(const nas_renames *r, int32_t param, const char *stored, nas_draft *q) {
    const nas_renamed *one = find(r, param);
    if (one && one->n) {
        nas_draft_add(q, "CASE \"%w\"", stored);
        for (int32_t i = 0; i < one->n; i++) {
            nas_draft_add(q, " WHEN %q", one->was[i]);
            put_now(&one->now[i], q);
        }
        for (int32_t i = 0; i < one->n; i++) {
            nas_draft_add(q, " WHEN %d", i);
            put_now(&one->now[i], q);
        }
        nas_draft_put(q, " ELSE ");
    }
    nas_draft_add(q, "\"%w\"", stored);
    if (one && one->n) nas_draft_put(q, " END");
}

nas_status nas_renames_apply(nas_store *s, const nas_renames *r, const nas_layout *from,
                             const nas_layout *to, nas_err *err) {
    int32_t n = 0;
    nas_draft *q = nas_draft_new();
    nas_draft_add(q, "UPDATE nas_trials_%l SET ", to->study);
    for (int32_t i = 0; i < to->n_params; i++) {
        const char *old = nas_layout_stored(from, to->names[i]);
        if (!old || (!find(r, i) && !strcmp(old, to->stored[i]))) continue;
        nas_draft_add(q, "%s\"%w\" = ", n++ ? ", " : "", to->stored[i]);
        nas_renames_put(r, i, old, q);
    }
    nas_draft_add(q, " WHERE version = %l", to->version);
    if (n) return nas_sql_exec_draft(s, q, err);
    nas_draft_drop(q);
    return NAS_OK;
}
