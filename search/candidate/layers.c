/* search/candidate/layers.c - checks lists of layers by the table of layers. */
#include "search/candidate/candidate_int.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { OPS_MOST = 64 };

static const nas_key layers_key = {.name = "layers", .kind = NAS_KEY_BLOCK};

static const nas_key *layer_key(const struct nas_layer_ops *row, const char *name) {
    for (const nas_key *k = nas_layer_keys(row); k && k->name; k++)
        if (strcmp(k->name, name) == 0) return k;
    return NULL;
}

/* Keys of the kind of layer that one "op" names. The body was checked before: it is the same for
 * all alternatives of "op". */
static void check_keys(nas_check *c, const char *path, const cJSON *layer,
                       const struct nas_layer_ops *row) {
    const char *known[NAS_KEYS_MOST] = {"op"};
    size_t n = 1;
    const bool body = nas_layer_has_body(row);
    if (body) known[n++] = "layers";
    for (const nas_key *k = nas_layer_keys(row); k && k->name; k++) {
        assert(n + 1 < NAS_KEYS_MOST);
        if (strcmp(k->name, "layers") != 0) known[n++] = k->name;
        if (!k->def && k->kind != NAS_KEY_BLOCK && !nas_json_get(layer, k->name))
            nas_check_problem(c, nas_path_key(c->arena, path, k->name), layer, false,
                              "missing; %s needs it", nas_layer_name(row));
    }
    known[n] = NULL;
    if (body && !nas_json_get(layer, "layers"))
        nas_check_problem(c, nas_path_key(c->arena, path, "layers"), layer, false,
                          "missing; %s needs a list of layers", nas_layer_name(row));
    for (const cJSON *x = layer->child; x; x = x->next) {
        if (strcmp(x->string, "op") == 0 || (body && strcmp(x->string, "layers") == 0)) continue;
        if (nas_is_label(c, layer, x)) continue;
        const char *where = nas_path_key(c->arena, path, x->string);
        const nas_key *k = layer_key(row, x->string);
        if (k)
            nas_check_any(c, where, x, nas_check_value, k);
        else
            nas_check_unknown(c, where, x, known);
    }
}

typedef struct layer_place {
    const char *path;
    const cJSON *layer;
} layer_place;

static void check_op(nas_check *c, const char *path, const cJSON *v, const void *arg) {
    const layer_place *l = arg;
    char got[48];
    nas_json_show(v, got);
    const struct nas_layer_ops *row = cJSON_IsString(v) ? nas_layer_find(v->valuestring) : NULL;
    if (row) {
        check_keys(c, l->path, l->layer, row);
        return;
    }
    const char *names[OPS_MOST];
    int n = 0;
    for (const struct nas_layer_ops *o; (o = nas_layer_at(n)); n++) {
        assert(n + 1 < OPS_MOST);
        names[n] = nas_layer_name(o);
    }
    names[n] = NULL;
    const char *near = cJSON_IsString(v) ? nas_nearest(v->valuestring, names) : NULL;
    if (near) {
        nas_check_problem(c, path, v, false,
                          "expected a kind of layer, got %s; did you mean \"%s\"?", got, near);
        return;
    }
    char list[600] = "";
    size_t used = 0;
    for (int i = 0; i < n && used < sizeof list; i++) {
        const int put =
            snprintf(list + used, sizeof list - used, "%s\"%s\"", i ? ", " : "", names[i]);
        used += put > 0 ? (size_t)put : 0;
    }
    nas_check_problem(c, path, v, false, "expected one of %s, got %s", list, got);
}

/* Layer lists may be empty below repeat only: that is how "no layer" is an option. */
static void check_list(nas_check *c, const char *path, const cJSON *v, const void *may_be_empty);

static void check_layer(nas_check *c, const char *path, const cJSON *v, const void *unused) {
    (void)unused;
    const cJSON *op = nas_json_get(v, "op"), *repeat = nas_json_get(v, "repeat");
    const cJSON *body = nas_json_get(v, "layers");
    if (!cJSON_IsObject(v) || (!op && !repeat)) {
        char got[48];
        nas_json_show(v, got);
        nas_check_problem(c, path, v, false,
                          "expected a layer, an object with \"op\" or \"repeat\", got %s",
                          cJSON_IsObject(v) ? "an object without" : got);
        return;
    }
    if (body)
        nas_check_any(c, nas_path_key(c->arena, path, "layers"), body, check_list,
                      repeat ? v : NULL);
    if (op && !repeat) {
        layer_place *l = nas_arena_alloc(c->arena, sizeof *l, NULL);
        if (!l) return;
        *l = (layer_place){.path = path, .layer = v};
        nas_check_any(c, nas_path_key(c->arena, path, "op"), op, check_op, l);
        return;
    }
    static const char *const known[] = {"repeat", "layers", NULL};
    for (const cJSON *x = v->child; x; x = x->next) {
        const char *where = nas_path_key(c->arena, path, x->string);
        if (x == repeat)
            nas_check_any(c, where, x, nas_check_value,
                          nas_block_find(&nas_block_repeat, "repeat"));
        else if (x == op)
            nas_check_problem(c, where, x, true, "\"op\" and \"repeat\" exclude each other");
        else if (x != body && !nas_is_label(c, v, x))
            nas_check_unknown(c, where, x, known);
    }
    if (!body)
        nas_check_problem(c, nas_path_key(c->arena, path, "layers"), v, false,
                          "missing; repeat needs a list of layers");
}

static void check_list(nas_check *c, const char *path, const cJSON *v, const void *may_be_empty) {
    if (!cJSON_IsArray(v) || (!v->child && !may_be_empty)) {
        char got[48];
        nas_json_show(v, got);
        nas_check_problem(c, path, v, false, "expected a list of layers, got %s",
                          cJSON_IsArray(v) ? "an empty one" : got);
        return;
    }
    int32_t i = 0;
    for (const cJSON *l = v->child; l; l = l->next, i++)
        nas_check_any(c, nas_path_item(c->arena, path, i), l, check_layer, &layers_key);
}

void nas_check_layers(nas_check *c, const char *path, const cJSON *v) {
    check_list(c, path, v, NULL);
}
