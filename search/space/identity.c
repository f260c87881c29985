/* search/space/identity.c - the hash of a space. Labels do not decide what is tried: options with
 * labels count as the same options in a list, and a label in try_first as its position. */
#include "search/space/changes.h"
#include "search/space/space_int.h"

#include <string.h>

/* A value of try_first, with the position in place of a label. */
static cJSON *position(const nas_space *s, const cJSON *v) {
    for (int32_t i = 0; cJSON_IsString(v) && i < s->n_params; i++) {
        if (strcmp(s->params[i].path, v->string) != 0) continue;
        for (int32_t k = 0; k < s->places[i].n; k++) {
            const nas_node *n = s->places[i].nodes[k];
            double option;
            if (!n->positions || !nas_node_accepts(n, v, &option)) continue;
            const cJSON *o = n->below[(int32_t)option]->v;
            if (cJSON_IsNull(o)) return nas_json_copy(s->arena, o, v->string);
            if (nas_json_equal(o, v)) break;
            return nas_json_make_number(s->arena, option, v->string);
        }
    }
    return nas_json_copy(s->arena, v, v->string);
}

static cJSON *positions(const nas_space *s, const cJSON *tries) {
    cJSON *list = nas_json_make(s->arena, cJSON_Array, tries->string);
    for (const cJSON *e = tries->child; list && e; e = e->next) {
        cJSON *entry = nas_json_make(s->arena, cJSON_Object, NULL);
        for (const cJSON *v = e->child; entry && v; v = v->next) {
            cJSON *value = position(s, v);
            if (!value) return NULL;
            nas_json_append(entry, value);
        }
        if (!entry) return NULL;
        nas_json_append(list, entry);
    }
    return list;
}

/* Everything but what docs/SPACES.md lets change; the order in the file counts, for it numbers
 * points. */
nas_status nas_space_identify(nas_space *s, nas_err *err) {
    cJSON *kept = nas_json_make(s->arena, cJSON_Object, NULL);
    for (const cJSON *c = nas_json_root(s->json)->child; kept && c; c = c->next) {
        if (nas_space_is_free(c->string)) continue;
        cJSON *copy = strcmp(c->string, "try_first") == 0
                          ? positions(s, c)
                          : nas_options_as_lists(s->arena, c, c->string);
        if (!copy) return nas_fail(err, NAS_ENOMEM, "out of memory");
        if (strcmp(c->string, "task") == 0 || strcmp(c->string, "search") == 0) {
            cJSON *all = copy->child;
            copy->child = NULL;
            for (cJSON *x = all, *next; x; x = next) {
                next = x->next;
                if (!nas_space_is_free_below(x->string)) nas_json_append(copy, x);
            }
        }
        nas_json_append(kept, copy);
    }
    char *text = NULL;
    if (!kept) return nas_fail(err, NAS_ENOMEM, "out of memory");
    NAS_TRY(nas_json_canonical(s->arena, kept, &text, err));
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, text);
    for (int32_t i = 0; i < s->n_params; i++) nas_hasher_text(&h, s->params[i].path);
    s->hash = nas_hasher_end(&h);
    return NAS_OK;
}
