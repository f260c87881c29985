/* search/space/point.c - points: by their number, at random, around given values; and the document
 * and the column values of a point. */
#include "search/space/space_int.h"

#include "base/rng.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void clear(const nas_space *s, nas_point *p) {
    for (int32_t i = 0; i < s->n_params; i++) p->values[i] = (double)NAN;
}

static double round_digits(double v, int digits) {
    char text[40];
    snprintf(text, sizeof text, "%.*g", digits, v);
    return strtod(text, NULL);
}

/* Steps add up without the dust of binary fractions: 0.1 + 2 * 0.1 is 0.3. */
double nas_range_at(const nas_node *n, int64_t i) {
    const nas_range *r = &n->range;
    if (!(r->step > 0)) return r->lo + (double)i;
    return i == 0 ? r->lo : round_digits(r->lo + (double)i * r->step, 12);
}

/* The grid */

static void grid_in(const nas_node *n, int64_t i, nas_point *p) {
    if (n->kind == NAS_NODE_RANGE) {
        p->values[n->param] = nas_range_at(n, i);
    } else if (n->kind == NAS_NODE_CHOICE) {
        int32_t option = 0;
        while (option + 1 < n->n && i >= n->below[option]->points) i -= n->below[option++]->points;
        p->values[n->param] = option;
        grid_in(n->below[option], i, p);
    } else {
        /* Mixed radix, the last child fastest. */
        for (int32_t k = n->n - 1; k >= 0; k--) {
            const int64_t points = n->below[k]->points;
            grid_in(n->below[k], i % points, p);
            i /= points;
        }
    }
}

void nas_space_grid(const nas_space *s, int64_t i, nas_point *p) {
    assert(s->root->points < 0 || i < s->root->points);
    clear(s, p);
    grid_in(s->root, i, p);
}

int64_t nas_space_points(const nas_space *s) {
    return s->root->points;
}

/* Random points */

/* The value at u, 0 .. below 1. */
static double unit_range(const nas_node *n, double u) {
    const nas_range *r = &n->range;
    if (r->log && r->step > 0) {
        const double v = exp(log(r->lo) + u * (log(r->hi) - log(r->lo)));
        const int64_t k = (int64_t)floor((v - r->lo) / r->step + 0.5);
        return nas_range_at(n, k < n->count ? k : n->count - 1);
    }
    if (r->log && n->integer) {
        const double a = log(r->lo - 0.5), b = log(r->hi + 0.5);
        const double v = floor(exp(a + u * (b - a)) + 0.5);
        return v < r->lo ? r->lo : v > r->hi ? r->hi : v;
    }
    if (n->count >= 0) {
        const int64_t i = (int64_t)(u * (double)n->count);
        return nas_range_at(n, i < n->count ? i : n->count - 1);
    }
    const double a = r->log ? log(r->lo) : r->lo, b = r->log ? log(r->hi) : r->hi;
    double v = a + u * (b - a);
    v = round_digits(r->log ? exp(v) : v, 6);
    return v < r->lo ? r->lo : v > r->hi ? r->hi : v;
}

static double draw_range(const nas_node *n, nas_rng *rng) {
    if (n->count < 0 || n->range.log) return unit_range(n, nas_rng_double(rng));
    return nas_range_at(n, (int64_t)nas_rng_below(rng, (uint64_t)n->count));
}

/* The value that a try_first entry gives a parameter. */
static const cJSON *given_value(const nas_try_entry *e, int32_t param) {
    for (int32_t i = 0; e && i < e->n; i++)
        if (e->params[i] == param) return e->values[i];
    return NULL;
}

/* How many of the given values fit below n. */
static int32_t fits(const nas_node *n, const nas_try_entry *e) {
    double ignored;
    int32_t count = 0, best = 0;
    const cJSON *v = n->param >= 0 ? given_value(e, n->param) : NULL;
    if (v && nas_node_accepts(n, v, &ignored)) count = 1;
    for (int32_t i = 0; i < n->n; i++) {
        const int32_t below = fits(n->below[i], e);
        if (n->kind == NAS_NODE_CHOICE)
            best = below > best ? below : best;
        else
            count += below;
    }
    return count + best;
}

static int32_t draw_option(const nas_node *n, nas_rng *rng, const nas_try_entry *e) {
    if (!e) return (int32_t)nas_rng_below(rng, (uint64_t)n->n);
    int32_t best = 0, many = 0;
    for (int32_t i = 0; i < n->n; i++) {
        const int32_t f = fits(n->below[i], e);
        many = f > best ? 1 : many + (f == best);
        best = f > best ? f : best;
    }
    int32_t pick = (int32_t)nas_rng_below(rng, (uint64_t)many);
    for (int32_t i = 0; i < n->n; i++)
        if (fits(n->below[i], e) == best && pick-- == 0) return i;
    return 0;
}

static void random_in(const nas_node *n, nas_rng *rng, const nas_try_entry *e, nas_point *p) {
    const cJSON *v = n->param >= 0 ? given_value(e, n->param) : NULL;
    double value;
    const bool fixed = v && nas_node_accepts(n, v, &value);
    if (n->kind == NAS_NODE_RANGE) {
        p->values[n->param] = fixed ? value : draw_range(n, rng);
    } else if (n->kind == NAS_NODE_CHOICE) {
        const int32_t option = fixed ? (int32_t)value : draw_option(n, rng, e);
        p->values[n->param] = option;
        random_in(n->below[option], rng, e, p);
    } else {
        for (int32_t i = 0; i < n->n; i++) random_in(n->below[i], rng, e, p);
    }
}

void nas_space_draw(const nas_space *s, nas_rng *rng, const nas_try_entry *e, nas_point *p) {
    clear(s, p);
    random_in(s->root, rng, e, p);
}

void nas_space_random(const nas_space *s, uint64_t seed, int64_t n, uint32_t attempt,
                      nas_point *p) {
    nas_rng rng = nas_rng_stream(seed, 0, NAS_PURPOSE_SAMPLE, (uint32_t)n,
                                 (uint32_t)((uint64_t)n >> 32), attempt);
    nas_space_draw(s, &rng, NULL, p);
}

static void unit_in(const nas_node *n, const double *u, nas_point *p) {
    if (n->kind == NAS_NODE_RANGE) {
        p->values[n->param] = unit_range(n, u[n->param]);
    } else if (n->kind == NAS_NODE_CHOICE) {
        const int32_t option = (int32_t)(u[n->param] * n->n);
        p->values[n->param] = option;
        unit_in(n->below[option], u, p);
    } else {
        for (int32_t i = 0; i < n->n; i++) unit_in(n->below[i], u, p);
    }
}

void nas_space_unit(const nas_space *s, const double *u, nas_point *p) {
    clear(s, p);
    unit_in(s->root, u, p);
}

int32_t nas_space_try_first(const nas_space *s) {
    return s->n_try;
}

bool nas_node_accepts(const nas_node *n, const cJSON *v, double *out) {
    const nas_range *r = &n->range;
    if (n->kind == NAS_NODE_RANGE) {
        if (!cJSON_IsNumber(v) || v->valuedouble < r->lo || v->valuedouble > r->hi) return false;
        if (n->integer && !nas_json_is_integer(v)) return false;
        *out = v->valuedouble;
        if (!(r->step > 0)) return true;
        const double k = floor((*out - r->lo) / r->step + 0.5);
        *out = nas_range_at(n, (int64_t)k);
        return fabs(*out - v->valuedouble) <= 1e-9 * r->step;
    }
    for (int32_t i = 0; i < n->n; i++) {
        double ignored;
        const nas_node *o = n->below[i];
        const bool inner = o->kind == NAS_NODE_CHOICE || o->kind == NAS_NODE_RANGE;
        if (inner ? !nas_node_accepts(o, v, &ignored) : !nas_json_equal(o->v, v)) continue;
        *out = i;
        return true;
    }
    /* An object is given by its label, as its column shows it, or by its position. */
    if (n->positions && cJSON_IsString(v)) {
        const int32_t option = nas_node_option(n, v->valuestring);
        *out = option;
        return option >= 0;
    }
    if (!n->positions || !nas_json_is_integer(v) || v->valuedouble < 0 || v->valuedouble >= n->n)
        return false;
    *out = v->valuedouble;
    return !cJSON_IsNull(n->below[(int32_t)*out]->v);
}

/* Documents */

typedef struct resolver {
    const nas_space *s;
    nas_arena *arena;
    const nas_point *p;
    int32_t depth, budget;
    const nas_node *absent;
} resolver;

static cJSON *resolve(resolver *r, const nas_node *n, const char *key);

/* The node that a path names in this point; *rest: what is left of the path in a constant. */
static const nas_node *active_node(const resolver *r, const nas_node *n, const char *path,
                                   const char **rest, int32_t follows) {
    for (;;) {
        if (n->kind == NAS_NODE_CHOICE && *path) {
            n = n->below[(int32_t)r->p->values[n->param]];
            continue;
        }
        *rest = path;
        if (!*path || n->kind == NAS_NODE_CONSTANT) return n;
        if (n->kind == NAS_NODE_SAME && follows < NAS_JSON_DEPTH) {
            const char *joined = nas_arena_format(r->arena, NULL, "%s%s%s", n->target,
                                                  *path == '[' ? "" : ".", path);
            return joined ? active_node(r, r->s->root, joined, rest, follows + 1) : NULL;
        }
        char key[64];
        int32_t index;
        const char *after = nas_path_step(path, key, &index);
        if (!after) return NULL;
        const nas_node *below = NULL;
        for (int32_t i = 0; i < n->n && !below; i++)
            if (n->kind == NAS_NODE_LIST
                    ? i == index
                    : n->kind == NAS_NODE_OBJECT && index < 0 && strcmp(n->below[i]->key, key) == 0)
                below = n->below[i];
        if (!below) return NULL;
        n = below;
        path = after;
    }
}

static const cJSON *below_constant(const cJSON *v, const char *path) {
    while (v && *path) {
        char key[64];
        int32_t index;
        path = nas_path_step(path, key, &index);
        if (!path) return NULL;
        v = index < 0          ? nas_json_get(v, key)
            : cJSON_IsArray(v) ? cJSON_GetArrayItem(v, index)
                               : NULL;
    }
    return v;
}

static cJSON *resolve_same(resolver *r, const nas_node *n, const char *key) {
    const char *rest = "";
    const nas_node *target =
        r->depth < NAS_JSON_DEPTH ? active_node(r, r->s->root, n->target, &rest, 0) : NULL;
    if (target && !*rest) {
        r->depth++;
        cJSON *out = resolve(r, target, key);
        r->depth--;
        return out;
    }
    const cJSON *v = target ? below_constant(target->v, rest) : NULL;
    if (!v) r->absent = n;
    return nas_json_copy(r->arena, v ? v : n->v, key);
}

/* The dust of binary fractions goes: 0.1 times 3 is 0.3. */
static cJSON *resolve_times(resolver *r, const nas_node *n, const char *key) {
    cJSON *v = resolve_same(r, n, key);
    if (!v || !cJSON_IsNumber(v)) return v;
    const double product = round_digits(v->valuedouble * n->factor, 12);
    return nas_json_make_number(r->arena, n->integer ? floor(product + 0.5) : product, key);
}

static cJSON *resolve(resolver *r, const nas_node *n, const char *key) {
    if (r->budget-- <= 0) return NULL;
    switch (n->kind) {
    case NAS_NODE_CONSTANT: return nas_json_copy(r->arena, n->v, key);
    case NAS_NODE_CHOICE: return resolve(r, n->below[(int32_t)r->p->values[n->param]], key);
    case NAS_NODE_RANGE: return nas_json_make_number(r->arena, r->p->values[n->param], key);
    case NAS_NODE_SAME: return resolve_same(r, n, key);
    case NAS_NODE_TIMES: return resolve_times(r, n, key);
    case NAS_NODE_LIST:
    case NAS_NODE_OBJECT: break;
    }
    cJSON *out =
        nas_json_make(r->arena, n->kind == NAS_NODE_OBJECT ? cJSON_Object : cJSON_Array, key);
    for (int32_t i = 0; out && i < n->n; i++) {
        cJSON *below = resolve(r, n->below[i], n->below[i]->key);
        if (!below) return NULL;
        nas_json_append(out, below);
    }
    return out;
}

nas_status nas_space_resolve(const nas_space *s, nas_arena *a, const nas_point *p,
                             const nas_node **absent, cJSON **out, nas_err *err) {
    resolver r = {.s = s, .arena = a, .p = p, .budget = NAS_RESOLVE_MOST};
    *out = resolve(&r, s->root, NULL);
    if (absent) *absent = r.absent;
    if (*out) return NAS_OK;
    if (r.budget < 0) return nas_fail(err, NAS_ESHAPE, "too large once same_as is followed");
    return nas_fail(err, NAS_ENOMEM, "out of memory for a candidate");
}

/* Column values */

static const nas_node *active_place(const nas_space *s, const nas_point *p, int32_t param) {
    const nas_place *place = &s->places[param];
    for (int32_t i = 0; i < place->n; i++) {
        const nas_node *n = place->nodes[i];
        const nas_node *above = n->above;
        int32_t option = n->option;
        while (above && p->values[above->param] == option) {
            option = above->option;
            above = above->above;
        }
        if (!above) return n;
    }
    return NULL;
}

int32_t nas_node_option(const nas_node *n, const char *label) {
    for (int32_t i = 0; i < n->n; i++)
        if (strcmp(n->labels[i], label) == 0) return i;
    return -1;
}

const char *nas_space_chosen(const nas_space *s, const nas_point *p, const char *path) {
    for (int32_t i = 0; i < s->n_params; i++) {
        if (strcmp(s->params[i].path, path) != 0) continue;
        const nas_node *n = active_place(s, p, i);
        return n && n->named ? n->labels[(int32_t)p->values[i]] : NULL;
    }
    return NULL;
}

/* The text of a list of plain values; kept, for there are few different ones. */
static const char *intern(const nas_space *s, const cJSON *v) {
    nas_interned *t = s->interned;
    char *text = NULL;
    if (nas_json_canonical(s->scratch, v, &text, NULL) != NAS_OK) return NULL;
    for (const nas_interned_text *i = t->first; i; i = i->next)
        if (strcmp(i->text, text) == 0) return i->text;
    nas_interned_text *more = nas_arena_alloc(s->arena, sizeof *more, NULL);
    if (!more || !(more->text = nas_arena_text(s->arena, text, NULL))) return NULL;
    more->next = t->first;
    t->first = more;
    return more->text;
}

static nas_value as_column(const nas_space *s, int32_t param, const cJSON *v) {
    const nas_column_type type = s->params[param].type;
    nas_value out = {.type = type};
    if (cJSON_IsNull(v)) {
        out.is_null = true;
    } else if (type == NAS_COLUMN_TEXT && cJSON_IsString(v)) {
        out.text = v->valuestring;
    } else if (type == NAS_COLUMN_TEXT && !cJSON_IsNumber(v)) {
        out.text = intern(s, v);
        out.is_null = !out.text;
    } else if (type == NAS_COLUMN_TEXT) {
        nas_json_number(v->valuedouble, s->places[param].text);
        out.text = s->places[param].text;
    } else {
        const double number = cJSON_IsNumber(v) ? v->valuedouble : cJSON_IsTrue(v) ? 1 : 0;
        if (type == NAS_COLUMN_INTEGER && number == floor(number) && fabs(number) <= 0x1p53) {
            out.integer = (int64_t)number;
        } else {
            out.type = NAS_COLUMN_REAL;
            out.real = number;
        }
    }
    return out;
}

static nas_value value_of(const nas_space *s, const nas_point *p, int32_t param) {
    const nas_node *n = active_place(s, p, param);
    if (!n) return (nas_value){.is_null = true, .type = s->params[param].type};
    cJSON number = {.type = cJSON_Number};
    const double value = p->values[param];
    if (n->kind == NAS_NODE_CHOICE && !n->positions) {
        resolver r = {.s = s, .arena = s->scratch, .p = p, .budget = NAS_RESOLVE_MOST};
        const nas_node *o = n->below[(int32_t)value];
        const cJSON *v = o->kind == NAS_NODE_CONSTANT ? o->v : resolve(&r, o, NULL);
        if (v) return as_column(s, param, v);
    } else if (n->kind == NAS_NODE_CHOICE && cJSON_IsNull(n->below[(int32_t)value]->v)) {
        return (nas_value){.is_null = true, .type = s->params[param].type};
    } else if (n->kind == NAS_NODE_CHOICE && n->named) {
        return (nas_value){.type = NAS_COLUMN_TEXT, .text = n->labels[(int32_t)value]};
    }
    number.valuedouble = value;
    return as_column(s, param, &number);
}

void nas_space_values(const nas_space *s, const nas_point *p, nas_value *values) {
    const nas_arena_mark mark = nas_arena_here(s->scratch);
    for (int32_t i = 0; i < s->n_params; i++) values[i] = value_of(s, p, i);
    nas_arena_back(s->scratch, mark);
}

const char *nas_space_describe(const nas_space *s, nas_arena *a, const nas_point *p) {
    const nas_arena_mark mark = nas_arena_here(s->scratch);
    const char *text = "";
    for (int32_t i = 0; i < s->n_params && text; i++) {
        const nas_value v = value_of(s, p, i);
        char number[32];
        if (v.is_null) continue;
        nas_json_number(v.type == NAS_COLUMN_INTEGER ? (double)v.integer : v.real, number);
        text = nas_arena_format(a, NULL, "%s%s%s %s", text, *text ? ", " : "", s->params[i].path,
                                v.type == NAS_COLUMN_TEXT ? v.text : number);
    }
    nas_arena_back(s->scratch, mark);
    return text;
}
