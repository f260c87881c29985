/* search/candidate/defaults.c - defaults of keys as values. */
#include "search/candidate/candidate_int.h"

/* Copies a tree whole, so that nothing of it is cJSON's. */
static cJSON *copy_tree(nas_arena *a, const cJSON *v) {
    cJSON *copy = nas_json_copy(a, v, v->string);
    if (!copy) return NULL;
    copy->child = NULL;
    if (v->valuestring && !(copy->valuestring = nas_arena_text(a, v->valuestring, NULL)))
        return NULL;
    for (const cJSON *c = v->child; c; c = c->next) {
        cJSON *child = copy_tree(a, c);
        if (!child) return NULL;
        nas_json_append(copy, child);
    }
    return copy;
}

nas_status nas_key_default(nas_arena *a, const nas_key *k, const cJSON **out, nas_err *err) {
    *out = NULL;
    if (!k->def) return NAS_OK;
    cJSON *v = cJSON_Parse(k->def);
    if (v) *out = copy_tree(a, v);
    cJSON_Delete(v);
    return *out ? NAS_OK
                : nas_fail(err, NAS_ENOMEM, "out of memory for the default of %s", k->name);
}
