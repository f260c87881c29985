/* tests/store/conformance.h - what every backend of the store promises, store.h and read.h by the
 * sentence. A test of a backend is one call. */
#ifndef NAS_TESTS_STORE_CONFORMANCE_H
#define NAS_TESTS_STORE_CONFORMANCE_H

#include "store/store.h"

typedef struct nas_conformance {
    const char *name;
    /* Makes an empty place for databases and gives its name to `where` (room bytes). */
    bool (*make)(char *where, size_t room);
    nas_status (*open)(const char *where, nas_store_mode mode, nas_store **out, nas_err *err);
    void (*remove)(const char *where);
    /* Where a copy of the database may be made (room bytes); NULL: nas_store_copy makes none. */
    void (*beside)(const char *where, char *to, size_t room);
} nas_conformance;

/* Runs all tests, with a database of its own for each; the exit status of a test program. */
int nas_conformance_run(const nas_conformance *backend);

#endif
