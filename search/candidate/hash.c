/* search/candidate/hash.c - the canonical form of a candidate: what equals its default is left out,
 * and what means the same is written the same; and values that are left out, found again. */
#include "search/candidate/candidate_int.h"

#include <string.h>

static cJSON *strip_block(nas_arena *a, const cJSON *v, const nas_block *b);
static cJSON *strip_layers(nas_arena *a, const cJSON *v, const char *key);

/* False: out of memory. */
static bool is_default(nas_arena *a, const nas_key *k, const cJSON *v, bool *yes) {
    const cJSON *def;
    if (nas_key_default(a, k, &def, NULL) != NAS_OK) return false;
    *yes = def && nas_json_equal(def, v);
    return true;
}

/* A constant rate is the same as the bare number. */
cJSON *nas_strip_rate(nas_arena *a, const cJSON *v) {
    const cJSON *schedule = nas_json_get(v, "schedule"), *from = nas_json_get(v, "from");
    if (cJSON_IsString(schedule) && strcmp(schedule->valuestring, "constant") == 0 && from)
        return nas_json_copy(a, from, v->string);
    return cJSON_IsObject(v) ? strip_block(a, v, &nas_block_schedule)
                             : nas_json_copy(a, v, v->string);
}

static cJSON *strip_compress(nas_arena *a, const cJSON *v, const nas_block *b) {
    const cJSON *kept = nas_compress_strip(a, v);
    return kept ? strip_block(a, kept, b) : NULL;
}

cJSON *nas_strip_cluster(nas_arena *a, const cJSON *v) {
    return cJSON_IsObject(v) ? strip_compress(a, v, &nas_block_cluster)
                             : nas_json_copy(a, v, v->string);
}

/* {"kind": "int8"} is the same as "int8". */
cJSON *nas_strip_quantize(nas_arena *a, const cJSON *v) {
    if (!cJSON_IsObject(v)) return nas_json_copy(a, v, v->string);
    cJSON *object = strip_compress(a, v, &nas_block_quantize);
    const cJSON *kind = object ? nas_json_get(object, "kind") : NULL;
    return kind && kind == object->child && !kind->next ? nas_json_copy(a, kind, v->string)
                                                        : object;
}

static cJSON *strip_value(nas_arena *a, const cJSON *v, const nas_block *b) {
    if (nas_is_form(v)) return nas_json_copy(a, v, v->string);
    const nas_block_row *row = nas_block_row_at(b, v->string);
    if (row && row->strip) return row->strip(a, v);
    const nas_block *below = row ? nas_block_variant(row->block, v) : NULL;
    return below && cJSON_IsObject(v) ? strip_block(a, v, below) : nas_json_copy(a, v, v->string);
}

static cJSON *strip_block(nas_arena *a, const cJSON *v, const nas_block *b) {
    cJSON *out = nas_json_make(a, cJSON_Object, v->string);
    for (const cJSON *c = v->child; out && c; c = c->next) {
        const nas_block_row *row = nas_block_row_at(b, c->string);
        if (row && row->role & NAS_ROLE_DATA) continue;
        cJSON *below = strip_value(a, c, b);
        if (!below) return NULL;
        const nas_key *k = nas_block_find(b, c->string);
        bool left_out = false;
        if (k && !is_default(a, k, below, &left_out)) return NULL;
        if (!left_out) nas_json_append(out, below);
    }
    return out;
}

static cJSON *strip_layer(nas_arena *a, const cJSON *v) {
    const cJSON *op = nas_json_get(v, "op");
    const struct nas_layer_ops *row = cJSON_IsString(op) ? nas_layer_find(op->valuestring) : NULL;
    if (!cJSON_IsObject(v) || nas_is_form(v)) return nas_json_copy(a, v, NULL);
    cJSON *out = nas_json_make(a, cJSON_Object, NULL);
    for (const cJSON *c = v->child; out && c; c = c->next) {
        cJSON *below = strcmp(c->string, "layers") == 0 && cJSON_IsArray(c)
                           ? strip_layers(a, c, c->string)
                           : nas_json_copy(a, c, c->string);
        if (!below) return NULL;
        const nas_key *k = row ? nas_layer_keys(row) : NULL;
        while (k && k->name && strcmp(k->name, c->string) != 0) k++;
        bool left_out = false;
        if (k && k->name && k->kind != NAS_KEY_BLOCK && !is_default(a, k, below, &left_out))
            return NULL;
        if (!left_out) nas_json_append(out, below);
    }
    return out;
}

static cJSON *strip_layers(nas_arena *a, const cJSON *v, const char *key) {
    if (!cJSON_IsArray(v)) return nas_json_copy(a, v, key);
    cJSON *out = nas_json_make(a, cJSON_Array, key);
    for (const cJSON *c = v->child; out && c; c = c->next) {
        cJSON *layer = strip_layer(a, c);
        if (!layer) return NULL;
        nas_json_append(out, layer);
    }
    return out;
}

cJSON *nas_strip_layers(nas_arena *a, const cJSON *v) {
    return strip_layers(a, v, v->string);
}

nas_status nas_candidate_canonical(nas_arena *a, const cJSON *document, const char *block,
                                   char **out, nas_err *err) {
    cJSON *kept = nas_json_make(a, cJSON_Object, NULL);
    for (const nas_block_row *r = NULL; kept && (r = nas_block_next_row(r, NAS_ROLE_HASHED));) {
        const cJSON *v = nas_json_get(document, r->key);
        if (!v || (*block && strcmp(block, r->key) != 0)) continue;
        cJSON *below = strip_value(a, v, &nas_block_top);
        bool left_out = false;
        if (!below || !is_default(a, nas_block_find(&nas_block_top, r->key), below, &left_out))
            return nas_fail(err, NAS_ENOMEM, "out of memory");
        if (!left_out) nas_json_append(kept, below);
    }
    if (!kept) return nas_fail(err, NAS_ENOMEM, "out of memory");
    if (!*block) return nas_json_canonical(a, kept, out, err);
    if (kept->child) return nas_json_canonical(a, kept->child, out, err);
    *out = nas_arena_text(a, "", err);
    return *out ? NAS_OK : NAS_ENOMEM;
}

static nas_status layer_default(nas_arena *a, const cJSON *layer, const char *key,
                                const cJSON **out, nas_err *err) {
    *out = NULL;
    const cJSON *op = nas_json_get(layer, "op");
    const struct nas_layer_ops *row = cJSON_IsString(op) ? nas_layer_find(op->valuestring) : NULL;
    for (const nas_key *k = row ? nas_layer_keys(row) : NULL; k && k->name; k++)
        if (strcmp(k->name, key) == 0) return nas_key_default(a, k, out, err);
    return NAS_OK;
}

nas_status nas_candidate_lookup(nas_arena *a, const cJSON *document, const char *path,
                                const cJSON **out, nas_err *err) {
    *out = NULL;
    const cJSON *v = document;
    const nas_block *b = &nas_block_top;
    while (v && *path) {
        char key[64];
        int32_t index;
        const char *rest = nas_path_step(path, key, &index);
        if (!rest) return NAS_OK;
        if (index >= 0) {
            v = cJSON_IsArray(v) ? cJSON_GetArrayItem(v, index) : NULL;
            b = NULL;
        } else {
            const cJSON *below = nas_json_get(v, key);
            if (!below && b && cJSON_IsObject(v)) {
                const nas_key *k = nas_block_find(b, key);
                if (k) NAS_TRY(nas_key_default(a, k, &below, err));
            } else if (!below) {
                NAS_TRY(layer_default(a, v, key, &below, err));
            }
            v = below;
            b = b ? nas_block_variant(nas_block_below(b, key), v) : NULL;
        }
        path = rest;
    }
    *out = v;
    return NAS_OK;
}
