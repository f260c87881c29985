/* search/fetch/catalogue.c - reads the list of data sets. */
#include "search/fetch/catalogue.h"

#include "search/json/json_int.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* data_sets.json, line by line. */
static const char *const built_in[] = {
#include "data_sets.inc"
};

enum { MOST = 64 };

typedef struct reading {
    nas_arena *arena;
    nas_json *json;
    nas_problems problems;
    nas_data_set *v; /* [MOST] */
    int32_t n;
} reading;

static const char *path_of(reading *r, const char *name, const char *key) {
    const char *path = nas_arena_format(r->arena, NULL, "%s.%s", name, key);
    return path ? path : key;
}

static void complain(reading *r, const cJSON *entry, const char *key, const char *what) {
    const cJSON *v = nas_json_get(entry, key);
    nas_problem(&r->problems, r->json, v ? v : entry, !v, path_of(r, entry->string, key), "%s",
                what);
}

static const char *text_at(reading *r, const cJSON *entry, const char *key, bool needed) {
    const cJSON *v = nas_json_get(entry, key);
    if (!needed && (!v || cJSON_IsNull(v))) return NULL;
    if (cJSON_IsString(v) && v->valuestring[0])
        return nas_arena_text(r->arena, v->valuestring, NULL);
    complain(r, entry, key, "expected a text");
    return NULL;
}

static int64_t count_at(reading *r, const cJSON *entry, const char *key, int64_t otherwise,
                        double most) {
    const cJSON *v = nas_json_get(entry, key);
    if (!v || cJSON_IsNull(v)) return otherwise;
    if (cJSON_IsNumber(v) && v->valuedouble >= 0 && v->valuedouble <= most &&
        floor(v->valuedouble) == v->valuedouble)
        return (int64_t)v->valuedouble;
    complain(r, entry, key, "expected a whole number, in bounds");
    return otherwise;
}

static void read_urls(reading *r, const cJSON *entry, nas_data_set *d) {
    const cJSON *list = nas_json_get(entry, "urls");
    const int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    if (n < 1 || n > NAS_URLS_MOST) {
        complain(r, entry, "urls", "expected a list of 1 to 8 addresses");
        return;
    }
    for (const cJSON *u = list->child; u; u = u->next) {
        const char *text = cJSON_IsString(u) ? u->valuestring : "";
        if (strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0) {
            complain(r, entry, "urls", "expected addresses that begin with https:// or http://");
            return;
        }
        d->urls[d->n_urls++] = nas_arena_text(r->arena, text, NULL);
    }
}

static bool is_name(const char *s) {
    if (!isalpha((unsigned char)*s)) return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && *s != '_') return false;
    return true;
}

static const char *const keys[] = {"title", "urls", "bytes",   "sha256", "unpacked_bytes",
                                   "strip", "file", "licence", "credit", NULL};

static void check_keys(reading *r, const cJSON *entry) {
    for (const cJSON *v = entry->child; v; v = v->next) {
        bool known = false;
        for (const char *const *k = keys; *k; k++) known = known || strcmp(v->string, *k) == 0;
        const char *near = nas_nearest(v->string, keys);
        if (!known)
            nas_problem(&r->problems, r->json, v, true, path_of(r, entry->string, v->string),
                        "unknown key%s%s%s", near ? ", did you mean \"" : "", near ? near : "",
                        near ? "\"?" : "");
    }
}

static void read_entry(reading *r, const cJSON *entry) {
    nas_data_set d = {.name = nas_arena_text(r->arena, entry->string, NULL)};
    if (!is_name(entry->string) || !cJSON_IsObject(entry)) {
        nas_problem(&r->problems, r->json, entry, true, entry->string,
                    "expected a name of letters, digits and underscores, with an object");
        return;
    }
    check_keys(r, entry);
    d.title = text_at(r, entry, "title", true);
    d.licence = text_at(r, entry, "licence", true);
    d.credit = text_at(r, entry, "credit", false);
    d.file = text_at(r, entry, "file", false);
    if (d.file && (strchr(d.file, '/') || d.file[0] == '.'))
        complain(r, entry, "file", "expected the plain name of a file");
    read_urls(r, entry, &d);
    d.bytes = count_at(r, entry, "bytes", -1, 1e15);
    d.unpacked = count_at(r, entry, "unpacked_bytes", -1, 1e15);
    d.strip = (int32_t)count_at(r, entry, "strip", 0, 16);
    const char *sum = text_at(r, entry, "sha256", false);
    d.has_sum = sum != NULL;
    if (sum && (strlen(sum) != 64 || !nas_hash_from_hex(sum, &d.sum)))
        complain(r, entry, "sha256", "expected 64 hexadecimal digits, in small letters, or null");
    int32_t at = 0;
    while (at < r->n && strcmp(r->v[at].name, entry->string) != 0) at++;
    if (at == MOST) {
        nas_problem(&r->problems, r->json, entry, true, entry->string,
                    "expected at most %d entries", MOST);
        return;
    }
    r->v[at] = d;
    r->n += at == r->n;
}

static nas_status read_list(reading *r, nas_err *err) {
    const cJSON *root = nas_json_root(r->json);
    r->problems = (nas_problems){.arena = r->arena};
    if (!cJSON_IsObject(root))
        nas_problem(&r->problems, r->json, root, false, "the list",
                    "expected an object with an entry for each data set");
    else
        for (const cJSON *e = root->child; e; e = e->next) read_entry(r, e);
    nas_json_close(r->json);
    return nas_problems_end(&r->problems, err);
}

static nas_status read_built_in(reading *r, nas_err *err) {
    const char *text = "";
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++) {
        text = nas_arena_format(r->arena, err, "%s%s\n", text, built_in[i]);
        if (!text) return NAS_ENOMEM;
    }
    NAS_TRY(nas_json_parse_made(r->arena, "the list of data sets", text, &r->json, err));
    return read_list(r, err);
}

nas_status nas_catalogue_open(nas_arena *a, const char *more, nas_catalogue *out, nas_err *err) {
    reading r = {.arena = a, .v = nas_arena_array(a, MOST, sizeof *r.v, err)};
    *out = (nas_catalogue){0};
    if (!r.v) return NAS_ENOMEM;
    NAS_TRY(read_built_in(&r, err));
    if (more) {
        NAS_TRY(nas_json_open(a, more, &r.json, err));
        NAS_TRY(read_list(&r, err));
    }
    *out = (nas_catalogue){.n = r.n, .v = r.v};
    return NAS_OK;
}

const nas_data_set *nas_catalogue_find(const nas_catalogue *c, const char *name) {
    for (int32_t i = 0; i < c->n; i++)
        if (strcmp(c->v[i].name, name) == 0) return &c->v[i];
    return NULL;
}

const char *nas_data_set_target(const nas_data_set *d) {
    return d->file ? d->file : d->name;
}
