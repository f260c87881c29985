/* tests/fixture.h - an arena for each test: setup and teardown of cmocka. */
#ifndef NAS_TESTS_FIXTURE_H
#define NAS_TESTS_FIXTURE_H

#include "base/arena.h"

static nas_arena *arena;

static int setup(void **state) {
    (void)state;
    return nas_arena_open(&arena, NULL) == NAS_OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    nas_arena_close(arena);
    return 0;
}

#endif
