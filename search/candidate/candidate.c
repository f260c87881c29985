/* search/candidate/candidate.c - decodes candidates and reads candidate.json. */
#include "search/candidate/candidate_int.h"
#include "search/task/task.h"

#include <math.h>
#include <string.h>

static nas_status build_train(nas_arena *a, const cJSON *train, nas_train_config *out,
                              nas_err *err) {
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
    static const char *const keys[] = {"schema",   "name",   "task",  "point", "frontend",
                                       "augment",  "model",  "train", "prune", "cluster",
                                       "quantize", "export", NULL};
    cJSON *kept = nas_json_make(a, cJSON_Object, NULL);
    if (!kept) return nas_fail(err, NAS_ENOMEM, "out of memory");
    for (const char *const *k = keys; *k; k++) {
        const cJSON *v = nas_json_get(document, *k);
        if (!v) continue;
        cJSON *copy = nas_json_copy(a, v, *k);
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
    const struct {
        const char *block;
        const char **text;
    } rows[] = {{"task", &out->task_json},       {"frontend", &out->frontend_json},
                {"augment", &out->augment_json}, {"model", &out->model_json},
                {"train", &out->train_json},     {"prune", &out->prune_json},
                {"cluster", &out->cluster_json}, {"quantize", &out->quantize_json},
                {"export", &out->export_json}};
    char *text = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        NAS_TRY(nas_candidate_canonical(a, document, rows[i].block, &text, err));
        *rows[i].text = text;
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

nas_status nas_candidate_build(nas_arena *a, const cJSON *document, int32_t classes,
                               nas_candidate *out, nas_err *err) {
    *out = (nas_candidate){0};
    NAS_TRY(nas_task_build(a, document, &out->task, err));
    const int32_t own = out->task.ops->outputs(&out->task);
    if (own && out->task.ops != &nas_task_keywords) classes = own;
    if (!classes) classes = own;
    if (!classes)
        return nas_fail(err, NAS_EINVAL,
                        "task.labels: the number of classes is not known; list the labels");
    if (out->task.ops->evaluate) {
        NAS_TRY(nas_keys_build(a, nas_block_point.tables[0], nas_json_get(document, "point"), 0,
                               out, err));
        return write_texts(a, document, out, err);
    }
    const cJSON *frontend = nas_json_get(document, "frontend");
    if (frontend) NAS_TRY(nas_keys_build(a, nas_frontend_keys, frontend, 0, &out->frontend, err));
    NAS_TRY(nas_keys_build(a, nas_augment_keys, nas_json_get(document, "augment"), 0, &out->augment,
                           err));
    NAS_TRY(build_train(a, nas_json_get(document, "train"), &out->train, err));
    NAS_TRY(nas_prune_build(a, nas_json_get(document, "prune"), &out->prune, err));
    NAS_TRY(nas_cluster_build(a, nas_json_get(document, "cluster"), &out->cluster, err));
    NAS_TRY(nas_quantize_build(a, nas_json_get(document, "quantize"), &out->quantize, err));
    NAS_TRY(
        nas_keys_build(a, nas_export_keys, nas_json_get(document, "export"), 0, &out->export, err));
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
    static const char *const keys[] = {"point", "frontend", "augment",  "model",  "train",
                                       "prune", "cluster",  "quantize", "export", NULL};
    for (const char *const *k = keys; *k; k++) {
        const cJSON *v = nas_json_get(document, *k);
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
