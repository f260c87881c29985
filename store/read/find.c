/* store/read/find.c - a study by its name, and one version of it. */
#include "store/schema/schema.h"

#include <string.h>

static nas_status not_found(nas_store *s, const char *name, int64_t n, nas_arena *a, nas_err *err) {
    if (n == 0)
        return nas_fail(err, NAS_ENOTFOUND, "%s holds no study yet: `nas run` makes one", s->path);
    const char *names = "";
    NAS_TRY(nas_study_names(s, a, &names, err));
    if (name)
        return nas_fail(err, NAS_ENOTFOUND, "%s has no study \"%s\"; there: %s", s->path, name,
                        names);
    return nas_fail(err, NAS_ENOTFOUND, "%s holds %lld studies (%s): name one with --study",
                    s->path, (long long)n, names);
}

/* Which study is meant; *n: how many there are in all. */
static nas_status pick_study(nas_store *s, const char *name, int64_t *study, int64_t *n,
                             nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "SELECT count(*), CASE WHEN ?1 IS NULL AND count(*) > 1 THEN NULL ELSE"
                         " max(id) FILTER (WHERE ?1 IS NULL OR name = ?1) END FROM nas_studies",
                         "t", name));
    bool row = false;
    const nas_status status = nas_sql_step(s, st, &row, err);
    *n = row ? nas_stmt_integer(st, 0) : 0;
    *study = row ? nas_stmt_integer(st, 1) : 0;
    nas_stmt_end(st);
    return status;
}

static nas_status check_version(nas_store *s, const char *name, int64_t study, int64_t wanted,
                                nas_err *err) {
    const nas_value id = {.type = NAS_COLUMN_INTEGER, .integer = study};
    int64_t last = 0;
    NAS_TRY(nas_store_query_integer(s, "SELECT max(version) FROM nas_spaces WHERE study = ?1", &id,
                                    1, &last, err));
    if (wanted <= last) return NAS_OK;
    return nas_fail(err, NAS_ENOTFOUND, "%s: study %s has no version %lld, the last one is %lld",
                    s->path, name ? name : "", (long long)wanted, (long long)last);
}

static nas_status find(nas_store *s, const char *name, int64_t wanted, nas_arena *a, nas_study *def,
                       nas_study_id *out, nas_err *err) {
    int64_t n = 0, current = 0;
    NAS_TRY(pick_study(s, name, &out->study, &n, err));
    if (out->study == 0) return not_found(s, name, n, a, err);
    NAS_TRY(nas_study_load(s, out->study, 0, a, def, &current, err));
    out->version = current;
    if (!wanted || wanted == current) return NAS_OK;
    NAS_TRY(check_version(s, def->name, out->study, wanted, err));
    NAS_TRY(nas_study_load(s, out->study, wanted, a, def, &out->version, err));
    return nas_views_show(s, def, *out, a, err);
}

/* In one read transaction, so that a writer cannot come between the tables. */
nas_status nas_store_find_version(nas_store *s, const char *name, int64_t version, nas_arena *a,
                                  nas_study *def, nas_study_id *out, nas_err *err) {
    const bool own = !s->backend->sql->in_transaction(s);
    if (own) NAS_TRY(s->backend->sql->begin_read(s, err));
    *out = (nas_study_id){.joined = true};
    const nas_status status = find(s, name, version, a, def, out, err);
    if (own) s->backend->sql->end_read(s);
    return status;
}

nas_status nas_store_find(nas_store *s, const char *name, nas_arena *a, nas_study *def,
                          nas_study_id *out, nas_err *err) {
    return nas_store_find_version(s, name, 0, a, def, out, err);
}
