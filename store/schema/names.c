/* store/schema/names.c - names of columns that every database can hold. PostgreSQL cuts a name
 * behind its 63rd byte without a word, so that two could become one. */
#include "store/schema/schema.h"

#include <string.h>

enum { DIGITS = 16, HEAD = NAS_NAME_MOST - 1 - DIGITS };

static bool is_long(const char *name) {
    return name && strlen(name) > NAS_NAME_MOST && strspn(name, NAS_NAME_LETTERS) == strlen(name);
}

const char *nas_name_fit(const char *name, nas_arena *a, nas_err *err) {
    char hex[65];
    if (!is_long(name)) return name;
    const nas_hash h = nas_hash_of(name, strlen(name));
    nas_hash_hex(&h, hex);
    return nas_arena_format(a, err, "%.*s_%.*s", HEAD, name, DIGITS, hex);
}

/* A study that has a column of the whole name goes on with it. */
static nas_status fit(nas_store *s, int64_t study, const char **name, nas_arena *a, nas_err *err) {
    int64_t there = 0;
    if (!is_long(*name)) return NAS_OK;
    nas_draft *d = nas_draft_of("SELECT count(*) FROM nas_columns WHERE study = ?1 AND name = ?2");
    NAS_TRY(nas_sql_integer(s, d, &there, err, "it", study, *name));
    if (!there) *name = nas_name_fit(*name, a, err);
    return *name ? NAS_OK : NAS_ENOMEM;
}

static nas_status fit_columns(nas_store *s, int64_t study, const nas_column **columns, int32_t n,
                              nas_arena *a, nas_err *err) {
    nas_column *c = nas_arena_array(a, (size_t)n, sizeof *c, err);
    if (!c) return NAS_ENOMEM;
    if (n) memcpy(c, *columns, (size_t)n * sizeof *c);
    *columns = c;
    for (int32_t i = 0; i < n; i++) NAS_TRY(fit(s, study, &c[i].name, a, err));
    return NAS_OK;
}

nas_status nas_names_fit(nas_store *s, int64_t study, const nas_study *def, nas_arena *a,
                         nas_study *out, nas_err *err) {
    nas_bound *bounds = nas_arena_array(a, (size_t)def->n_bounds, sizeof *bounds, err);
    nas_goal *goals = nas_arena_array(a, (size_t)def->n_goals, sizeof *goals, err);
    if (!bounds || !goals) return NAS_ENOMEM;
    *out = *def;
    NAS_TRY(fit_columns(s, study, &out->params, out->n_params, a, err));
    NAS_TRY(fit_columns(s, study, &out->metrics, out->n_metrics, a, err));
    for (int32_t i = 0; i < def->n_bounds; i++) {
        bounds[i] = def->bounds[i];
        NAS_TRY(fit(s, study, &bounds[i].column, a, err));
    }
    for (int32_t i = 0; i < def->n_goals; i++) {
        goals[i] = def->goals[i];
        NAS_TRY(fit(s, study, &goals[i].column, a, err));
    }
    out->bounds = bounds;
    out->goals = goals;
    return fit(s, study, &out->tie_break, a, err);
}
