/* search/space/label.c - a short word for an option of a choice, for people. */
#include "search/space/space_int.h"

#include <string.h>

static bool has_op(const cJSON *list, const char *op) {
    for (const cJSON *v = list ? list->child : NULL; v; v = v->next) {
        const cJSON *own = nas_json_get(v, "op");
        if (cJSON_IsString(own) && strcmp(own->valuestring, op) == 0) return true;
        if (has_op(nas_json_get(v, "layers"), op)) return true;
    }
    return false;
}

/* The first layer that not every option has; else the first. */
static const char *own_op(const nas_node *choice, const cJSON *list) {
    const char *first = NULL;
    for (const cJSON *v = list->child; v; v = v->next) {
        const cJSON *inner = nas_json_get(v, "layers"), *op = nas_json_get(v, "op");
        const char *word = cJSON_IsString(op)     ? op->valuestring
                           : cJSON_IsArray(inner) ? own_op(choice, inner)
                                                  : NULL;
        if (!word) continue;
        if (!first) first = word;
        for (int32_t i = 0; i < choice->n; i++)
            if (!has_op(choice->below[i]->v, word)) return word;
    }
    return first;
}

/* Of an option that no word names. */
static const char *hint_of(const nas_node *choice, const cJSON *v) {
    if (cJSON_IsNull(v)) return "none";
    if (cJSON_IsArray(v)) return v->child ? own_op(choice, v) : "nothing";
    const cJSON *layers = nas_json_get(v, "layers"), *schedule = nas_json_get(v, "schedule");
    if (cJSON_IsArray(layers)) return layers->child ? own_op(choice, layers) : "nothing";
    return cJSON_IsString(schedule) ? schedule->valuestring : NULL;
}

const char *nas_space_label(const nas_space *s, int32_t param, int64_t option, nas_arena *a) {
    const nas_node *choice = s->places[param].nodes[0];
    if (choice->kind != NAS_NODE_CHOICE || !choice->positions || option < 0 || option >= choice->n)
        return NULL;
    if (choice->named) return choice->labels[option];
    const char *own = hint_of(choice, choice->below[option]->v);
    for (int32_t i = 0; own && i < choice->n; i++) {
        const char *other = i == option ? NULL : hint_of(choice, choice->below[i]->v);
        if (other && strcmp(other, own) == 0)
            return nas_arena_format(a, NULL, "%s (%d)", own, (int)option);
    }
    return own;
}

static bool same_labels(const nas_node *a, const nas_node *b) {
    if (!b->labels || a->n != b->n) return false;
    for (int32_t i = 0; i < a->n; i++)
        if (strcmp(a->labels[i], b->labels[i]) != 0) return false;
    return true;
}

const char *const *nas_space_labels(const nas_space *s, int32_t param, int32_t *n, bool *named) {
    const nas_place *p = &s->places[param];
    const nas_node *first = p->nodes[0];
    if (!first->labels) return NULL;
    for (int32_t i = 1; i < p->n; i++)
        if (!same_labels(first, p->nodes[i])) return NULL;
    *n = first->n;
    *named = first->named;
    return first->labels;
}
