/* store/sql/handle.h - an open store, for the files of store/. */
#ifndef NAS_STORE_SQL_SQL_HANDLE_H
#define NAS_STORE_SQL_SQL_HANDLE_H

#include "store/sql/sql.h"

#include <sys/types.h>

/* The oldest schema that is read as it is: later ones only add. The versions that keep examples;
 * warnings, the kernel row of a study and the data of each version; finals. */
enum {
    NAS_SCHEMA_READABLE = 4,
    NAS_SCHEMA_EXAMPLES = 5,
    NAS_SCHEMA_WARNINGS = 6,
    NAS_SCHEMA_FINALS = 7,
    NAS_SCHEMA_NOW = 7
};

struct nas_store {
    const nas_backend *backend;
    void *db;   /* the backend's own */
    char *path; /* as the user wrote it */
    nas_store_mode mode;
    int64_t schema; /* of the database, once it is open */
    pid_t pid;      /* who opened it: connections do not survive a fork */
    nas_sync sync;
    nas_wait_fn wait; /* NULL: patience says how long */
    void *wait_ctx;
    double patience;  /* seconds; 0 or less: as a store begins */
    nas_arena *arena; /* layouts */
    struct nas_layout *layouts;
    bool marked; /* the file itself says that a run is at work, as far as this handle wrote it */
    const int64_t *passed; /* rows that claims leave alone */
    int32_t n_passed;
    int64_t only;        /* the one row that claims take; 0: any */
    const int64_t *left; /* rows that are not there for claims */
    int32_t n_left;
};

#endif
