/* search/space/forbid_words.c - words in `forbid` that no point has where they are asked for. */
#include "search/space/space_int.h"

#include "base/text/word.h"

#include <string.h>

enum { WORDS_MOST = 256 };

/* What stands at a path, as words. */
typedef struct words {
    const char *v[WORDS_MOST + 1]; /* NULL at the end */
    int32_t n;
    bool any; /* there are more than can be listed, or any text may stand there */
} words;

static void add(words *w, const char *word) {
    if (nas_word_in(word, w->v)) return;
    if (w->n == WORDS_MOST)
        w->any = true;
    else
        w->v[w->n++] = word;
}

static void add_key(words *w, const nas_key *k) {
    for (int i = 0; k && k->words && k->words[i]; i++) add(w, k->words[i]);
}

/* A choice may stand in a choice; what another path has is not followed. */
static void add_value(words *w, const cJSON *v) {
    if (cJSON_IsString(v)) add(w, v->valuestring);
    if (!nas_is_form(v)) return;
    const cJSON *options = nas_choice_options(v);
    w->any = w->any || nas_json_get(v, "same_as");
    for (const cJSON *o = nas_are_options(options) ? options->child : NULL; o; o = o->next)
        add_value(w, o);
}

static void note_value(void *ctx, const nas_found *f) {
    add_value(ctx, f->v);
}

/* Words that the key of a layer takes. */
typedef struct of_layer {
    const char *key;
    words *out;
} of_layer;

static void note_layer(void *ctx, const nas_found *f) {
    const of_layer *l = ctx;
    const cJSON *op = nas_json_get(f->v, "op");
    const struct nas_layer_ops *row = cJSON_IsString(op) ? nas_layer_find(op->valuestring) : NULL;
    for (const nas_key *k = row ? nas_layer_keys(row) : NULL; k && k->name; k++)
        if (strcmp(k->name, l->key) == 0) add_key(l->out, k);
}

/* Labels of options, values, and words that the key would take: a rule may speak of what --set
 * brings. */
static void find_words(const nas_space *s, const char *path, words *out) {
    const nas_block *b = &nas_block_top;
    const char *rest = path, *last = strrchr(path, '.');
    char key[64];
    int32_t index;
    for (int32_t i = 0; i < s->n_params; i++)
        for (int32_t k = 0; strcmp(s->params[i].path, path) == 0 && k < s->places[i].n; k++) {
            const nas_node *node = s->places[i].nodes[k];
            for (int32_t o = 0; node->labels && o < node->n; o++) add(out, node->labels[o]);
        }
    (void)nas_find_path(s->arena, s->kept, path, note_value, out);
    while (b && (rest = nas_path_step(rest, key, &index)) && index < 0 && *rest)
        b = nas_block_below(b, key);
    if (b && rest && !*rest) {
        const nas_block *own = nas_block_below(b, key);
        add_key(out, nas_block_find(b, key));
        if (own) add_key(out, nas_block_find(own, "kind")); /* the word for all of it */
    }
    of_layer l = {.key = last ? last + 1 : path, .out = out};
    const char *layer =
        last ? nas_arena_format(s->arena, NULL, "%.*s", (int)(last - path), path) : NULL;
    if (layer) (void)nas_find_path(s->arena, s->kept, layer, note_layer, &l);
}

typedef struct asked {
    const nas_space *s;
    nas_problems *p;
    const cJSON *at;
    const char *where;
} asked;

static void check_word(void *ctx, const char *path, const char *word, int32_t character) {
    const asked *c = ctx;
    words w = {.n = 0};
    find_words(c->s, path, &w);
    if (w.any || nas_word_in(word, w.v)) return;
    nas_text list = {.arena = c->s->arena};
    for (int32_t i = 0; i < w.n; i++) {
        nas_text_put(&list, i ? ", " : "");
        nas_text_put(&list, w.v[i]);
    }
    const char *near = nas_nearest(word, w.v);
    nas_problem(c->p, c->s->json, c->at, false, c->where,
                "character %d: %.100s is never '%.60s'; %s%.300s%s%s%s", character, path, word,
                w.n ? "expected one of " : "no word can stand there", w.n ? list.p : "",
                near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

void nas_space_check_words(const nas_space *s, nas_problems *p) {
    const cJSON *list = nas_json_get(nas_json_root(s->json), "forbid");
    int32_t i = 0;
    for (const cJSON *v = list ? list->child : NULL; s->strict && v; v = v->next, i++) {
        asked a = {.s = s, .p = p, .at = v, .where = nas_path_item(s->arena, "forbid", i)};
        nas_condition_words(s->forbid[i], check_word, &a);
    }
}
