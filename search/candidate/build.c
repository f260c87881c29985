/* search/candidate/build.c - from checked JSON to the structs of the core. */
#include "search/candidate/candidate_int.h"
#include "search/task/task.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static nas_status wrong(const nas_key *k, nas_err *err) {
    return nas_fail(err, NAS_EINVAL, "%s: not what its table says", k->name);
}

static nas_status build_word(const nas_key *k, const cJSON *v, int32_t *out, nas_err *err) {
    if (!cJSON_IsString(v)) return wrong(k, err);
    for (int32_t i = 0; k->words[i]; i++)
        if (strcmp(k->words[i], v->valuestring) == 0) {
            *out = i;
            return NAS_OK;
        }
    return wrong(k, err);
}

static nas_status build_integer(const nas_key *k, const cJSON *v, int32_t classes, int32_t *out,
                                nas_err *err) {
    if (cJSON_IsNull(v)) {
        *out = -1;
    } else if (cJSON_IsString(v)) {
        *out = classes;
    } else {
        if (!nas_json_is_integer(v) || fabs(v->valuedouble) > INT32_MAX) return wrong(k, err);
        *out = (int32_t)v->valuedouble;
    }
    return NAS_OK;
}

static nas_status build_integers(const nas_key *k, const cJSON *v, int32_t n, int32_t *out,
                                 nas_err *err) {
    if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) != n) return wrong(k, err);
    for (const cJSON *i = v->child; i; i = i->next) NAS_TRY(build_integer(k, i, 0, out++, err));
    return NAS_OK;
}

static nas_status build_value(const nas_key *k, const cJSON *v, int32_t classes, void *out,
                              nas_err *err) {
    switch (k->kind) {
    case NAS_KEY_INT: return build_integer(k, v, classes, out, err);
    case NAS_KEY_FLOAT:
        if (!cJSON_IsNumber(v) && !cJSON_IsNull(v)) return wrong(k, err);
        *(double *)out = cJSON_IsNull(v) ? (double)NAN : v->valuedouble;
        return NAS_OK;
    case NAS_KEY_BOOL: *(bool *)out = cJSON_IsTrue(v); return NAS_OK;
    case NAS_KEY_WORD: return build_word(k, v, out, err);
    case NAS_KEY_TEXT:
        /* Strings live as long as the tree they came from, which may be shorter than the arena. */
        *(const char **)out = cJSON_IsString(v) ? v->valuestring : NULL;
        return NAS_OK;
    case NAS_KEY_PAIR:
        if (!cJSON_IsNull(v)) return build_integers(k, v, 2, out, err);
        memset(out, 0, 2 * sizeof(int32_t));
        return NAS_OK;
    case NAS_KEY_SHAPE: return build_integers(k, v, 3, out, err);
    case NAS_KEY_SPAN: {
        nas_span *span = out;
        *span = (nas_span){0};
        if (cJSON_IsNull(v)) return NAS_OK;
        if (!cJSON_IsArray(v) || !cJSON_IsNumber(v->child) || !cJSON_IsNumber(v->child->next))
            return wrong(k, err);
        *span = (nas_span){true, v->child->valuedouble, v->child->next->valuedouble};
        return span->lo <= span->hi
                   ? NAS_OK
                   : nas_fail(err, NAS_EINVAL, "%s: the lowest, %g, is above the highest, %g",
                              k->name, span->lo, span->hi);
    }
    case NAS_KEY_BLOCK: break;
    }
    return NAS_OK;
}

nas_status nas_keys_build(nas_arena *a, const nas_key *keys, const cJSON *object, int32_t classes,
                          void *out, nas_err *err) {
    for (const nas_key *k = keys; k->name; k++) {
        if (k->kind == NAS_KEY_BLOCK) continue;
        const cJSON *v = nas_json_get(object, k->name);
        if (!v) NAS_TRY(nas_key_default(a, k, &v, err));
        if (!v) continue;
        char *member = (char *)out + k->offset;
        NAS_TRY(build_value(k, v, classes, member, err));
        if (k->kind != NAS_KEY_TEXT || !*(const char **)(void *)member) continue;
        char *copy = nas_arena_text(a, *(const char **)(void *)member, err);
        if (!copy) return NAS_ENOMEM;
        *(const char **)(void *)member = copy;
    }
    return NAS_OK;
}

nas_status nas_task_build(nas_arena *a, const cJSON *document, nas_task *out, nas_err *err) {
    const nas_task_ops *ops = nas_task_of(document);
    *out = (nas_task){.ops = ops};
    NAS_TRY(ops->build(a, nas_json_get(document, "task"), out, err));
    assert(out->metrics.n >= NAS_METRIC_COUNT && out->metrics.n <= NAS_METRICS_MOST);
    return NAS_OK;
}

/* Layers */

/* A number that model.width multiplies. */
typedef struct widened {
    int32_t *value;
    bool numeric;
    double hi;
    int32_t layer; /* entries of one layer stand together */
} widened;

typedef struct layer_build {
    nas_arena *arena;
    int32_t classes, n_layers;
    widened widths[NAS_LAYERS_MOST * NAS_WIDTHS_MOST];
    int32_t n_widths;
} layer_build;

/* Layers once repeats are unrolled, bodies included; more than NAS_LAYERS_MOST is not exact. */
static int64_t count_layers(const cJSON *layers, bool inside) {
    int64_t n = 0;
    for (const cJSON *l = layers->child; l && n <= NAS_LAYERS_MOST; l = l->next) {
        const cJSON *repeat = nas_json_get(l, "repeat"), *body = nas_json_get(l, "layers");
        const int64_t below = body && (repeat || inside) ? count_layers(body, inside) : 0;
        n += repeat ? (int64_t)repeat->valuedouble * below : 1 + below;
    }
    return n < NAS_LAYERS_MOST * 2 ? n : NAS_LAYERS_MOST * 2;
}

static nas_status build_list(layer_build *b, const cJSON *layers, nas_layer_spec **out, int32_t *n,
                             nas_err *err);

static nas_status build_layer(layer_build *b, const cJSON *layer, nas_layer_spec *out,
                              nas_err *err) {
    const cJSON *op = nas_json_get(layer, "op"), *body = nas_json_get(layer, "layers");
    out->ops = cJSON_IsString(op) ? nas_layer_find(op->valuestring) : NULL;
    if (!out->ops) return nas_fail(err, NAS_EINVAL, "model.layers: a layer of no known kind");
    const nas_key *keys = nas_layer_keys(out->ops);
    if (keys) NAS_TRY(nas_keys_build(b->arena, keys, layer, b->classes, out, err));
    const int32_t number = b->n_layers++;
    bool fixed = false;
    for (const nas_key *k = keys; k && k->name; k++)
        if (strcmp(k->name, "scale") == 0) fixed = !out->scale;
    for (const nas_key *k = keys; k && k->name; k++) {
        if (!(k->flags & NAS_KEY_WIDTH)) continue;
        assert(b->n_widths < NAS_LAYERS_MOST * NAS_WIDTHS_MOST);
        b->widths[b->n_widths++] =
            (widened){.value = (int32_t *)(void *)((char *)out + k->offset),
                      .numeric = !fixed && cJSON_IsNumber(nas_json_get(layer, k->name)),
                      .hi = k->hi,
                      .layer = number};
    }
    if (!body || !nas_layer_has_body(out->ops)) return NAS_OK;
    return build_list(b, body, &out->layers, &out->n_layers, err);
}

static nas_status fill_list(layer_build *b, const cJSON *layers, nas_layer_spec *specs, int32_t *n,
                            nas_err *err) {
    for (const cJSON *l = layers->child; l; l = l->next) {
        const cJSON *repeat = nas_json_get(l, "repeat"), *body = nas_json_get(l, "layers");
        if (!repeat) {
            NAS_TRY(build_layer(b, l, &specs[(*n)++], err));
            continue;
        }
        for (int32_t i = 0; i < (int32_t)repeat->valuedouble; i++)
            NAS_TRY(fill_list(b, body, specs, n, err));
    }
    return NAS_OK;
}

static nas_status build_list(layer_build *b, const cJSON *layers, nas_layer_spec **out, int32_t *n,
                             nas_err *err) {
    *n = 0;
    *out = nas_arena_array(b->arena, (size_t)count_layers(layers, false), sizeof **out, err);
    return *out ? fill_list(b, layers, *out, n, err) : NAS_ENOMEM;
}

/* Nearest integer, halves up, at least 1; the last layer that has such a key stays as it is. */
static nas_status apply_width(layer_build *b, double width, nas_err *err) {
    const int32_t last = b->n_widths ? b->widths[b->n_widths - 1].layer : -1;
    for (int32_t i = 0; i < b->n_widths; i++) {
        widened *w = &b->widths[i];
        if (!w->numeric || w->layer == last) continue;
        double v = floor((double)*w->value * width + 0.5);
        if (v < 1) v = 1;
        if (v > w->hi)
            return nas_fail(err, NAS_ESHAPE,
                            "model.width: %d times %g is %.0f; expected at most %.0f", *w->value,
                            width, v, w->hi);
        *w->value = (int32_t)v;
    }
    return NAS_OK;
}

nas_status nas_layers_build(nas_arena *a, const cJSON *layers, double width, int32_t classes,
                            nas_model *out, nas_err *err) {
    if (!cJSON_IsArray(layers)) return nas_fail(err, NAS_EINVAL, "model.layers: expected a list");
    const int64_t n = count_layers(layers, true);
    if (n > NAS_LAYERS_MOST || n < 1)
        return nas_fail(err, NAS_ESHAPE,
                        "model.layers: %s layers once repeats are unrolled; "
                        "expected 1 .. %d",
                        n < 1 ? "no" : "too many", NAS_LAYERS_MOST);
    layer_build *b = nas_arena_alloc(a, sizeof *b, err);
    if (!b) return NAS_ENOMEM;
    b->arena = a;
    b->classes = classes;
    NAS_TRY(build_list(b, layers, &out->layers, &out->n_layers, err));
    return apply_width(b, width, err);
}
