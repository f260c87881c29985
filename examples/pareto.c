/* examples/pareto.c - asks a database of `nas run` for the Pareto front of its study.
 *
 *   build/gcc/examples/pareto demo.db
 */
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>

static bool print_row(void *ctx, const nas_row *row) {
    (void)ctx;
    printf("trial %" PRId64 ": accuracy %.4f, %" PRId64 " bytes zipped, %" PRId64 " MACs\n",
           row->values[0].integer, row->values[1].real, row->values[2].integer,
           row->values[3].integer);
    return true;
}

static nas_status print_front(nas_store *store, nas_arena *a, nas_err *err) {
    nas_study study;
    nas_study_id id;
    char sql[256];
    NAS_TRY(nas_store_find(store, NULL, a, &study, &id, err));
    snprintf(sql, sizeof sql,
             "select number, accuracy, zlib_bytes, macs from \"%.100s_pareto\" order by zlib_bytes",
             study.name);
    return nas_store_query(store, sql, NULL, 0, print_row, NULL, err);
}

int main(int argc, char **argv) {
    nas_err err = {0};
    nas_arena *a = NULL;
    nas_store *store = NULL;
    if (argc != 2) {
        fprintf(stderr, "usage: %s DATABASE\n", argv[0]);
        return 2;
    }
    nas_status st = nas_arena_open(&a, &err);
    if (st == NAS_OK) st = nas_store_open(argv[1], NAS_STORE_READ, &store, &err);
    if (st == NAS_OK) st = print_front(store, a, &err);
    nas_store_close(store);
    nas_arena_close(a);
    if (st == NAS_OK) return 0;
    fprintf(stderr, "%s\n", err.text);
    return 1;
}
