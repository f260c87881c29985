/* search/candidate/problem.c - problems of a document, and where they are. */
#include "search/candidate/candidate_int.h"

#include <stdio.h>
#include <string.h>

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

void nas_words_join(const char *const *words, char *out, size_t room) {
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
        nas_words_join(known, list, sizeof list);
        nas_check_problem(c, path, v, true, "unknown key; expected %s", list);
    }
}
