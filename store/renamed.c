/* store/renamed.c - options of a choice have labels, which may change while the space stays the
 * same: then rows of a version that is joined get the labels of now. */
#include "store/store_int.h"

#include <string.h>

nas_status nas_renames_read(nas_store *s, const nas_study *def, int64_t study, int64_t version,
                            nas_arena *a, nas_renames *out, nas_err *err) {
    *out = (nas_renames){0};
    if (!def->renamed || !version) return NAS_OK;
    sqlite3_stmt *st = NULL;
    const char *text = NULL;
    bool row = false;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "SELECT text FROM nas_spaces WHERE study = ?1 AND version = ?2", "ii",
                         study, version));
    nas_status status = nas_sql_step(s, st, &row, err);
    if (status == NAS_OK && row) status = nas_sql_text(st, 0, a, &text, err);
    sqlite3_finalize(st);
    NAS_TRY(status);
    return text ? def->renamed(def->renamed_ctx, text, a, &out->v, &out->n, err) : NAS_OK;
}

static const nas_renamed *find(const nas_renames *r, int32_t param) {
    for (int32_t i = 0; i < r->n; i++)
        if (r->v[i].param == param) return &r->v[i];
    return NULL;
}

static void put_now(const nas_value *v, sqlite3_str *q) {
    if (v->type == NAS_COLUMN_TEXT)
        sqlite3_str_appendf(q, " THEN %Q", v->text);
    else
        sqlite3_str_appendf(q, " THEN %lld", v->integer);
}

void nas_renames_put(const nas_renames *r, int32_t param, const char *stored, sqlite3_str *q) {
    const nas_renamed *one = find(r, param);
    if (one && one->n) {
        sqlite3_str_appendf(q, "CASE \"%w\"", stored);
        for (int32_t i = 0; i < one->n; i++) {
            sqlite3_str_appendf(q, " WHEN %Q", one->was[i]);
            put_now(&one->now[i], q);
        }
        for (int32_t i = 0; i < one->n; i++) {
            sqlite3_str_appendf(q, " WHEN %d", i);
            put_now(&one->now[i], q);
        }
        sqlite3_str_appendall(q, " ELSE ");
    }
    sqlite3_str_appendf(q, "\"%w\"", stored);
    if (one && one->n) sqlite3_str_appendall(q, " END");
}

nas_status nas_renames_apply(nas_store *s, const nas_renames *r, const nas_layout *from,
                             const nas_layout *to, nas_err *err) {
    int32_t n = 0;
    sqlite3_str *q = sqlite3_str_new(s->db);
    sqlite3_str_appendf(q, "UPDATE nas_trials_%lld SET ", to->study);
    for (int32_t i = 0; i < to->n_params; i++) {
        const char *old = nas_layout_stored(from, to->names[i]);
        if (!old || (!find(r, i) && !strcmp(old, to->stored[i]))) continue;
        sqlite3_str_appendf(q, "%s\"%w\" = ", n++ ? ", " : "", to->stored[i]);
        nas_renames_put(r, i, old, q);
    }
    sqlite3_str_appendf(q, " WHERE version = %lld", to->version);
    if (n) return nas_sql_exec_str(s, q, err);
    sqlite3_free(sqlite3_str_finish(q));
    return NAS_OK;
}
