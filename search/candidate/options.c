/* search/candidate/options.c - the options of a choice and what they are called. */
#include "search/candidate/candidate_int.h"

#include "base/text/visible.h"

#include <string.h>

enum { LABEL_BYTES = 64 };

/* What an option that is an object may begin with: without the brackets of a list it would be taken
 * for options with these labels. */
static bool is_reserved(const char *label) {
    static const char *const words[] = {"_name",   "kind",   "op",    "schedule", "layers",
                                        "repeat",  "choice", "range", "step",     "log",
                                        "same_as", "times",  "_type", "_value",   NULL};
    return nas_word_in(label, words);
}

/* The block that stands at a path; NULL: another value does. */
static const nas_block *block_at(const char *path) {
    const nas_block *b = &nas_block_top;
    char key[64];
    int32_t index;
    while (b && *path && (path = nas_path_step(path, key, &index)))
        b = index < 0 ? nas_block_below(b, key) : NULL;
    return path ? b : NULL;
}

bool nas_check_options(nas_check *c, const char *path, const cJSON *options) {
    const nas_block *block = block_at(path);
    bool good = true;
    for (const cJSON *o = options->child; o; o = o->next) {
        const char *where = nas_path_key(c->arena, path, o->string);
        const bool plain = !o->child && !cJSON_IsNull(o) && !nas_are_options(o);
        if (is_reserved(o->string) || (plain && block && nas_block_find(block, o->string))) {
            nas_check_problem(
                c, path, options, false,
                "\"%.60s\" is a key of an option, so it cannot be the label of one: a "
                "single option stands in brackets, {\"choice\": [{...}]}; options "
                "with labels are {\"choice\": {\"label\": {...}, ...}}",
                o->string);
            return false;
        }
        if (!*o->string || strlen(o->string) > LABEL_BYTES || !nas_is_line(o->string)) {
            nas_check_problem(c, where, o, true, "a label is one line of 1 .. %d bytes",
                              LABEL_BYTES);
            good = false;
        }
        const cJSON *name = nas_json_get(o, "_name");
        if (cJSON_IsString(name) && strcmp(name->valuestring, o->string) != 0) {
            nas_check_problem(c, nas_path_key(c->arena, where, "_name"), name, true,
                              "the option has the label \"%.60s\" already; leave it out",
                              o->string);
            good = false;
        }
    }
    return good;
}

const char *nas_option_word(const cJSON *options, const cJSON *o) {
    static const char *const telling[] = {"_name", "kind", "op", NULL};
    if (cJSON_IsObject(options)) return o->string;
    if (cJSON_IsString(o)) return o->valuestring;
    for (const char *const *k = telling; cJSON_IsObject(o) && !nas_is_form(o) && *k; k++) {
        const cJSON *word = nas_json_get(o, *k);
        if (cJSON_IsString(word) && *word->valuestring) return word->valuestring;
    }
    return NULL;
}

static bool is_used(const char *const *labels, int32_t n, const char *label) {
    for (int32_t i = 0; i < n; i++)
        if (strcmp(labels[i], label) == 0) return true;
    return false;
}

static bool is_word(const cJSON *options, const char *label) {
    for (const cJSON *o = options->child; o; o = o->next) {
        const char *word = nas_option_word(options, o);
        if (word && strcmp(word, label) == 0) return true;
    }
    return false;
}

const char *const *nas_option_labels(nas_arena *a, const cJSON *options, bool *named) {
    const char **labels =
        nas_arena_array(a, (size_t)cJSON_GetArraySize(options), sizeof *labels, NULL);
    int32_t i = 0;
    *named = false;
    for (const cJSON *o = labels ? options->child : NULL; o; o = o->next, i++) {
        const char *word = nas_option_word(options, o), *own = word;
        *named = *named || word;
        if (!word) own = word = nas_arena_format(a, NULL, "%d", (int)i);
        bool taken = word && is_used(labels, i, word);
        for (int32_t tag = 2; own && taken; tag++) {
            own = nas_arena_format(a, NULL, "%s_%d", word, (int)tag);
            taken = own && (is_used(labels, i, own) || is_word(options, own));
        }
        if (!own) return NULL;
        labels[i] = own;
    }
    return labels;
}

cJSON *nas_options_as_lists(nas_arena *a, const cJSON *v, const char *key) {
    cJSON *copy = nas_json_copy(a, v, key);
    if (!copy || !v->child) return copy;
    const cJSON *options = cJSON_IsObject(v) ? nas_choice_options(v) : NULL;
    copy->child = NULL;
    for (const cJSON *c = v->child; c; c = c->next) {
        cJSON *below = nas_options_as_lists(a, c, c->string);
        if (!below) return NULL;
        if (c == options && cJSON_IsObject(c)) {
            below->type = cJSON_Array;
            for (cJSON *o = below->child; o; o = o->next) o->string = NULL;
        }
        nas_json_append(copy, below);
    }
    return copy;
}
