/* core/data/table/words.c - a table of texts with open addresses. */
#include "core/data/table/words.h"

#include <string.h>

static nas_cell trimmed(nas_cell c) {
    c.n = (int32_t)strnlen(c.p, (size_t)c.n); /* what a text of C cannot hold ends it */
    while (c.n && (*c.p == ' ' || *c.p == '\t')) c.p++, c.n--;
    while (c.n && (c.p[c.n - 1] == ' ' || c.p[c.n - 1] == '\t')) c.n--;
    return c;
}

/* FNV-1a, 32 bits. */
static uint32_t hash_of(const char *p, size_t n) {
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++) h = (h ^ (uint8_t)p[i]) * 16777619u;
    return h;
}

static int32_t find_slot(const nas_words *w, const char *p, size_t n) {
    const uint32_t mask = (uint32_t)w->room - 1;
    uint32_t at = hash_of(p, n) & mask;
    for (; w->slot[at]; at = (at + 1) & mask) {
        const char *word = w->word[w->slot[at] - 1];
        if (strncmp(word, p, n) == 0 && !word[n]) break;
    }
    return (int32_t)at;
}

/* Twice the slots; a quarter of them at most is taken. */
static nas_status grow(nas_words *w, nas_err *err) {
    const nas_words old = *w;
    w->room = old.room ? 2 * old.room : 64;
    w->slot = nas_arena_array(w->arena, (size_t)w->room, sizeof *w->slot, err);
    w->word = nas_arena_array(w->arena, (size_t)w->room / 4 + 1, sizeof *w->word, err);
    if (!w->slot || !w->word) return NAS_ENOMEM;
    for (int32_t i = 0; i < old.n; i++) {
        w->word[i] = old.word[i];
        w->slot[find_slot(w, old.word[i], strlen(old.word[i]))] = i + 1;
    }
    return NAS_OK;
}

nas_status nas_words_number(nas_words *w, nas_arena *a, nas_cell cell, int32_t *out, nas_err *err) {
    if (!w->arena) w->arena = a;
    if (w->n >= w->room / 4) NAS_TRY(grow(w, err));
    const nas_cell c = trimmed(cell);
    const int32_t at = find_slot(w, c.p, (size_t)c.n);
    *out = w->slot[at] - 1;
    if (*out >= 0) return NAS_OK;
    *out = w->n;
    w->word[w->n] = nas_arena_format(w->arena, err, "%.*s", (int)c.n, c.p);
    if (!w->word[w->n]) return NAS_ENOMEM;
    w->slot[at] = ++w->n;
    return NAS_OK;
}
