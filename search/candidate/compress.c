/* search/candidate/compress.c - the blocks of compression: prune, cluster, quantize,
 * and what the file holds beside the model: export. */
#include "search/candidate/candidate_int.h"

#include <string.h>

static const char *const dense_scales[] = {
    [NAS_DENSE_BY_KERNEL] = "kernel", [NAS_DENSE_BY_CHANNEL] = "channel", NULL};

#define QUANTIZE(member) .offset = offsetof(nas_quantize_config, member)

const nas_key nas_quantize_keys[] = {
    {.name = "kind",
     .kind = NAS_KEY_WORD,
     QUANTIZE(kind),
     .words = nas_format_names,
     .help = "number format of weights and activations in the file"},
    {.name = "fine_tune_epochs",
     .kind = NAS_KEY_INT,
     QUANTIZE(fine_tune_epochs),
     .lo = 0,
     .hi = 1000,
     .def = "0",
     .help = "epochs of training through the rounding; not with float32"},
    {.name = "fine_tune_learning_rate",
     .kind = NAS_KEY_FLOAT,
     QUANTIZE(fine_tune_learning_rate),
     .lo = 0,
     .hi = 10,
     .def = "0.0001",
     .help = "constant rate of that training"},
    {.name = "dense_scales",
     .kind = NAS_KEY_WORD,
     QUANTIZE(dense_scales),
     .def = "\"kernel\"",
     .words = dense_scales,
     .help =
         "of a dense layer with int8 or dynamic: one scale, or one for each output, which older "
         "runtimes do not know"},
    NAS_KEY_END,
};

const nas_key nas_export_keys[] = {
    {.name = "names",
     .kind = NAS_KEY_BOOL,
     .offset = offsetof(nas_export_config, names),
     .def = "true",
     .help = "names of tensors, a signature, a description and, where it is small, metadata"},
    NAS_KEY_END,
};

static bool is_word(const cJSON *v, const char *word) {
    return cJSON_IsString(v) && strcmp(v->valuestring, word) == 0;
}

/* The number format that v names; NULL: none. */
static const nas_format_ops *format_of(const cJSON *v) {
    for (int32_t i = 0; nas_format_names[i]; i++)
        if (is_word(v, nas_format_names[i])) return nas_format_at((nas_format)i);
    return NULL;
}

static bool is_zero(const cJSON *v) {
    return cJSON_IsNumber(v) && v->valuedouble == 0;
}

/* Null, or an object of the block. */
static bool check_object(nas_check *c, const char *path, const cJSON *v, const nas_block *b) {
    if (cJSON_IsNull(v)) return false;
    if (!cJSON_IsObject(v)) {
        char got[48];
        nas_json_show(v, got);
        nas_check_problem(c, path, v, false, "expected an object { ... } or null, got %s", got);
        return false;
    }
    nas_check_block(c, path, v, b);
    return true;
}

/* Values that may still vary are checked in each point. */
static void check_order(nas_check *c, const char *path, const cJSON *v, const char *low,
                        const char *high) {
    const cJSON *a = nas_json_get(v, low), *b = nas_json_get(v, high);
    if (!cJSON_IsNumber(a) || !cJSON_IsNumber(b) || a->valuedouble <= b->valuedouble) return;
    char from[32], to[32];
    nas_json_number(a->valuedouble, from);
    nas_json_number(b->valuedouble, to);
    nas_check_problem(c, nas_path_key(c->arena, path, high), b, false,
                      "expected at least \"%s\", which is %s; got %s", low, from, to);
}

static bool prune_may_lack(const cJSON *v, const char *key) {
    return is_word(nas_json_get(v, "schedule"), "constant") && strcmp(key, "to") != 0 &&
           strcmp(key, "begin") != 0;
}

void nas_check_prune(nas_check *c, const char *path, const cJSON *v) {
    static const char *const polynomial[] = {"from", "end", "power", NULL};
    if (!check_object(c, path, v, &nas_block_prune)) return;
    check_order(c, path, v, "from", "to");
    check_order(c, path, v, "begin", "end");
    if (!is_word(nas_json_get(v, "schedule"), "constant")) return;
    for (const cJSON *k = v->child; k; k = k->next)
        if (nas_word_in(k->string, polynomial))
            nas_check_problem(c, nas_path_key(c->arena, path, k->string), k, true,
                              "belongs to \"polynomial\" only; leave it out");
}

void nas_check_cluster(nas_check *c, const char *path, const cJSON *v) {
    (void)check_object(c, path, v, &nas_block_cluster);
}

void nas_check_quantize(nas_check *c, const char *path, const cJSON *v) {
    if (!cJSON_IsObject(v)) {
        nas_check_value(c, path, v, nas_quantize_keys);
        return;
    }
    nas_check_block(c, path, v, &nas_block_quantize);
    const cJSON *kind = nas_json_get(v, "kind"), *epochs = nas_json_get(v, "fine_tune_epochs");
    const nas_format_ops *format = format_of(kind);
    if (format && format->rounding == NAS_ROUND_NONE && cJSON_IsNumber(epochs) && !is_zero(epochs))
        nas_check_problem(c, nas_path_key(c->arena, path, "fine_tune_epochs"), epochs, true,
                          "training goes through the rounding, and \"%s\" has none; leave it out",
                          format->name);
}

/* A rate of no epochs decides nothing, nor do scales where there are none. */
static bool is_idle(const cJSON *v, const cJSON *child) {
    const cJSON *epochs = nas_json_get(v, "fine_tune_epochs"), *kind = nas_json_get(v, "kind");
    const nas_format_ops *format = format_of(kind);
    if (strcmp(child->string, "dense_scales") == 0)
        return format && format->rounding != NAS_ROUND_CODES;
    return strcmp(child->string, "fine_tune_learning_rate") == 0 && (!epochs || is_zero(epochs));
}

cJSON *nas_compress_strip(nas_arena *a, const cJSON *v) {
    cJSON *out = nas_json_make(a, cJSON_Object, v->string);
    for (const cJSON *c = v->child; out && c; c = c->next) {
        if (is_idle(v, c)) continue;
        cJSON *copy = nas_json_copy(a, c, c->string);
        if (!copy) return NULL;
        nas_json_append(out, copy);
    }
    return out;
}

nas_status nas_prune_build(nas_arena *a, const cJSON *v, void *config, nas_err *err) {
    nas_prune_config *out = config;
    *out = (nas_prune_config){.on = cJSON_IsObject(v)};
    if (!out->on) return NAS_OK;
    NAS_TRY(nas_keys_build(a, nas_prune_keys, v, 0, out, err));
    if (out->schedule == NAS_PRUNE_CONSTANT) {
        out->from = out->to;
        out->end = out->begin;
    }
    return NAS_OK;
}

nas_status nas_cluster_build(nas_arena *a, const cJSON *v, void *config, nas_err *err) {
    nas_cluster_config *out = config;
    *out = (nas_cluster_config){.on = cJSON_IsObject(v)};
    return out->on ? nas_keys_build(a, nas_cluster_keys, v, 0, out, err) : NAS_OK;
}

nas_status nas_quantize_build(nas_arena *a, const cJSON *v, void *config, nas_err *err) {
    nas_quantize_config *out = config;
    *out = (nas_quantize_config){0}; /* the first of NAS_FORMAT_LIST */
    NAS_TRY(nas_keys_build(a, nas_quantize_keys, cJSON_IsObject(v) ? v : NULL, 0, out, err));
    for (int32_t i = 0; nas_format_names[i]; i++)
        if (is_word(v, nas_format_names[i])) out->kind = i;
    return NAS_OK;
}

NAS_BLOCK(prune, "prune as an object", "Zeros, made while the net trains.",
          NAS_TABLES(nas_prune_keys), .may_lack = prune_may_lack);
NAS_BLOCK(cluster, "cluster as an object", "Weights that share few values.",
          NAS_TABLES(nas_cluster_keys));
NAS_BLOCK(quantize, "quantize as an object", "Number format.", NAS_TABLES(nas_quantize_keys));
NAS_BLOCK(export, "export", "What the file holds beside the model.", NAS_TABLES(nas_export_keys));
