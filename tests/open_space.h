/* tests/open_space.h - space files of tests/space_texts.h, opened or refused; points of them. */
#ifndef NAS_TESTS_OPEN_SPACE_H
#define NAS_TESTS_OPEN_SPACE_H

#include "search/space/space.h"
#include "tests/fixture.h"
#include "tests/space_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static inline nas_space *open_text(const char *text) {
    nas_space *s = NULL;
    nas_err err = {0};
    if (nas_space_parse("f", text, &s, &err) != NAS_OK) fail_msg("%s\n%s", err.text, text);
    return s;
}

static inline nas_space *open_parts(space_parts p) {
    return open_text(space_text(arena, p));
}

/* The message has to say `what`. */
static inline void refuse(space_parts p, const char *what) {
    nas_space *s = NULL;
    nas_err err = {0};
    const char *text = space_text(arena, p);
    if (nas_space_parse("f", text, &s, &err) == NAS_OK) fail_msg("taken: %s", text);
    if (!strstr(err.text, what)) fail_msg("got: %s\nexpected: %s", err.text, what);
}

/* In the test's arena, all values 0. */
static inline nas_point new_point(const nas_space *s) {
    return (nas_point){
        .values = nas_arena_array(arena, (size_t)nas_space_params(s) + 1, sizeof(double), NULL)};
}

#endif
