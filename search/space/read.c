/* search/space/read.c - the parts of a space file that are no part of a candidate: objective,
 * constraints, forbid, try_first. */
#include "base/companion.h"
#include "search/metrics/bound.h"
#include "search/metrics/metrics.h"
#include "search/space/space_int.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const cJSON *top(const nas_space *s, const char *key) {
    return nas_json_get(nas_json_root(s->json), key);
}

/* A list of metrics is shorter without them. */
static bool is_upper_end(const char *metric) {
    const nas_companion *c = nas_companion_of(metric, NULL);
    return c && c->end > 0;
}

/* A metric that may stand in a constraint or an objective; -1 and a problem otherwise. */
static int find_metric(nas_space *s, nas_problems *p, const char *path, const cJSON *at,
                       const char *name) {
    const nas_metric_list *list = &s->task.metrics;
    const int m = nas_metric_in(list, name);
    if (m >= 0 && list->v[m].selectable) return m;
    const char *names[NAS_METRICS_MOST + 1];
    char known[720] = "";
    size_t n = 0, used = 0;
    for (int i = 0; i < list->n; i++) {
        if (!list->v[i].selectable) continue;
        names[n++] = list->v[i].name;
        if (is_upper_end(list->v[i].name) || used >= sizeof known) continue;
        const size_t put = strlen(list->v[i].name) + 2;
        if (used + put + sizeof ", and others" > sizeof known) {
            snprintf(known + used, sizeof known - used, ", and others");
            used = sizeof known;
            continue;
        }
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "",
                                 list->v[i].name);
    }
    names[n] = NULL;
    const char *near = nas_nearest(name, names);
    if (m >= 0)
        nas_problem(p, s->json, at, false, path, "nothing selects on %s; take %s", name,
                    list->v[NAS_METRIC_SCORE].name);
    else if (near)
        nas_problem(p, s->json, at, false, path, "no metric \"%.60s\"; did you mean \"%s\"?", name,
                    near);
    else
        nas_problem(p, s->json, at, false, path, "no metric \"%.60s\"; expected one of %s", name,
                    known);
    return -1;
}

static void read_objective(nas_space *s, nas_problems *p, const char *path, const cJSON *v) {
    const cJSON *up = nas_json_get(v, nas_direction_text(NAS_MAXIMIZE)),
                *down = nas_json_get(v, nas_direction_text(NAS_MINIMIZE));
    const cJSON *name = up ? up : down;
    if (!name || (up && down) || v->child->next || !cJSON_IsString(name)) {
        nas_problem(p, s->json, v, false, path,
                    "expected {\"maximize\": \"metric\"} or {\"minimize\": \"metric\"}");
        return;
    }
    const int m = find_metric(s, p, path, name, name->valuestring);
    if (m < 0) return;
    for (int32_t i = 0; i < s->n_objectives; i++) {
        if (strcmp(s->objectives[i].metric, s->task.metrics.v[m].name) != 0) continue;
        nas_problem(p, s->json, v, false, path,
                    s->objectives[i].direction == (up ? NAS_MAXIMIZE : NAS_MINIMIZE)
                        ? "%s is an objective already; leave it out"
                        : "%s cannot be maximised and minimised; keep one of the two",
                    s->task.metrics.v[m].name);
        return;
    }
    s->objectives[s->n_objectives++] = (nas_objective){
        .metric = s->task.metrics.v[m].name, .direction = up ? NAS_MAXIMIZE : NAS_MINIMIZE};
}

static void read_objectives(nas_space *s, nas_problems *p) {
    const cJSON *one = top(s, "objective"), *list = top(s, "objectives");
    s->objectives = nas_arena_array(s->arena, NAS_METRICS_MOST, sizeof *s->objectives, NULL);
    if (!s->objectives) return;
    if (one) read_objective(s, p, "objective", one);
    if (list && !cJSON_IsNull(list)) {
        if (one)
            nas_problem(p, s->json, list, true, "objectives", "stands beside objective; keep one");
        else if (!cJSON_IsArray(list) || !list->child)
            nas_problem(p, s->json, list, false, "objectives", "expected a list of objectives");
        int32_t i = 0;
        for (const cJSON *v = one || !cJSON_IsArray(list) ? NULL : list->child; v; v = v->next, i++)
            read_objective(s, p, nas_path_item(s->arena, "objectives", i), v);
    }
    if (s->n_objectives == 0)
        s->objectives[s->n_objectives++] = (nas_objective){
            .metric = s->task.metrics.v[NAS_METRIC_SCORE].name, .direction = NAS_MAXIMIZE};
}

/* Bounds that no value, or every value, satisfies: most often a percentage. */
static void check_bound(nas_space *s, nas_problems *p, const char *path, const cJSON *v,
                        const nas_metric *m, const nas_constraint *c) {
    const bool below = nas_relation_direction(c->op) < 0;
    if (m->unit == NAS_UNIT_FRACTION && (c->bound > 1 || (c->op == NAS_ABOVE && c->bound >= 1)))
        nas_problem(p, s->json, v, false, path, "%s is a fraction, at most 1: 90 %% is 0.9, not 90",
                    m->name);
    else if (below && (c->bound < 0 || (c->bound == 0 && c->op == NAS_BELOW)) &&
             nas_unit_is_ratio(m->unit))
        nas_problem(p, s->json, v, false, path, "%s is never below 0: no trial would satisfy this",
                    m->name);
}

static void read_constraint(nas_space *s, nas_problems *p, const char *path, const cJSON *v) {
    nas_constraint c = {.op = NAS_RELATIONS};
    nas_err err = {0};
    if (!cJSON_IsString(v)) {
        nas_problem(p, s->json, v, false, path, "expected a text such as \"accuracy > 0.9\"");
        return;
    }
    const char *name = NULL;
    if (nas_bound_parse(s->arena, v->valuestring, &name, &c.op, &c.bound, &err) != NAS_OK) {
        nas_problem(p, s->json, v, false, path, "%s", err.text);
        return;
    }
    const int m = find_metric(s, p, path, v, name);
    if (m < 0) return;
    c.text = v->valuestring;
    c.metric =
        s->task.metrics.v[m].tested_as ? s->task.metrics.v[m].tested_as : s->task.metrics.v[m].name;
    check_bound(s, p, path, v, &s->task.metrics.v[m], &c);
    s->constraints[s->n_constraints++] = c;
}

/* The children of a top-level list, or a problem. */
static const cJSON *list_of(nas_space *s, nas_problems *p, const char *key, int32_t *n) {
    const cJSON *v = top(s, key);
    *n = cJSON_IsArray(v) ? cJSON_GetArraySize(v) : 0;
    if (v && !cJSON_IsArray(v)) nas_problem(p, s->json, v, false, key, "expected a list");
    return *n ? v->child : NULL;
}

void nas_space_read_goals(nas_space *s, nas_problems *p) {
    read_objectives(s, p);
    int32_t n, i = 0;
    const cJSON *v = list_of(s, p, "constraints", &n);
    s->constraints = nas_arena_array(s->arena, (size_t)n, sizeof *s->constraints, NULL);
    if (!s->constraints) return;
    for (; v; v = v->next, i++) read_constraint(s, p, nas_path_item(s->arena, "constraints", i), v);
}

/* forbid */

typedef struct path_check {
    nas_space *s;
    nas_problems *p;
    const cJSON *at;
    const char *where;
    bool found;
} path_check;

static void note_found(void *ctx, const nas_found *f) {
    (void)f;
    ((path_check *)ctx)->found = true;
}

/* A layer that leaves out a key with a default. */
typedef struct layer_find {
    const char *key;
    bool found;
} layer_find;

static void look_at_layer(void *ctx, const nas_found *f) {
    layer_find *l = ctx;
    const cJSON *op = nas_json_get(f->v, "op");
    const struct nas_layer_ops *row = cJSON_IsString(op) ? nas_layer_find(op->valuestring) : NULL;
    for (const nas_key *k = row ? nas_layer_keys(row) : NULL; k && k->name; k++)
        l->found = l->found || (k->def && strcmp(k->name, l->key) == 0);
}

/* Does the path name a key that stands at its default when it is left out? */
static bool has_default(nas_space *s, const char *path) {
    const nas_block *b = &nas_block_top;
    const char *rest = path;
    char key[64];
    int32_t index;
    while (b && (rest = nas_path_step(rest, key, &index)) && index < 0 && *rest)
        b = nas_block_below(b, key);
    if (b && rest && !*rest) {
        const nas_key *k = nas_block_find(b, key);
        return k && k->def;
    }
    const char *last = strrchr(path, '.');
    if (!last) return false;
    layer_find l = {.key = last + 1};
    const char *layer = nas_arena_format(s->arena, NULL, "%.*s", (int)(last - path), path);
    if (layer) (void)nas_find_path(s->arena, s->kept, layer, look_at_layer, &l);
    return l.found;
}

static void check_path(void *ctx, const char *path, int32_t character) {
    path_check *c = ctx;
    c->found = false;
    (void)nas_find_path(c->s->arena, c->s->kept, path, note_found, c);
    if (c->found || c->p->astray || has_default(c->s, path)) return;
    const char *near =
        c->p->n < 64 ? nas_nearest(path, nas_all_paths(c->s->arena, c->s->kept)) : NULL;
    if (near)
        nas_problem(c->p, c->s->json, c->at, false, c->where,
                    "character %d: no value has the path \"%.100s\"; did you mean \"%s\"?",
                    character, path, near);
    else
        nas_problem(
            c->p, c->s->json, c->at, false, c->where,
            "character %d: no value has the path \"%.100s\"; a word stands in quotes: '%.40s'",
            character, path, path);
}

void nas_space_read_forbid(nas_space *s, nas_problems *p) {
    int32_t n, i = 0;
    const cJSON *v = list_of(s, p, "forbid", &n);
    s->forbid = nas_arena_array(s->arena, (size_t)n, sizeof *s->forbid, NULL);
    if (!s->forbid) return;
    for (; v; v = v->next, i++) {
        const char *where = nas_path_item(s->arena, "forbid", i);
        nas_err err = {0};
        nas_condition *c = NULL;
        if (!cJSON_IsString(v)) {
            nas_problem(p, s->json, v, false, where,
                        "expected a text such as \"train.epochs > 20 and model.width > 1\"");
        } else if (nas_condition_parse(s->arena, v->valuestring, &c, &err) != NAS_OK) {
            nas_problem(p, s->json, v, false, where, "%s", err.text);
        } else {
            path_check check = {.s = s, .p = p, .at = v, .where = where};
            nas_condition_paths(c, check_path, &check);
            s->forbid[s->n_forbid++] = c;
        }
    }
}

/* try_first */

/* The key of an entry, or the whole of it (NULL), has no place. Why is the last problem. */
static void leave_out(nas_space *s, const nas_problems *p, int32_t entry, const char *key) {
    if (!s->fitting) return;
    if (s->n_unfit == s->unfit_room) {
        const int32_t room = s->unfit_room ? 2 * s->unfit_room : 16;
        nas_unfit *more = nas_arena_array(s->arena, (size_t)room, sizeof *more, NULL);
        if (!more) return;
        if (s->n_unfit) memcpy(more, s->unfit, (size_t)s->n_unfit * sizeof *more);
        s->unfit = more;
        s->unfit_room = room;
    }
    if (s->n_unfit == 0 && p->n > 0 && p->n <= p->room) s->unfit_why = p->lines[p->n - 1];
    s->unfit[s->n_unfit++] = (nas_unfit){entry, key};
}

static int32_t find_param(const nas_space *s, const char *path) {
    for (int32_t i = 0; i < s->n_params; i++)
        if (strcmp(s->params[i].path, path) == 0) return i;
    return -1;
}

static void unknown_param(nas_space *s, nas_problems *p, const char *where, const cJSON *v) {
    path_check c = {.found = false};
    (void)nas_find_path(s->arena, s->kept, v->string, note_found, &c);
    if (c.found) {
        nas_problem(p, s->json, v, true, where, "it has one value only; leave it out");
        return;
    }
    const char **paths = nas_arena_array(s->arena, (size_t)s->n_params + 1, sizeof *paths, NULL);
    for (int32_t i = 0; paths && i < s->n_params; i++) paths[i] = s->params[i].path;
    const char *near = paths ? nas_nearest(v->string, paths) : NULL;
    nas_problem(p, s->json, v, true, where,
                near ? "no choice has this path; did you mean \"%s\"?" : "no choice has this path",
                near);
}

static void read_entry(nas_space *s, nas_problems *p, const char *where, const cJSON *v,
                       int32_t entry) {
    nas_try_entry *e = &s->tries[entry];
    const size_t n = (size_t)cJSON_GetArraySize(v);
    e->params = nas_arena_array(s->arena, n, sizeof *e->params, NULL);
    e->values = nas_arena_array(s->arena, n, sizeof *e->values, NULL);
    if (!e->params || !e->values) return;
    for (const cJSON *c = v->child; c; c = c->next) {
        const int32_t param = find_param(s, c->string);
        const char *path = nas_path_key(s->arena, where, c->string);
        if (param < 0) {
            unknown_param(s, p, path, c);
            leave_out(s, p, entry, c->string);
            continue;
        }
        bool good = false;
        double ignored;
        for (int32_t i = 0; i < s->places[param].n; i++)
            good = good || nas_node_accepts(s->places[param].nodes[i], c, &ignored);
        char got[48];
        nas_json_show(c, got);
        if (!good) {
            nas_problem(p, s->json, c, false, path, "expected one of %.300s, got %s",
                        s->params[param].values, got);
            leave_out(s, p, entry, c->string);
        }
        e->params[e->n] = param;
        e->values[e->n++] = c;
    }
}

/* Do the values of an entry stand together in one point? */
static void check_entry(nas_space *s, nas_problems *p, const char *where, const cJSON *v,
                        int32_t i) {
    const nas_try_entry *e = &s->tries[i];
    const nas_arena_mark mark = nas_arena_here(s->scratch);
    nas_point point = {.values =
                           nas_arena_array(s->scratch, (size_t)s->n_params, sizeof(double), NULL)};
    if (!point.values) return;
    if (nas_space_try(s, s->search.seed, i, &point, NULL) != NAS_OK) {
        nas_arena_back(s->scratch, mark);
        return;
    }
    for (int32_t k = 0; k < e->n; k++) {
        if (!isnan(point.values[e->params[k]])) continue;
        nas_problem(p, s->json, e->values[k], true,
                    nas_path_key(s->arena, where, s->params[e->params[k]].path),
                    "does not exist beside the other values (%s)",
                    s->params[e->params[k]].condition);
        leave_out(s, p, i, e->values[k]->string);
    }
    bool forbidden = false;
    if (e->n == s->n_params && nas_space_forbidden(s, &point, &forbidden, NULL) == NAS_OK &&
        forbidden) {
        nas_problem(p, s->json, v, false, where, "forbid rules this point out");
        leave_out(s, p, i, NULL);
    }
    nas_arena_back(s->scratch, mark);
}

void nas_space_read_tries(nas_space *s, nas_problems *problems) {
    nas_problems unfit = {.arena = s->arena}, *p = s->fitting ? &unfit : problems;
    int32_t n, i = 0;
    const cJSON *v = list_of(s, p, "try_first", &n);
    s->tries = nas_arena_array(s->arena, (size_t)n, sizeof *s->tries, NULL);
    if (!s->tries) return;
    for (; v; v = v->next, i++) {
        const char *where = nas_path_item(s->arena, "try_first", i);
        if (!cJSON_IsObject(v)) {
            nas_problem(problems, s->json, v, false, where,
                        "expected an object {\"path\": value, ...}");
            continue;
        }
        const int32_t before = p->n, entry = s->n_try++;
        read_entry(s, p, where, v, entry);
        if (p->n == before) check_entry(s, p, where, v, entry);
    }
}
