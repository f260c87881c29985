/* search/json/text.c - JSON trees as text, and small questions about them. */
#include "search/json/json_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nas_text_add(nas_text *t, const char *s, size_t n) {
    if (t->failed) return;
    if (t->n + n + 1 > t->room) {
        size_t room = t->room ? t->room * 2 : 256;
        while (room < t->n + n + 1) room *= 2;
        char *p = nas_arena_alloc(t->arena, room, NULL);
        if (!p) {
            t->failed = true;
            return;
        }
        if (t->n) memcpy(p, t->p, t->n);
        t->p = p;
        t->room = room;
    }
    memcpy(t->p + t->n, s, n);
    t->n += n;
    t->p[t->n] = '\0';
}

void nas_text_put(nas_text *t, const char *s) {
    nas_text_add(t, s, strlen(s));
}

const cJSON *nas_json_get(const cJSON *v, const char *key) {
    if (!cJSON_IsObject(v)) return NULL;
    for (const cJSON *c = v->child; c; c = c->next)
        if (strcmp(c->string, key) == 0) return c;
    return NULL;
}

bool nas_json_is_integer(const cJSON *v) {
    return cJSON_IsNumber(v) && v->valuedouble == floor(v->valuedouble) &&
           fabs(v->valuedouble) <= 0x1p53;
}

/* "1e-05" -> "1e-5", "1e+20" -> "1e20". */
static void short_exponent(char *text) {
    char *e = strchr(text, 'e');
    if (!e) return;
    char *from = e + 1, *to = e + 1;
    if (*from == '-') to++;
    if (*from == '-' || *from == '+') from++;
    while (*from == '0' && from[1]) from++;
    memmove(to, from, strlen(from) + 1);
}

void nas_json_number(double v, char out[32]) {
    if (!isfinite(v)) {
        snprintf(out, 32, "null"); /* JSON has no such number */
        return;
    }
    if (v == 0) v = 0; /* no minus zero */
    if (v == floor(v) && fabs(v) <= 0x1p53) {
        snprintf(out, 32, "%.0f", v == 0 ? 0.0 : v);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, v);
        if (strtod(out, NULL) == v) break;
    }
    short_exponent(out);
}

void nas_json_show(const cJSON *v, char out[48]) {
    char number[32];
    if (cJSON_IsString(v)) {
        const bool cut = strlen(v->valuestring) > 32;
        snprintf(out, 48, cut ? "\"%.32s...\"" : "\"%.40s\"", v->valuestring);
    } else if (cJSON_IsNumber(v)) {
        nas_json_number(v->valuedouble, number);
        snprintf(out, 48, "%s", number);
    } else {
        snprintf(out, 48, "%s",
                 cJSON_IsObject(v)  ? "an object"
                 : cJSON_IsArray(v) ? "a list"
                 : cJSON_IsTrue(v)  ? "true"
                 : cJSON_IsFalse(v) ? "false"
                                    : "null");
    }
}

static void put_string(nas_text *t, const char *s) {
    nas_text_put(t, "\"");
    for (; *s; s++) {
        const char *escaped = "\"\"\\\\\bb\ff\nn\rr\tt";
        const char *e = escaped;
        while (*e && *e != *s) e += 2;
        char code[8];
        if (*e) {
            const char pair[2] = {'\\', e[1]};
            nas_text_add(t, pair, 2);
        } else if ((unsigned char)*s < 0x20) {
            snprintf(code, sizeof code, "\\u%04x", (unsigned)(unsigned char)*s);
            nas_text_put(t, code);
        } else {
            nas_text_add(t, s, 1);
        }
    }
    nas_text_put(t, "\"");
}

static void put_scalar(nas_text *t, const cJSON *v) {
    char number[32];
    if (cJSON_IsString(v)) {
        put_string(t, v->valuestring);
    } else if (cJSON_IsNumber(v)) {
        nas_json_number(v->valuedouble, number);
        nas_text_put(t, number);
    } else {
        nas_text_put(t, cJSON_IsTrue(v) ? "true" : cJSON_IsFalse(v) ? "false" : "null");
    }
}

static int by_key(const void *a, const void *b) {
    const cJSON *x = *(const cJSON *const *)a, *y = *(const cJSON *const *)b;
    return strcmp(x->string, y->string);
}

static size_t count(const cJSON *v) {
    size_t n = 0;
    for (const cJSON *c = v->child; c; c = c->next) n++;
    return n;
}

static void put_canonical(nas_text *t, const cJSON *v) {
    if (cJSON_IsArray(v)) {
        nas_text_put(t, "[");
        for (const cJSON *c = v->child; c; c = c->next) {
            put_canonical(t, c);
            if (c->next) nas_text_put(t, ",");
        }
        nas_text_put(t, "]");
    } else if (cJSON_IsObject(v)) {
        const size_t n = count(v);
        const cJSON **list = calloc(n ? n : 1, sizeof *list);
        if (!list) {
            t->failed = true;
            return;
        }
        size_t i = 0;
        for (const cJSON *c = v->child; c; c = c->next) list[i++] = c;
        qsort(list, n, sizeof *list, by_key);
        nas_text_put(t, "{");
        for (i = 0; i < n; i++) {
            if (i) nas_text_put(t, ",");
            put_string(t, list[i]->string);
            nas_text_put(t, ":");
            put_canonical(t, list[i]);
        }
        nas_text_put(t, "}");
        free(list);
    } else {
        put_scalar(t, v);
    }
}

static nas_status text_end(nas_text *t, char **out, nas_err *err) {
    *out = t->failed ? NULL : t->p;
    return *out ? NAS_OK : nas_fail(err, NAS_ENOMEM, "out of memory for a JSON text");
}

nas_status nas_json_canonical(nas_arena *a, const cJSON *v, char **out, nas_err *err) {
    nas_text t = {.arena = a};
    put_canonical(&t, v);
    return text_end(&t, out, err);
}

/* On one line, with spaces. */
static void put_flat(nas_text *t, const cJSON *v) {
    const bool object = cJSON_IsObject(v);
    if (!object && !cJSON_IsArray(v)) {
        put_scalar(t, v);
        return;
    }
    nas_text_put(t, object ? "{" : "[");
    for (const cJSON *c = v->child; c; c = c->next) {
        if (object) {
            put_string(t, c->string);
            nas_text_put(t, ": ");
        }
        put_flat(t, c);
        if (c->next) nas_text_put(t, ", ");
    }
    nas_text_put(t, object ? "}" : "]");
}

static void put_indent(nas_text *t, int level) {
    nas_text_put(t, "\n");
    for (int i = 0; i < level; i++) nas_text_put(t, "  ");
}

/* Width is the most that stands on one line. */
static void put_pretty(nas_text *t, const cJSON *v, int level) {
    enum { WIDTH = 88 };
    const size_t start = t->n;
    if (level > 0 || !cJSON_IsObject(v)) {
        put_flat(t, v);
        if (t->failed || t->n - start + (size_t)level * 2 <= WIDTH || !v->child) return;
        t->n = start;
    }
    const bool object = cJSON_IsObject(v);
    nas_text_put(t, object ? "{" : "[");
    for (const cJSON *c = v->child; c; c = c->next) {
        put_indent(t, level + 1);
        if (object) {
            put_string(t, c->string);
            nas_text_put(t, ": ");
        }
        put_pretty(t, c, level + 1);
        if (c->next) nas_text_put(t, ",");
    }
    put_indent(t, level);
    nas_text_put(t, object ? "}" : "]");
}

nas_status nas_json_pretty(nas_arena *a, const cJSON *v, char **out, nas_err *err) {
    nas_text t = {.arena = a};
    put_pretty(&t, v, 0);
    nas_text_put(&t, "\n");
    return text_end(&t, out, err);
}

cJSON *nas_json_make(nas_arena *a, int type, const char *key) {
    cJSON *v = nas_arena_alloc(a, sizeof *v, NULL);
    if (!v) return NULL;
    v->type = type;
    if (key && !(v->string = nas_arena_text(a, key, NULL))) return NULL;
    return v;
}

cJSON *nas_json_make_number(nas_arena *a, double number, const char *key) {
    cJSON *v = nas_json_make(a, cJSON_Number, key);
    if (v) v->valuedouble = number;
    return v;
}

cJSON *nas_json_copy(nas_arena *a, const cJSON *v, const char *key) {
    cJSON *copy = nas_json_make(a, v->type & 0xFF, key);
    if (!copy) return NULL;
    copy->child = v->child;
    copy->valuestring = v->valuestring;
    copy->valuedouble = v->valuedouble;
    copy->valueint = v->valueint;
    return copy;
}

/* As in cJSON: the first child's prev is the last child. */
void nas_json_append(cJSON *parent, cJSON *child) {
    cJSON *first = parent->child;
    child->next = NULL;
    if (!first) {
        parent->child = child->prev = child;
        return;
    }
    child->prev = first->prev;
    first->prev->next = child;
    first->prev = child;
}

bool nas_json_equal(const cJSON *a, const cJSON *b) {
    if ((a->type & 0xFF) != (b->type & 0xFF)) return false;
    if (cJSON_IsNumber(a)) return a->valuedouble == b->valuedouble;
    if (cJSON_IsString(a)) return strcmp(a->valuestring, b->valuestring) == 0;
    if (cJSON_IsObject(a)) {
        if (count(a) != count(b)) return false;
        for (const cJSON *c = a->child; c; c = c->next) {
            const cJSON *d = nas_json_get(b, c->string);
            if (!d || !nas_json_equal(c, d)) return false;
        }
        return true;
    }
    const cJSON *c = a->child, *d = b->child;
    for (; c && d; c = c->next, d = d->next)
        if (!nas_json_equal(c, d)) return false;
    return !c && !d;
}

nas_status nas_json_floats(nas_arena *a, const nas_json *j, const char *name, int32_t n,
                           const float **out, nas_err *err) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(nas_json_root(j), name), *item;
    float *v = nas_arena_array(a, (size_t)n, sizeof *v, err);
    bool good = cJSON_IsArray(list) && cJSON_GetArraySize(list) == n;
    int32_t i = 0;
    if (!v) return NAS_ENOMEM;
    if (good) {
        cJSON_ArrayForEach(item, list) {
            good &= cJSON_IsNumber(item) != 0;
            v[i++] = (float)item->valuedouble;
        }
    }
    *out = v;
    if (good) return NAS_OK;
    return nas_fail(err, NAS_EFORMAT, "%s: expected a list of %d numbers as \"%s\"",
                    nas_json_name(j), n, name);
}
