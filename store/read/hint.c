/* store/read/hint.c - what a wrong query might have meant: columns of the views that it names. */
#include "store/schema/schema.h"

#include "base/text/word.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS_MOST = 2048, LIST_BYTES = 900 };

/* Does the statement name it, as a whole word? */
static bool names_it(const char *sql, const char *name) {
    const size_t n = strlen(name);
    for (const char *p = sql; *p; p++) {
        if (strncasecmp(p, name, n) != 0) continue;
        const unsigned char before = p == sql ? ' ' : (unsigned char)p[-1];
        const unsigned char after = (unsigned char)p[n];
        if (!isalnum(before) && before != '_' && !isalnum(after) && after != '_') return true;
    }
    return false;
}

typedef struct columns {
    nas_arena *arena;
    const char *names[COLUMNS_MOST + 1];
    int32_t n;
} columns;

static bool add_column(void *ctx, const char *name, const char *type) {
    columns *c = ctx;
    (void)type;
    if (c->n >= COLUMNS_MOST) return false;
    if (nas_word_in(name, c->names)) return true;
    const char *kept = nas_arena_text(c->arena, name, NULL);
    if (kept) c->names[c->n++] = kept;
    return kept != NULL;
}

typedef struct tables {
    nas_store *s;
    const char *sql;
    columns *columns;
} tables;

static bool add_columns(void *ctx, const char *name) {
    const tables *t = ctx;
    return !names_it(t->sql, name) ||
           t->s->backend->schema->list_columns(t->s, name, add_column, t->columns, NULL) == NAS_OK;
}

/* "a, b, c"; what does not fit is counted. */
static void list(const columns *c, char out[LIST_BYTES]) {
    size_t used = 0;
    out[0] = '\0';
    for (int32_t i = 0; i < c->n; i++) {
        const char *name = c->names[i];
        const bool plain = name[strcspn(name, " .[]\"'-")] == '\0';
        const size_t need = strlen(name) + 6;
        if (used + need + 24 > LIST_BYTES) {
            snprintf(out + used, LIST_BYTES - used, " and %d more", c->n - i);
            return;
        }
        const int put = snprintf(out + used, LIST_BYTES - used, plain ? "%s%s" : "%s\"%s\"",
                                 used ? ", " : "", name);
        used += put > 0 ? (size_t)put : 0;
    }
}

const char *nas_sql_hint(nas_store *s, nas_arena *a, const char *sql, const char *missing) {
    columns *c = nas_arena_alloc(a, sizeof *c, NULL);
    if (!c) return NULL;
    *c = (columns){.arena = a};
    tables t = {s, sql, c};
    (void)s->backend->schema->list_tables(s, add_columns, &t, NULL);
    if (c->n == 0) return NULL;
    /* Newer versions of SQLite quote the name, and say more behind it. */
    missing += *missing == '"';
    missing = nas_arena_format(a, NULL, "%.*s", (int)strcspn(missing, "\" "), missing);
    if (!missing) return NULL;
    const char *dot = strrchr(missing, '.');
    const char *near = nas_nearest(missing, c->names);
    if (!near && dot) near = nas_nearest(dot + 1, c->names);
    char all[LIST_BYTES];
    list(c, all);
    if (!near) return nas_arena_format(a, NULL, "there are %s", all);
    return nas_arena_format(a, NULL, "did you mean \"%s\"? there are %s", near, all);
}
