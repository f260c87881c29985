/* search/space/space.c - reads, checks and closes a space; the candidate of a point. */
#include "search/space/space_int.h"

#include "search/sampler/names.h"
#include "search/space/changes.h"
#include "search/task/task.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static nas_status read_search(nas_space *s, nas_err *err) {
    const cJSON *v = nas_json_get(nas_json_root(s->json), "search");
    const cJSON *sampler = nas_json_get(v, "sampler"), *seed = nas_json_get(v, "seed");
    const cJSON *trials = nas_json_get(v, "trials"), *workers = nas_json_get(v, "workers");
    for (int32_t i = 0; cJSON_IsString(sampler) && nas_sampler_name(i); i++)
        if (strcmp(nas_sampler_name(i), sampler->valuestring) == 0) s->search.sampler = i;
    if (cJSON_IsNumber(seed)) s->search.seed = (uint64_t)seed->valuedouble;
    if (cJSON_IsNumber(trials)) s->search.trials = (int32_t)trials->valuedouble;
    if (cJSON_IsNumber(workers)) s->search.workers = (int32_t)workers->valuedouble;
    const cJSON *prefer = nas_json_get(v, "prefer");
    s->search.prefer = cJSON_IsString(prefer) && strcmp(prefer->valuestring, "smallest") == 0;
    const cJSON *replicates = nas_json_get(v, "replicates");
    s->search.replicates = cJSON_IsNumber(replicates) ? (int32_t)replicates->valuedouble : -1;
    const cJSON *confidence = nas_json_get(v, "confidence");
    s->search.confidence = cJSON_IsNumber(confidence) ? confidence->valuedouble
                           : cJSON_IsNull(confidence) ? (double)NAN
                                                      : NAS_CONFIDENCE;
    size_t own_bytes = 0;
    const nas_block *block = nas_sampler_block(s->search.sampler, &own_bytes);
    if (!block) return NAS_OK;
    void *own = nas_arena_alloc(s->arena, own_bytes, err);
    s->search.own = own;
    return own ? nas_keys_build(s->arena, block->tables[1], v, 0, own, err) : NAS_ENOMEM;
}

static void check_grid(nas_space *s, nas_problems *p) {
    if (strcmp(nas_sampler_name(s->search.sampler), "grid") != 0) return;
    for (int32_t i = 0; i < s->n_params; i++)
        for (int32_t k = 0; k < s->places[i].n; k++) {
            const nas_node *n = s->places[i].nodes[k];
            if (n->kind == NAS_NODE_RANGE && n->count < 0)
                nas_problem(
                    p, s->json, n->v, false, s->params[i].path,
                    "a range of floats without a step has no end in a grid; give it a step, "
                    "or take the sampler \"random\"");
        }
}

static nas_status check(nas_space *s, nas_problems *p, nas_err *err) {
    nas_check *c = nas_arena_alloc(s->arena, sizeof *c, err);
    if (!c) return NAS_ENOMEM;
    c->integer_range =
        nas_arena_array(s->arena, (size_t)nas_json_count(s->json), sizeof(uint8_t), err);
    if (!c->integer_range) return NAS_ENOMEM;
    c->arena = s->arena;
    c->j = s->json;
    c->p = p;
    c->root = nas_json_root(s->json);
    c->space = true;
    if (!nas_check_document(c)) return nas_problems_end(p, err);
    NAS_TRY(nas_space_keep(s, err));
    /* What can be selected on is the task's to say, as far as it does in a broken document. */
    const nas_task_ops *ops = nas_task_of(c->root);
    const bool sound = p->n == 0 || ops->metrics;
    s->task.metrics = (nas_metric_list){NAS_METRIC_COUNT, nas_metrics};
    if (p->n && ops->metrics) NAS_TRY(ops->metrics(s->arena, &s->task.metrics, err));
    if (p->n == 0) NAS_TRY(nas_task_build(s->arena, c->root, &s->task, err));
    if (sound) nas_space_read_goals(s, p);
    nas_space_read_forbid(s, p);
    NAS_TRY(nas_problems_end(p, err));
    NAS_TRY(nas_space_compile(s, c->integer_range, p, err));
    NAS_TRY(nas_problems_end(p, err));
    NAS_TRY(read_search(s, err));
    check_grid(s, p);
    nas_space_check_words(s, p);
    nas_space_read_tries(s, p);
    NAS_TRY(nas_problems_end(p, err));
    s->name = nas_json_get(c->root, "name")->valuestring;
    return nas_space_identify(s, err);
}

/* Number of classes for a trial decoding: when the labels are whatever the folder holds, what the
 * last numeric layer gives, else any number. */
static int32_t guess_classes(const nas_space *s, const cJSON *document) {
    const int32_t own = s->task.ops->outputs(&s->task);
    if (own) return own;
    const cJSON *layers = nas_json_get(nas_json_get(document, "model"), "layers");
    int32_t classes = 2;
    for (const cJSON *l = cJSON_IsArray(layers) ? layers->child : NULL; l; l = l->next) {
        const cJSON *units = nas_json_get(l, "units");
        if (units) classes = nas_json_is_integer(units) ? (int32_t)units->valuedouble : 2;
    }
    return classes;
}

/* One point, decoded whole and forgotten. */
static nas_status try_point(nas_space *s, const nas_point *p, nas_err *err) {
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    nas_candidate candidate;
    cJSON *document;
    nas_status st = nas_space_resolve(s, a, p, NULL, &document, err);
    if (st == NAS_OK)
        st = nas_space_candidate(s, a, p, guess_classes(s, document), &candidate, err);
    nas_arena_close(a);
    return st;
}

/* Is any point possible? Of a small space all are tried, of another one a sample. */
static nas_status check_possible(nas_space *s, nas_point *p, nas_err *err) {
    enum { ALL = 256, DRAWS = 4096, DECODED = 64 };
    const int64_t points = nas_space_points(s);
    const bool all = points >= 0 && points <= ALL;
    nas_err first = {0}, why = {0};
    const char *where = NULL;
    int32_t decoded = 0;
    for (int64_t i = -s->n_try; i < (all ? points : DRAWS) && (all || decoded < DECODED); i++) {
        if (i < 0)
            NAS_TRY(nas_space_try(s, s->search.seed, (int32_t)(i + s->n_try), p, err));
        else if (all)
            nas_space_grid(s, i, p);
        else
            nas_space_random(s, s->search.seed, i, 0, p);
        bool forbidden;
        nas_status st = nas_space_forbidden(s, p, &forbidden, &why);
        if (forbidden) continue;
        if (st == NAS_OK) st = try_point(s, p, &why);
        if (st == NAS_OK) return NAS_OK;
        if (st != NAS_ESHAPE && st != NAS_EINVAL) return nas_fail(err, st, "%s", why.text);
        if (decoded++) continue;
        first = why;
        where = nas_space_describe(s, s->arena, p);
    }
    const char *name = nas_json_name(s->json);
    if (!decoded)
        return nas_fail(err, NAS_EINVAL, "%s: forbid rules out every point%s", name,
                        all ? "" : " that was tried");
    return nas_fail(err, NAS_EINVAL, "%s: no point%s is possible; the first: %s%s%s", name,
                    all ? "" : " that was tried", first.text, where && *where ? "; with " : "",
                    where ? where : "");
}

static nas_status read_space(nas_space *s, const char *name, const char *text, bool made,
                             nas_err *err) {
    NAS_TRY(nas_arena_open(&s->arena, err));
    NAS_TRY(nas_arena_open(&s->scratch, err));
    if (!text)
        NAS_TRY(nas_json_open(s->arena, name, &s->json, err));
    else
        NAS_TRY((made ? nas_json_parse_made : nas_json_parse)(s->arena, name, text, &s->json, err));
    s->interned = nas_arena_alloc(s->arena, sizeof *s->interned, err);
    /* Scratch keeps its first chunk. */
    if (!s->interned || !nas_arena_alloc(s->scratch, 1, err)) return NAS_ENOMEM;
    nas_problems p = {.arena = s->arena};
    NAS_TRY(check(s, &p, err));
    if (s->n_unfit) return NAS_OK; /* it is opened again, without them */
    nas_point point = {.values =
                           nas_arena_array(s->arena, (size_t)s->n_params, sizeof(double), err)};
    return point.values ? check_possible(s, &point, err) : NAS_ENOMEM;
}

nas_status nas_space_open_text(const char *name, const char *text, bool made, bool strict,
                               bool fitting, nas_space **out, nas_err *err) {
    *out = NULL;
    nas_space *s = calloc(1, sizeof *s);
    if (!s) return nas_fail(err, NAS_ENOMEM, "out of memory");
    s->strict = strict;
    s->fitting = fitting;
    const nas_status st = read_space(s, name, text, made, err);
    if (st == NAS_OK)
        *out = s;
    else
        nas_space_close(s);
    return st;
}

nas_status nas_space_open(const char *path, nas_space **out, nas_err *err) {
    return nas_space_open_text(path, NULL, false, true, false, out, err);
}

nas_status nas_space_parse(const char *name, const char *text, nas_space **out, nas_err *err) {
    return nas_space_open_text(name, text, false, false, false, out, err);
}

void nas_space_close(nas_space *s) {
    if (!s) return;
    nas_json_close(s->json);
    nas_arena_close(s->scratch);
    nas_arena_close(s->arena);
    free(s);
}

const char *nas_space_name(const nas_space *s) {
    return s->name;
}

const char *nas_space_note(const nas_space *s) {
    return s->note;
}

const char *nas_space_text(const nas_space *s) {
    return nas_json_text(s->json);
}

const nas_task *nas_space_task(const nas_space *s) {
    return &s->task;
}

nas_hash nas_space_hash(const nas_space *s) {
    return s->hash;
}

int32_t nas_space_params(const nas_space *s) {
    return s->n_params;
}

const nas_param *nas_space_param(const nas_space *s, int32_t i) {
    return &s->params[i];
}

int32_t nas_space_constraints(const nas_space *s) {
    return s->n_constraints;
}

const nas_constraint *nas_space_constraint(const nas_space *s, int32_t i) {
    return &s->constraints[i];
}

int32_t nas_space_objectives(const nas_space *s) {
    return s->n_objectives;
}

const nas_objective *nas_space_objective(const nas_space *s, int32_t i) {
    return &s->objectives[i];
}

const nas_search_config *nas_space_search(const nas_space *s) {
    return &s->search;
}

nas_status nas_space_candidate(const nas_space *s, nas_arena *a, const nas_point *p,
                               int32_t classes, nas_candidate *out, nas_err *err) {
    const nas_node *absent = NULL;
    *out = (nas_candidate){0};
    cJSON *document;
    NAS_TRY(nas_space_resolve(s, a, p, &absent, &document, err));
    if (absent)
        return nas_fail(err, NAS_ESHAPE, "%s \"%.200s\": no such value in this point",
                        nas_form_name(absent->v), absent->target);
    const nas_status st = nas_candidate_read(a, s->json, document, classes, out, err);
    /* What the check of the whole space lets pass can still not fit in one point: a float range
     * that same_as brings to a key of integers. */
    if (st == NAS_EINVAL && (classes > 0 || s->task.ops->outputs(&s->task) > 0)) {
        if (err) err->code = NAS_ESHAPE;
        return NAS_ESHAPE;
    }
    return st;
}

nas_status nas_space_document(const nas_space *s, nas_arena *a, const nas_point *p,
                              const char **json, nas_err *err) {
    cJSON *document;
    NAS_TRY(nas_space_resolve(s, a, p, NULL, &document, err));
    return nas_candidate_text(a, document, json, err);
}

nas_status nas_space_point_hash(const nas_space *s, const nas_point *p, nas_hash *out,
                                nas_err *err) {
    const nas_arena_mark mark = nas_arena_here(s->scratch);
    cJSON *document;
    char *text = NULL;
    nas_status st = nas_space_resolve(s, s->scratch, p, NULL, &document, err);
    if (st == NAS_OK) st = nas_candidate_canonical(s->scratch, document, "", &text, err);
    if (st == NAS_OK) *out = nas_hash_of(text, strlen(text));
    nas_arena_back(s->scratch, mark);
    return st;
}
