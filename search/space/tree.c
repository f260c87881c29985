/* search/space/tree.c - builds the tree of a space, and the list of its parameters. */
#include "search/space/space_int.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct builder {
    nas_space *s;
    const uint8_t *integer_range;
    nas_problems *p;
    int32_t room;
    bool failed, crowded;
    const nas_node *above;
    int32_t option;
} builder;

static int64_t times(int64_t a, int64_t b) {
    if (a == 0 || b == 0) return 0;
    if (a < 0 || b < 0) return -1;
    int64_t out;
    return __builtin_mul_overflow(a, b, &out) ? INT64_MAX : out;
}

static int64_t plus(int64_t a, int64_t b) {
    if (a < 0 || b < 0) return -1;
    int64_t out;
    return __builtin_add_overflow(a, b, &out) ? INT64_MAX : out;
}

static bool varies(const cJSON *v) {
    return nas_json_has_form(v);
}

static void *get(builder *b, size_t count, size_t size) {
    void *p = nas_arena_array(b->s->arena, count, size, NULL);
    if (!p) b->failed = true;
    return p;
}

/* Parameters */

static int32_t find_param(const nas_space *s, const char *path) {
    for (int32_t i = 0; i < s->n_params; i++)
        if (strcmp(s->params[i].path, path) == 0) return i;
    return -1;
}

static int32_t add_param(builder *b, const char *path) {
    nas_space *s = b->s;
    const int32_t old = find_param(s, path);
    if (old >= 0) return old;
    if (s->n_params == NAS_PARAMS_MOST) {
        b->crowded = true;
        return 0;
    }
    s->params[s->n_params].path = path;
    return s->n_params++;
}

static void add_place(builder *b, nas_node *n) {
    nas_place *p = &b->s->places[n->param];
    if (p->n == p->room) {
        const int32_t room = p->room ? p->room * 2 : 2;
        nas_node **more = get(b, (size_t)room, sizeof(nas_node *));
        if (!more) return;
        if (p->n) memcpy(more, p->nodes, (size_t)p->n * sizeof *more);
        p->nodes = more;
        p->room = room;
    }
    p->nodes[p->n++] = n;
}

/* Nodes */

static nas_node *compile(builder *b, const cJSON *v, const char *path, const char *key);
static nas_node *compile_option(builder *b, const cJSON *v, bool labelled, const char *path,
                                const char *key);

static bool is_structure(const cJSON *v) {
    if (cJSON_IsObject(v)) return !nas_is_form(v);
    for (const cJSON *c = cJSON_IsArray(v) ? v->child : NULL; c; c = c->next)
        if (c->child) return true;
    return false;
}

static void compile_choice(builder *b, nas_node *n, const char *path, const char *key) {
    const cJSON *options = nas_choice_options(n->v);
    const nas_node *above = b->above;
    const int32_t option = b->option;
    n->kind = NAS_NODE_CHOICE;
    n->param = add_param(b, path);
    add_place(b, n);
    n->n = cJSON_GetArraySize(options);
    n->below = get(b, (size_t)n->n, sizeof *n->below);
    if (!n->below) return;
    n->points = 0;
    int32_t i = 0;
    for (const cJSON *o = options->child; o && !b->failed; o = o->next, i++) {
        b->above = n;
        b->option = i;
        n->positions = n->positions || is_structure(o);
        /* A choice that is itself an option is a parameter of its own. */
        const bool inner = nas_choice_options(o) || nas_is_range(o);
        const char *below =
            inner ? nas_path_key(b->s->arena, path, nas_choice_options(o) ? "choice" : "range")
                  : path;
        n->below[i] = compile_option(b, o, nas_has_label(n->v, o), below, key);
        if (n->below[i]) n->points = plus(n->points, n->below[i]->points);
    }
    b->above = above;
    b->option = option;
    n->positions = n->positions || cJSON_IsObject(options);
    if (!n->positions || b->failed) return;
    n->labels = nas_option_labels(b->s->arena, options, &n->named);
    b->failed = !n->labels;
}

static void compile_range(builder *b, nas_node *n, const char *path) {
    const int32_t i = nas_json_index(b->s->json, n->v);
    n->kind = NAS_NODE_RANGE;
    n->param = add_param(b, path);
    add_place(b, n);
    n->integer = i >= 0 && b->integer_range[i];
    (void)nas_range_read(NULL, "", n->v, &n->range);
    const nas_range *r = &n->range;
    if (r->step > 0)
        n->count = (int64_t)floor((r->hi - r->lo) / r->step + 0.5) + 1;
    else
        n->count = n->integer ? (int64_t)(r->hi - r->lo) + 1 : -1;
    n->points = n->count;
}

static void compile_children(builder *b, nas_node *n, const char *path) {
    n->kind = cJSON_IsObject(n->v) ? NAS_NODE_OBJECT : NAS_NODE_LIST;
    n->n = cJSON_GetArraySize(n->v);
    n->below = get(b, (size_t)n->n, sizeof *n->below);
    if (!n->below) return;
    int32_t i = 0;
    for (const cJSON *c = n->v->child; c && !b->failed; c = c->next) {
        if (n->labelled && strcmp(c->string, "_name") == 0) continue;
        const char *below = c->string ? nas_path_key(b->s->arena, path, c->string)
                                      : nas_path_item(b->s->arena, path, i);
        n->below[i] = compile(b, c, below, c->string);
        if (n->below[i]) n->points = times(n->points, n->below[i]->points);
        i++;
    }
    n->n = i;
}

static void compile_tie(builder *b, nas_node *n) {
    const cJSON *list = nas_json_get(n->v, "times");
    const int32_t i = nas_json_index(b->s->json, n->v);
    n->kind = list ? NAS_NODE_TIMES : NAS_NODE_SAME;
    n->target = list ? list->child->valuestring : nas_json_get(n->v, "same_as")->valuestring;
    n->factor = list ? list->child->next->valuedouble : 1;
    n->integer = list && i >= 0 && b->integer_range[i];
}

static nas_node *compile_option(builder *b, const cJSON *v, bool labelled, const char *path,
                                const char *key) {
    nas_node *n = get(b, 1, sizeof *n);
    if (!n) return NULL;
    *n = (nas_node){.v = v, .key = key, .points = 1, .above = b->above, .option = b->option};
    n->param = -1;
    n->labelled = labelled;
    if (!labelled && !varies(v))
        n->kind = NAS_NODE_CONSTANT;
    else if (!nas_is_form(v))
        compile_children(b, n, path);
    else if (nas_choice_options(v))
        compile_choice(b, n, path, key);
    else if (nas_is_range(v))
        compile_range(b, n, path);
    else
        compile_tie(b, n);
    return n;
}

static nas_node *compile(builder *b, const cJSON *v, const char *path, const char *key) {
    return compile_option(b, v, false, path, key);
}

/* Columns */

/* The type that holds both. */
static nas_column_type cover(nas_column_type a, nas_column_type b) {
    if (a == b) return a;
    if (a == NAS_COLUMN_TEXT || b == NAS_COLUMN_TEXT) return NAS_COLUMN_TEXT;
    return NAS_COLUMN_REAL;
}

/* What a node's values need; *some is false as long as only null was seen. */
static nas_column_type type_of(const nas_node *n, nas_column_type type, bool *some) {
    nas_column_type own = NAS_COLUMN_INTEGER;
    switch (n->kind) {
    case NAS_NODE_CHOICE:
        if (n->named) own = NAS_COLUMN_TEXT;
        if (n->positions) break;
        for (int32_t i = 0; i < n->n; i++) type = type_of(n->below[i], type, some);
        return type;
    case NAS_NODE_RANGE: own = n->integer ? NAS_COLUMN_INTEGER : NAS_COLUMN_REAL; break;
    case NAS_NODE_TIMES: own = n->integer ? NAS_COLUMN_INTEGER : NAS_COLUMN_REAL; break;
    case NAS_NODE_SAME: own = NAS_COLUMN_REAL; break;
    case NAS_NODE_LIST:
    case NAS_NODE_OBJECT: break;
    case NAS_NODE_CONSTANT:
        if (cJSON_IsNull(n->v)) return type;
        if (cJSON_IsString(n->v) || cJSON_IsArray(n->v))
            own = NAS_COLUMN_TEXT;
        else if (cJSON_IsNumber(n->v) && !nas_json_is_integer(n->v))
            own = NAS_COLUMN_REAL;
        break;
    }
    type = *some ? cover(type, own) : own;
    *some = true;
    return type;
}

/* Dots and brackets are underscores; a name that is taken gets a number. */
static const char *column_of(const nas_space *s, int32_t param) {
    char name[512];
    size_t n = 0;
    for (const char *p = s->params[param].path; *p && n + 8 < sizeof name; p++)
        if (*p != ']') name[n++] = *p == '.' || *p == '[' ? '_' : *p;
    name[n] = '\0';
    for (int32_t tag = 2, i = 0; i < param; i++) {
        if (strcmp(s->params[i].column, name) != 0) continue;
        snprintf(name + n, sizeof name - n, "_%d", tag++);
        i = -1;
    }
    return nas_arena_text(s->arena, name, NULL);
}

static void put_value(nas_text *t, const cJSON *v) {
    char *text = NULL;
    if (nas_json_canonical(t->arena, v, &text, NULL) == NAS_OK) nas_text_put(t, text);
}

static void put_node_values(nas_text *t, const nas_node *n) {
    char lo[32], hi[32], step[32];
    if (n->kind == NAS_NODE_RANGE) {
        nas_json_number(n->range.lo, lo);
        nas_json_number(n->range.hi, hi);
        nas_json_number(n->range.step, step);
        nas_text_put(t, lo);
        nas_text_put(t, " .. ");
        nas_text_put(t, hi);
        if (n->range.step > 0) nas_text_put(t, " step ");
        if (n->range.step > 0) nas_text_put(t, step);
        if (n->range.log) nas_text_put(t, " log");
        return;
    }
    for (int32_t i = 0; i < n->n; i++) {
        const nas_node *o = n->below[i];
        if (i) nas_text_put(t, ", ");
        if (n->positions && !cJSON_IsNull(o->v)) {
            nas_text_put(t, n->labels[i]);
        } else if (o->kind == NAS_NODE_CHOICE || o->kind == NAS_NODE_RANGE) {
            put_node_values(t, o);
        } else if (o->kind == NAS_NODE_SAME || o->kind == NAS_NODE_TIMES) {
            char factor[32];
            nas_json_number(o->factor, factor);
            nas_text_put(t, o->kind == NAS_NODE_SAME ? "same as " : factor);
            if (o->kind == NAS_NODE_TIMES) nas_text_put(t, " times ");
            nas_text_put(t, o->target);
        } else {
            put_value(t, o->v);
        }
    }
}

static const char *values_of(const nas_space *s, int32_t param) {
    nas_text t = {.arena = s->arena};
    const nas_place *p = &s->places[param];
    for (int32_t i = 0; i < p->n; i++) {
        nas_text one = {.arena = s->arena};
        put_node_values(&one, p->nodes[i]);
        if (one.p && t.p && strstr(t.p, one.p)) continue;
        if (i) nas_text_put(&t, "; ");
        if (one.p) nas_text_put(&t, one.p);
    }
    return t.p ? t.p : "";
}

/* Does the parameter stand in every option of the choice above it? */
static bool in_all_options(const nas_place *p, const nas_node *above) {
    for (int32_t i = 0; i < above->n; i++) {
        bool there = false;
        for (int32_t k = 0; k < p->n; k++)
            there = there || (p->nodes[k]->above == above && p->nodes[k]->option == i);
        if (!there) return false;
    }
    return true;
}

static const char *condition_of(const nas_space *s, int32_t param) {
    nas_text t = {.arena = s->arena};
    const nas_place *p = &s->places[param];
    const nas_node *first = p->nodes[0]->above;
    if (!first) return "";
    /* A choice stands before what is below it, so its own condition is known. */
    if (in_all_options(p, first)) return s->params[first->param].condition;
    for (int32_t i = 0; i < p->n; i++) {
        const nas_node *above = p->nodes[i]->above;
        if (!above) return "";
        nas_text_put(&t, i ? " or " : "only when ");
        nas_text_put(&t, s->params[above->param].path);
        nas_text_put(&t, " = ");
        const cJSON *o = above->below[p->nodes[i]->option]->v;
        char number[16];
        snprintf(number, sizeof number, "%d", p->nodes[i]->option);
        if (above->positions && !cJSON_IsNull(o))
            nas_text_put(&t, above->labels[p->nodes[i]->option]);
        else if (nas_is_form(o))
            nas_text_put(&t, number);
        else
            put_value(&t, o);
    }
    return t.p ? t.p : "";
}

static void describe(builder *b, int32_t i) {
    nas_space *s = b->s;
    nas_param *param = &s->params[i];
    const nas_place *place = &s->places[i];
    const nas_node *first = place->nodes[0];
    param->kind = first->kind == NAS_NODE_CHOICE ? NAS_PARAM_CHOICE
                  : first->integer               ? NAS_PARAM_INT
                                                 : NAS_PARAM_FLOAT;
    bool some = false;
    param->type = NAS_COLUMN_INTEGER;
    for (int32_t k = 0; k < place->n; k++) {
        const nas_node *n = place->nodes[k];
        const int64_t options = n->kind == NAS_NODE_CHOICE ? n->n : n->count < 0 ? 0 : n->count;
        if (k == 0 || (options > param->options && param->options) || !options)
            param->options = options;
        param->type = type_of(n, param->type, &some);
    }
    param->column = column_of(s, i);
    param->values = values_of(s, i);
    param->condition = condition_of(s, i);
    if (!param->column) b->failed = true;
}

nas_status nas_space_keep(nas_space *s, nas_err *err) {
    s->kept = nas_json_make(s->arena, cJSON_Object, NULL);
    for (const cJSON *c = nas_json_root(s->json)->child; s->kept && c; c = c->next) {
        if (!(nas_block_role(c->string) & NAS_ROLE_KEPT)) continue;
        cJSON *copy = nas_json_copy(s->arena, c, c->string);
        if (!copy) return nas_fail(err, NAS_ENOMEM, "out of memory");
        nas_json_append(s->kept, copy);
    }
    return s->kept ? NAS_OK : nas_fail(err, NAS_ENOMEM, "out of memory");
}

nas_status nas_space_compile(nas_space *s, const uint8_t *integer_range, nas_problems *p,
                             nas_err *err) {
    builder b = {.s = s, .integer_range = integer_range, .p = p};
    s->params = get(&b, NAS_PARAMS_MOST, sizeof *s->params);
    s->places = get(&b, NAS_PARAMS_MOST, sizeof *s->places);
    if (!b.failed) s->root = compile(&b, s->kept, "", NULL);
    if (b.failed || !s->root) return nas_fail(err, NAS_ENOMEM, "out of memory");
    if (b.crowded) {
        nas_problem(p, s->json, NULL, false, NULL, "more than %d choices and ranges",
                    NAS_PARAMS_MOST);
        return NAS_OK;
    }
    for (int32_t i = 0; i < s->n_params && !b.failed; i++) describe(&b, i);
    return b.failed ? nas_fail(err, NAS_ENOMEM, "out of memory") : NAS_OK;
}
