/* search/candidate/check.c - values against the tables of keys. */
#include "base/text/visible.h"
#include "search/candidate/candidate_int.h"
#include "search/sampler/sampler.h"
#include "search/task/task.h"
#include "store/store.h"

#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

enum { KNOWN_MOST = 64 };

const char *nas_path_key(nas_arena *a, const char *path, const char *key) {
    const char *p = nas_arena_format(a, NULL, "%s%s%.64s", path, *path ? "." : "", key);
    return p ? p : "";
}

const char *nas_path_item(nas_arena *a, const char *path, int32_t i) {
    const char *p = nas_arena_format(a, NULL, "%s[%d]", path, i);
    return p ? p : "";
}

void nas_check_problem(nas_check *c, const char *path, const cJSON *v, bool at_key, const char *fmt,
                       ...) {
    char what[900];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (c->at)
        nas_problem(c->p, c->j, c->at, false, path, "what %s names does not fit: %s",
                    nas_form_name(c->at), what);
    else
        nas_problem(c->p, c->j, v, at_key, path, "%s", what);
}

/* "a", "b" or "c" */
static void join_words(const char *const *words, char *out, size_t room) {
    size_t used = 0;
    out[0] = '\0';
    for (const char *const *w = words; *w && used < room; w++) {
        const char *before = w == words ? "" : w[1] ? ", " : " or ";
        const int put = snprintf(out + used, room - used, "%s\"%s\"", before, *w);
        used += put > 0 ? (size_t)put : 0;
    }
}

void nas_check_unknown(nas_check *c, const char *path, const cJSON *v, const char *const *known) {
    const char *near = nas_nearest(v->string, known);
    char list[600];
    c->p->astray = true;
    if (near) {
        nas_check_problem(c, path, v, true, "unknown key; did you mean \"%s\"?", near);
    } else {
        join_words(known, list, sizeof list);
        nas_check_problem(c, path, v, true, "unknown key; expected %s", list);
    }
}

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
    join_words(k->words, list, sizeof list);
    const char *near = cJSON_IsString(v) ? nas_nearest(v->valuestring, k->words) : NULL;
    if (near)
        nas_check_problem(c, path, v, false, "expected %s, got %s; did you mean \"%s\"?", list, got,
                          near);
    else
        nas_check_problem(c, path, v, false, "expected %s, got %s", list, got);
}

static void check_text(nas_check *c, const char *path, const cJSON *v, const nas_key *k) {
    char got[48];
    nas_json_show(v, got);
    if (!cJSON_IsString(v) || !*v->valuestring) {
        nas_check_problem(c, path, v, false, "expected a text in quotes%s, got %s",
                          k->flags & NAS_KEY_NULLABLE ? " or null" : "", got);
        return;
    }
    if (strcmp(k->name, "speaker_pattern") != 0) return;
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

void nas_check_labels(nas_check *c, const char *path, const cJSON *v) {
    int32_t n = 0;
    bool good = cJSON_IsArray(v);
    if (cJSON_IsNull(v)) return;
    for (const cJSON *l = good ? v->child : NULL; l; l = l->next, n++) {
        const char *item = nas_path_item(c->arena, path, n);
        if (!cJSON_IsString(l) || !*l->valuestring || strchr(l->valuestring, '/') ||
            l->valuestring[0] == '.' || !nas_is_line(l->valuestring)) {
            char got[48];
            nas_json_show(l, got);
            nas_check_problem(c, item, l, false, "expected the name of a class folder, got %s",
                              got);
            continue;
        }
        if (n >= NAS_LABELS_MOST) continue;
        for (const cJSON *m = v->child; m != l; m = m->next)
            if (cJSON_IsString(m) && strcmp(m->valuestring, l->valuestring) == 0)
                nas_check_problem(c, item, l, false, "\"%.60s\" stands twice", l->valuestring);
    }
    if (!good || n < 2 || n > NAS_LABELS_MOST)
        nas_check_problem(c, path, v, false, "expected a list of 2 .. %d class folders, or null",
                          NAS_LABELS_MOST);
}

void nas_check_rate(nas_check *c, const char *path, const cJSON *v) {
    const nas_key *from = nas_block_find(&nas_block_schedule, "from");
    if (!cJSON_IsObject(v)) {
        check_number(c, path, v, from);
        return;
    }
    nas_check_block(c, path, v, &nas_block_schedule);
    const cJSON *kind = nas_json_get(v, "schedule");
    if (!cJSON_IsString(kind)) return;
    const bool constant = strcmp(kind->valuestring, "constant") == 0;
    const bool polynomial = strcmp(kind->valuestring, "polynomial") == 0;
    for (const cJSON *k = v->child; k; k = k->next)
        if ((constant && strcmp(k->string, "to") == 0) ||
            (!polynomial && strcmp(k->string, "power") == 0))
            nas_check_problem(c, nas_path_key(c->arena, path, k->string), k, true,
                              "belongs to other schedules than \"%s\"; leave it out",
                              kind->valuestring);
    if (strcmp(kind->valuestring, "exponential") == 0 && !nas_json_get(v, "to"))
        nas_check_problem(c, nas_path_key(c->arena, path, "to"), v, false,
                          "missing; \"exponential\" needs it, above 0");
}

static void check_format_kind(nas_check *c, const char *path, const cJSON *v) {
    check_word(c, path, v, &nas_quantize_keys[0]);
}

void nas_check_sampler(nas_check *c, const char *path, const cJSON *v) {
    const char *names[16];
    int32_t n = 0;
    for (; n < 15 && nas_sampler_at(n); n++) names[n] = nas_sampler_at(n)->name;
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
 * net that ships has no validation part; but where split.stopping sets clips aside. */
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
                      "needs a validation part, and with task.split.folds there is none; %s%s",
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
    case NAS_KEY_WORD:
        if (k->words == nas_format_names)
            check_format_kind(c, path, v);
        else
            check_word(c, path, v, k);
        return;
    case NAS_KEY_TEXT: check_text(c, path, v, k); return;
    case NAS_KEY_PAIR:
    case NAS_KEY_SHAPE: check_sizes(c, path, v, k); return;
    case NAS_KEY_SPAN: check_span(c, path, v, k); return;
    case NAS_KEY_BLOCK: check_below(c, path, v, k); return;
    }
}

/* Blocks */

bool nas_rate_may_lack(const cJSON *v, const char *key) {
    const cJSON *schedule = nas_json_get(v, "schedule");
    return cJSON_IsString(schedule) && strcmp(schedule->valuestring, "constant") == 0 &&
           strcmp(key, "from") != 0;
}

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

/* mfcc needs coefficients and log_mel has none. */
void nas_check_coefficients(nas_check *c, const char *path, const cJSON *v, const nas_block *b) {
    (void)b;
    const cJSON *kind = nas_json_get(v, "kind"), *n = nas_json_get(v, "coefficients");
    if (!cJSON_IsString(kind)) return;
    const char *where = nas_path_key(c->arena, path, "coefficients");
    if (strcmp(kind->valuestring, "mfcc") == 0 && !n)
        nas_check_problem(c, where, v, false, "missing; \"mfcc\" needs it");
    else if (strcmp(kind->valuestring, "log_mel") == 0 && n && !nas_is_form(n) &&
             !(cJSON_IsNumber(n) && n->valuedouble == 0))
        nas_check_problem(c, where, n, true, "belongs to \"mfcc\" only; leave it out");
}

/* Lists lie inside the data folder; folds take the place of the validation share. */
void nas_check_split(nas_check *c, const char *path, const cJSON *v, const nas_block *b) {
    const cJSON *folds = nas_json_get(v, "folds"), *by = nas_json_get(v, "by");
    const bool folded = folds && !cJSON_IsNull(folds);
    const cJSON *share = nas_json_get(v, "validation"), *test = nas_json_get(v, "test");
    const double validation = cJSON_IsNumber(share) ? share->valuedouble : 0.1;
    if (b == &nas_block_split && !folded &&
        validation + (cJSON_IsNumber(test) ? test->valuedouble : 0.1) >= 1)
        nas_check_problem(c, path, v, false, "validation and test leave nothing to train");
    for (const cJSON *k = v->child; k; k = k->next) {
        const char *where = nas_path_key(c->arena, path, k->string);
        const nas_key *key = nas_block_find(b, k->string);
        if ((b == &nas_block_lists || b == &nas_block_groups) && key && key->kind == NAS_KEY_TEXT &&
            cJSON_IsString(k) && strcmp(k->string, "speaker_pattern") != 0 &&
            !nas_split_path_fits(k->valuestring))
            nas_check_problem(c, where, k, false,
                              "expected a file inside the data folder: a relative path without "
                              "\"..\"");
        if (b != &nas_block_split) continue;
        if (folded && strcmp(k->string, "validation") == 0)
            nas_check_problem(c, where, k, true,
                              "with folds each of them is the validation part once; leave it out");
        if (!folded && strcmp(k->string, "stopping") == 0 && cJSON_IsNumber(k) &&
            k->valuedouble > 0)
            nas_check_problem(c, where, k, true,
                              "belongs to folds; without them the validation part picks the epoch");
        if (folded && k == by && cJSON_IsString(k) && strcmp(k->valuestring, "file") == 0)
            nas_check_problem(c, where, k, false,
                              "folds are by \"speaker\", or by \"groups\" of a list");
        if (!folded && strcmp(k->string, "test") == 0 && cJSON_IsNumber(k) && k->valuedouble >= 0 &&
            k->valuedouble < 0.001)
            nas_check_problem(c, where, k, false, "expected at least 0.001 without folds");
    }
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
    const char *known[KNOWN_MOST];
    size_t n = 0;
    for (const nas_key *k = NULL; (k = nas_block_next(b, k)) && n + 1 < KNOWN_MOST;)
        known[n++] = k->name;
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
        else if (!block_knows(c, b, where, x))
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

/* The name becomes that of a view in the database. */
static void check_name(nas_check *c) {
    const cJSON *name = nas_json_get(c->root, "name");
    nas_err err = {0};
    if (!c->space || !cJSON_IsString(name) || !*name->valuestring) return;
    if (nas_store_check_name(name->valuestring, &err) != NAS_OK)
        nas_check_problem(c, "name", name, false, "%.600s", err.text);
}

bool nas_check_document(nas_check *c) {
    c->budget = 2000000;
    if (cJSON_IsObject(c->root) && !nas_check_kind(c)) return false;
    nas_check_block(c, "", c->root, &nas_block_top);
    if (!cJSON_IsObject(c->root)) return false;
    check_name(c);
    return true;
}
