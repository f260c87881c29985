/* search/candidate/candidate.c - decodes candidates and reads candidate.json. */
#include "search/candidate/candidate_int.h"
#include "search/task/task.h"

#include <math.h>
#include <string.h>

nas_status nas_train_build(nas_arena *a, const cJSON *train, void *config, nas_err *err) {
    nas_train_config *out = config;
    NAS_TRY(nas_keys_build(a, nas_train_keys, train, 0, out, err));
    const cJSON *rate = nas_json_get(train, "learning_rate");
    if (!rate) {
        const nas_key *k = nas_block_find(&nas_block_train, "learning_rate");
        if (k) NAS_TRY(nas_key_default(a, k, &rate, err));
    }
    if (out->warm_up_epochs >= out->epochs)
        return nas_fail(err, NAS_ESHAPE,
                        "train.warm_up_epochs: %g, and train.epochs is %d; expected fewer than "
                        "the training has",
                        out->warm_up_epochs, out->epochs);
    nas_schedule *s = &out->learning_rate;
    if (rate && cJSON_IsObject(rate)) {
        NAS_TRY(nas_keys_build(a, nas_schedule_keys, rate, 0, s, err));
        if (s->kind == NAS_SCHEDULE_CONSTANT) s->to = s->from;
        if (s->kind == NAS_SCHEDULE_EXPONENTIAL && !(s->from > 0 && s->to > 0))
            return nas_fail(err, NAS_ESHAPE,
                            "train.learning_rate: exponential from %g to %g; expected both above 0",
                            s->from, s->to);
    } else if (rate) {
        *s = (nas_schedule){.kind = NAS_SCHEDULE_CONSTANT, .power = 1};
        s->from = s->to = rate->valuedouble;
    }
    return NAS_OK;
}

/* Whatever the parts say, a combination that cannot be is NAS_ESHAPE. */
static nas_status impossible(nas_status st, nas_err *err) {
    if (st == NAS_OK || st == NAS_ENOMEM) return st;
    if (err) err->code = NAS_ESHAPE;
    return NAS_ESHAPE;
}

/* What ends a model whose task is of values. */
static nas_status end_in_values(nas_arena *a, nas_model *m, nas_err *err) {
    nas_layer_spec *layers = nas_arena_array(a, (size_t)m->n_layers + 1, sizeof *layers, err);
    if (!layers) return NAS_ENOMEM;
    memcpy(layers, m->layers, (size_t)m->n_layers * sizeof *layers);
    layers[m->n_layers++] = (nas_layer_spec){.ops = nas_layer_values()};
    m->layers = layers;
    return NAS_OK;
}

static nas_status build_net(nas_arena *a, const cJSON *document, int32_t outputs,
                            nas_candidate *out, nas_err *err) {
    const cJSON *model = nas_json_get(document, "model");
    const nas_status st = out->task.ops->shape(out, &out->model, err);
    if (st != NAS_OK) return impossible(st, err);
    NAS_TRY(nas_keys_build(a, nas_block_model.tables[0], model, 0, out, err));
    NAS_TRY(
        nas_layers_build(a, nas_json_get(model, "layers"), out->width, outputs, &out->model, err));
    out->model.exact = out->train.exact;
    if (out->task.ops->values) NAS_TRY(end_in_values(a, &out->model, err));
    nas_model_cost cost;
    NAS_TRY(impossible(nas_model_check(&out->model, outputs, &cost, err), err));
    if (!nas_format_at((nas_format)out->quantize.kind)->integer) return NAS_OK;
    return impossible(nas_model_check_int8(&out->model, err), err);
}

/* candidate.json: the document without the keys of a space. */
nas_status nas_candidate_text(nas_arena *a, const cJSON *document, const char **out, nas_err *err) {
    cJSON *kept = nas_json_make(a, cJSON_Object, NULL);
    if (!kept) return nas_fail(err, NAS_ENOMEM, "out of memory");
    for (const nas_block_row *r = NULL; (r = nas_block_next_row(r, NAS_ROLE_WRITTEN));) {
        const cJSON *v = nas_json_get(document, r->key);
        if (!v) continue;
        cJSON *copy = nas_json_copy(a, v, r->key);
        if (!copy) return nas_fail(err, NAS_ENOMEM, "out of memory");
        nas_json_append(kept, copy);
    }
    char *text = NULL;
    NAS_TRY(nas_json_pretty(a, kept, &text, err));
    *out = text;
    return NAS_OK;
}

static nas_status write_texts(nas_arena *a, const cJSON *document, nas_candidate *out,
                              nas_err *err) {
    char *text = NULL;
    for (const nas_block_row *r = NULL; (r = nas_block_next_row(r, NAS_ROLE_HASHED));) {
        if (!r->text) continue;
        NAS_TRY(nas_candidate_canonical(a, document, r->key, &text, err));
        memcpy((char *)out + r->text, &text, sizeof text);
    }
    NAS_TRY(nas_candidate_canonical(a, document, "", &text, err));
    out->hash = nas_hash_of(text, strlen(text));
    return nas_candidate_text(a, document, &out->json, err);
}

static uint64_t number_at(const cJSON *document, const char *key) {
    const cJSON *v = nas_json_get(document, key);
    return cJSON_IsNumber(v) && v->valuedouble >= 0 && v->valuedouble <= 0x1p53
               ? (uint64_t)v->valuedouble
               : 0;
}

/* Blocks that the task has not stay 0. */
static nas_status build_blocks(nas_arena *a, const cJSON *document, nas_candidate *out,
                               nas_err *err) {
    for (const nas_block_row *r = NULL; (r = nas_block_next_row(r, NAS_ROLE_HASHED));) {
        if (!r->decoded || (r->needs && !(r->needs & out->task.ops->has))) continue;
        const cJSON *v = nas_json_get(document, r->key);
        void *config = (char *)out + r->config;
        NAS_TRY(r->build ? r->build(a, v, config, err)
                         : nas_keys_build(a, r->block->tables[0], v, 0, config, err));
    }
    return NAS_OK;
}

nas_status nas_candidate_build(nas_arena *a, const cJSON *document, int32_t classes,
                               nas_candidate *out, nas_err *err) {
    *out = (nas_candidate){0};
    NAS_TRY(nas_task_build(a, document, &out->task, err));
    const int32_t own = out->task.ops->outputs(&out->task);
    if (own && !out->task.ops->outputs_text) classes = own;
    if (!classes) classes = own;
    if (!classes)
        return nas_fail(err, NAS_EINVAL,
                        "task.labels: the number of classes is not known; list the labels");
    NAS_TRY(build_blocks(a, document, out, err));
    if (out->task.ops->evaluate) return write_texts(a, document, out, err);
    out->seed = number_at(document, "seed");
    out->replicate = (uint32_t)number_at(document, "replicate");
    NAS_TRY(write_texts(a, document, out, err));
    return build_net(a, document, classes, out, err);
}

nas_status nas_candidate_read(nas_arena *a, const nas_json *j, const cJSON *document,
                              int32_t classes, nas_candidate *out, nas_err *err) {
    *out = (nas_candidate){0};
    nas_problems p = {.arena = a};
    nas_check *c = nas_arena_alloc(a, sizeof *c, err);
    if (!c) return NAS_ENOMEM;
    c->arena = a;
    c->j = j;
    c->p = &p;
    c->root = document;
    c->candidate = true;
    nas_check_document(c);
    NAS_TRY(nas_problems_end(&p, err));
    return nas_candidate_build(a, document, classes, out, err);
}

nas_status nas_candidate_decode(nas_arena *a, const nas_json *j, const cJSON *document,
                                int32_t classes, nas_candidate *out, nas_err *err) {
    nas_err own = {0};
    const nas_status st = nas_candidate_read(a, j, document, classes, out, &own);
    if (st == NAS_OK) return NAS_OK;
    const char *name = nas_json_name(j);
    const size_t n = strlen(name);
    /* Lines about places begin with the name already. */
    const bool named = strncmp(own.text, name, n) == 0 && own.text[n] == ':';
    return nas_fail(err, st, "%s%s%s", named ? "" : name, named ? "" : ": ", own.text);
}

static bool has_choices(const cJSON *document) {
    for (const nas_block_row *r = NULL; (r = nas_block_next_row(r, NAS_ROLE_VARIES));) {
        const cJSON *v = nas_json_get(document, r->key);
        if (v && nas_json_has_form(v)) return true;
    }
    return false;
}

nas_status nas_candidate_open(nas_arena *a, const char *path, int32_t classes, nas_candidate *out,
                              nas_err *err) {
    *out = (nas_candidate){0};
    nas_json *j = NULL;
    NAS_TRY(nas_json_open(a, path, &j, err));
    const cJSON *root = nas_json_root(j);
    const nas_status st =
        has_choices(root)
            ? nas_fail(err, NAS_EINVAL,
                       "%s is a space: it has choices in it; nas run searches it, nas train takes "
                       "one candidate",
                       path)
            : nas_candidate_decode(a, j, root, classes, out, err);
    nas_json_close(j);
    return st;
}
