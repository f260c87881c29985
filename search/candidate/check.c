/* search/candidate/check.c - values against the tables of keys. */
#include "base/text/visible.h"
#include "search/candidate/candidate_int.h"
#include "search/sampler/names.h"
#include "search/task/task.h"

#include <assert.h>
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLERS_MOST = 31 };

static void bound(double v, char out[32]) {
    nas_json_number(v, out);
}

static void check_number(nas_check *c, const char *path, const cJSON *v, const nas_key *k) {
    const bool integer = k->kind == NAS_KEY_INT;
    if (cJSON_IsNumber(v) && v->valuedouble >= k->lo && v->valuedouble <= k->hi &&
        (!integer || nas_json_is_integer(v)))
        return;
    const char *outputs = k->flags & NAS_KEY_CLASSES ? nas_task_of(c->root)->output_word : "";
    if (cJSON_IsString(v) && *outputs && strcmp(v->valuestring, outputs) == 0) return;
    char lo[32], hi[32], got[48];
    bound(k->lo, lo);
    bound(k->hi, hi);
    nas_json_show(v, got);
    nas_check_problem(c, path, v, false, "expected %s %s .. %s%s%s%s%s, got %s",
                      integer ? "an integer" : "a number", lo, hi, *outputs ? " or \"" : "",
                      outputs, *outputs ? "\"" : "", k->flags & NAS_KEY_NULLABLE ? " or null" : "",
                      got);
}

static void check_word(nas_check *c, const char *path, const cJSON *v, const nas_key *k) {
    char list[600], got[48];
    nas_json_show(v, got);
    if (cJSON_IsString(v)) {
        for (const char *const *w = k->words; *w; w++)
            if (strcmp(*w, v->valuestring) == 0) return;
    }
    nas_words_join(k->words, list, sizeof list);
    const char *near = cJSON_IsString(v) ? nas_nearest(v->valuestring, k->words) : NULL;
    if (near)
        nas_check_problem(c, path, v, false, "expected %s, got %s; did you mean \"%s\"?", list, got,
                          near);
    else
        nas_check_problem(c, path, v, false, "expected %s, got %s", list, got);
}

static void check_pattern(nas_check *c, const char *path, const cJSON *v) {
    regex_t re;
    const int bad = regcomp(&re, v->valuestring, REG_EXTENDED);
    if (bad) {
        char why[128];
        regerror(bad, &re, why, sizeof why);
        nas_check_problem(c, path, v, false, "no POSIX extended expression: %s", why);
        return;
    }
    if (re.re_nsub < 1)
        nas_check_problem(c, path, v, false,
                          "expected an expression with a group, such as \"^([^_]+)_\"");
    regfree(&re);
}

static void check_text(nas_check *c, const char *path, const cJSON *v, const nas_key *k) {
    char got[48];
    nas_json_show(v, got);
    if (!cJSON_IsString(v) || !*v->valuestring) {
        nas_check_problem(c, path, v, false, "expected a text in quotes%s, got %s",
                          k->flags & NAS_KEY_NULLABLE ? " or null" : "", got);
        return;
    }
    if (k->flags & NAS_KEY_PATTERN) check_pattern(c, path, v);
}

/* [height, width], or [height, width, channels]. */
static void check_sizes(nas_check *c, const char *path, const cJSON *v, const nas_key *k) {
    const int n = k->kind == NAS_KEY_PAIR ? 2 : 3;
    if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) != n) {
        char got[48], lo[32], hi[32];
        nas_json_show(v, got);
        bound(k->lo, lo);
        bound(k->hi, hi);
        nas_check_problem(c, path, v, false, "expected [height, width%s], each %s .. %s, got %s",
                          n == 3 ? ", channels" : "", lo, hi,
                          cJSON_IsArray(v) ? "a list of another length" : got);
        return;
    }
    /* The elements are integers of their own; the key lives as long as the walk. */
    nas_key *element = nas_arena_alloc(c->arena, sizeof *element, NULL);
    if (!element) return;
    *element = *k;
    element->kind = NAS_KEY_INT;
    element->flags &= ~(uint32_t)NAS_KEY_NULLABLE;
    int32_t i = 0;
    for (const cJSON *e = v->child; e; e = e->next)
        nas_check_any(c, nas_path_item(c->arena, path, i++), e, nas_check_value, element);
}

static void check_span(nas_check *c, const char *path, const cJSON *v, const nas_key *k) {
    if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) != 2) {
        char got[48], lo[32], hi[32];
        nas_json_show(v, got);
        bound(k->lo, lo);
        bound(k->hi, hi);
        nas_check_problem(c, path, v, false, "expected [lowest, highest], each %s .. %s%s, got %s",
                          lo, hi, k->flags & NAS_KEY_NULLABLE ? ", or null" : "",
                          cJSON_IsArray(v) ? "a list of another length" : got);
        return;
    }
    nas_key *element = nas_arena_alloc(c->arena, sizeof *element, NULL);
    if (!element) return;
    *element = *k;
    element->kind = NAS_KEY_FLOAT;
    element->flags = 0;
    const cJSON *lo = v->child, *hi = v->child->next;
    nas_check_any(c, nas_path_item(c->arena, path, 0), lo, nas_check_value, element);
    nas_check_any(c, nas_path_item(c->arena, path, 1), hi, nas_check_value, element);
    if (cJSON_IsNumber(lo) && cJSON_IsNumber(hi) && lo->valuedouble > hi->valuedouble)
        nas_check_problem(c, path, v, false, "the lowest is above the highest");
}

/* Blocks with code of their own */

void nas_check_sampler(nas_check *c, const char *path, const cJSON *v) {
    const char *names[SAMPLERS_MOST + 1];
    int32_t n = 0;
    for (; nas_sampler_name(n); n++) {
        assert(n < SAMPLERS_MOST);
        names[n] = nas_sampler_name(n);
    }
    names[n] = NULL;
    const nas_key k = {.name = "sampler", .kind = NAS_KEY_WORD, .words = names};
    check_word(c, path, v, &k);
}

void nas_check_seed(nas_check *c, const char *path, const cJSON *v) {
    const nas_key k = {.kind = NAS_KEY_INT, .lo = 0, .hi = (double)NAS_SEED_MOST};
    check_number(c, path, v, &k);
}

static void check_below(nas_check *c, const char *path, const cJSON *v, const nas_key *k) {
    const nas_block_row *row = nas_block_row_of(k);
    if (!row) return;
    if (row->check)
        row->check(c, path, v);
    else if (row->block && !(row->null && cJSON_IsNull(v)))
        nas_check_block(c, path, v, nas_block_variant(row->block, v));
}

/* Between epochs there is nothing to pick by: a fold's own clips are to be judged unseen, and the
 * net that ships has no validation set; but where split.stopping sets clips aside. */
static bool check_folds(nas_check *c, const char *path, const cJSON *v, const nas_key *k) {
    const cJSON *split = nas_json_get(nas_json_get(c->root, "task"), "split");
    const cJSON *folds = nas_json_get(split, "folds");
    const bool best = k == nas_block_find(&nas_block_train, "keep") && cJSON_IsString(v) &&
                      strcmp(v->valuestring, "best") == 0;
    const bool waits = k == nas_block_find(&nas_block_train, "patience") && !cJSON_IsNull(v);
    const cJSON *share = nas_json_get(split, "stopping");
    const bool stopping = cJSON_IsNumber(share) && share->valuedouble > 0;
    if (!folds || cJSON_IsNull(folds) || stopping || !(best || waits)) return true;
    const char *instead = nas_task_of(c->root)->stopping;
    nas_check_problem(c, path, v, false,
                      "needs a validation set, and with task.split.folds there is none; %s%s",
                      best ? "expected \"last\"" : "leave it out", instead ? instead : "");
    return false;
}

void nas_check_value(nas_check *c, const char *path, const cJSON *v, const void *key) {
    const nas_key *k = key;
    if (cJSON_IsNull(v) && k->flags & NAS_KEY_NULLABLE) return;
    if (!check_folds(c, path, v, k)) return;
    if (k == nas_block_find(&nas_block_train, "loss") && cJSON_IsString(v) &&
        strcmp(v->valuestring, "auto") != 0 && !nas_task_of(c->root)->values) {
        nas_check_problem(c, path, v, false, "is for forecasts; classes take \"auto\"");
        return;
    }
    switch (k->kind) {
    case NAS_KEY_INT:
    case NAS_KEY_FLOAT: check_number(c, path, v, k); return;
    case NAS_KEY_BOOL: {
        char got[48];
        nas_json_show(v, got);
        if (!cJSON_IsBool(v))
            nas_check_problem(c, path, v, false, "expected true or false, got %s", got);
        return;
    }
    case NAS_KEY_WORD: check_word(c, path, v, k); return;
    case NAS_KEY_TEXT: check_text(c, path, v, k); return;
    case NAS_KEY_PAIR:
    case NAS_KEY_SHAPE: check_sizes(c, path, v, k); return;
    case NAS_KEY_SPAN: check_span(c, path, v, k); return;
    case NAS_KEY_BLOCK: check_below(c, path, v, k); return;
    }
}

/* Blocks */

/* Has the task no such block of the file? */
static bool is_foreign(const nas_check *c, const nas_block *b, const char *key) {
    const nas_block_row *row = b == &nas_block_top ? nas_block_row_at(b, key) : NULL;
    return row && row->needs && !(row->needs & nas_task_of(c->root)->has);
}

/* A candidate does without what is not part of its identity. */
static bool may_lack(const nas_check *c, const nas_block *b, const cJSON *v, const nas_key *k) {
    if (k->def || is_foreign(c, b, k->name)) return true;
    if (b->may_lack && b->may_lack(v, k->name)) return true;
    return c->candidate && b == &nas_block_top && !(nas_block_role(k->name) & NAS_ROLE_HASHED);
}

static bool block_knows(nas_check *c, const nas_block *b, const char *path, const cJSON *v) {
    static const nas_key replicate = {
        .name = "replicate", .kind = NAS_KEY_INT, .lo = 0, .hi = 2147483647.0};
    if (!c->candidate || b != &nas_block_top) return false;
    if (strcmp(v->string, "seed") == 0)
        nas_check_seed(c, path, v);
    else if (strcmp(v->string, "replicate") == 0)
        nas_check_value(c, path, v, &replicate);
    else
        return false;
    return true;
}

/* A key of search that another sampler has: it is told by that name. */
static bool is_of_other_sampler(nas_check *c, const nas_block *b, const char *path,
                                const cJSON *v) {
    if (b->tables[0] != nas_search_keys) return false;
    for (int32_t i = 0; nas_sampler_name(i); i++) {
        const nas_block *other = nas_sampler_block(i, NULL);
        if (!other || other == b || !nas_block_find(other, v->string)) continue;
        nas_check_problem(c, path, v, true,
                          "belongs to the sampler \"%s\"; leave it out, or take that sampler",
                          nas_sampler_name(i));
        return true;
    }
    return false;
}

/* Was an unknown key of v taken for this one? Then its lack is no problem of its own. */
static bool is_misspelt(const nas_block *b, const cJSON *v, const nas_key *k,
                        const char *const *known) {
    for (const cJSON *x = v->child; x; x = x->next) {
        const char *near = nas_block_find(b, x->string) ? NULL : nas_nearest(x->string, known);
        if (near && strcmp(near, k->name) == 0) return true;
    }
    return false;
}

void nas_check_block(nas_check *c, const char *path, const cJSON *v, const void *block) {
    const nas_block *b = block;
    const bool top = b == &nas_block_top;
    if (!cJSON_IsObject(v)) {
        char got[48];
        nas_json_show(v, got);
        nas_check_problem(c, path, v, false, "expected an object { ... }, got %s", got);
        return;
    }
    const char *known[NAS_KEYS_MOST];
    size_t n = 0;
    for (const nas_key *k = NULL; (k = nas_block_next(b, k));) {
        assert(n + 1 < NAS_KEYS_MOST);
        known[n++] = k->name;
    }
    known[n] = NULL;
    for (const cJSON *x = v->child; x; x = x->next) {
        const char *where = nas_path_key(c->arena, path, x->string);
        const nas_key *k = nas_block_find(b, x->string);
        const uint32_t role = top ? nas_block_role(x->string) : 0;
        if (c->candidate && role & NAS_ROLE_SPACE) continue;
        if (nas_is_label(c, v, x)) continue;
        if (top) c->choices = c->space && role & NAS_ROLE_VARIES;
        if (is_foreign(c, b, x->string)) {
            nas_check_problem(c, where, x, true, "the task \"%s\" has none; leave it out",
                              nas_task_of(c->root)->name);
            continue;
        }
        if (k)
            nas_check_any(c, where, x, nas_check_value, k);
        else if (!block_knows(c, b, where, x) && !is_of_other_sampler(c, b, where, x))
            nas_check_unknown(c, where, x, known);
    }
    for (const nas_key *k = NULL; (k = nas_block_next(b, k));)
        if (!may_lack(c, b, v, k) && !nas_json_get(v, k->name) && !is_misspelt(b, v, k, known))
            nas_check_problem(c, nas_path_key(c->arena, path, k->name), v, false, "missing; %s",
                              k->help ? k->help : "it has no default");
    if (b->check) b->check(c, path, v, b);
    const nas_task_ops *task = nas_task_of(c->root);
    if (b == task->block && task->check) task->check(c, path, v);
}
