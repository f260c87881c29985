/* tests/run_study.h - a study run by worker processes, and what stands in its database then. */
#ifndef NAS_TESTS_RUN_STUDY_H
#define NAS_TESTS_RUN_STUDY_H

#include "search/run/run.h"
#include "tests/clips_place.h"
#include "tests/fixture.h"

#include <sys/mman.h>

/* Memory that all processes of a test share; 0 at first. */
enum { COMMON_BYTES = 4096 };
static void *common_memory;

/* Setup and teardown: the memory, an arena, a folder. */
static inline int begin_study(void **state) {
    common_memory =
        mmap(NULL, COMMON_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return common_memory == MAP_FAILED || setup(state) != 0 ? -1 : make_root(state);
}

static inline int end_study(void **state) {
    (void)munmap(common_memory, COMMON_BYTES);
    return teardown(state) != 0 ? -1 : drop_root(state);
}

typedef struct study {
    char db[320];
    nas_space *space;
    nas_run_options o;
    nas_run_view view;
    nas_run_end end;
    nas_store *store;
    nas_err err;
} study;

#define OK(expr)                                           \
    do {                                                   \
        if ((expr) != NAS_OK) fail_msg("%s", s->err.text); \
    } while (0)

/* The study of a space file by n workers, in root; its store is open afterwards. */
static inline void run_study(study *s, const char *text, int32_t n) {
    snprintf(s->db, sizeof s->db, "%s/w%d.db", root, (int)n);
    OK(nas_space_parse("f", text, &s->space, &s->err));
    s->o.space = s->space;
    s->o.db = s->db;
    s->o.trials = -1;
    s->o.workers = n;
    OK(nas_run(&s->o, &s->view, &s->end, &s->err));
    OK(nas_store_open(s->db, NAS_STORE_READ, &s->store, &s->err));
}

static inline void close_study(study *s) {
    nas_store_close(s->store);
    nas_space_close(s->space);
}

static inline bool note_line(void *ctx, const nas_row *row) {
    char **at = ctx;
    for (int i = 0; i < row->n; i++) {
        const nas_value *v = &row->values[i];
        if (v->is_null)
            *at += sprintf(*at, "- ");
        else if (v->type == NAS_COLUMN_TEXT)
            *at += sprintf(*at, "%s ", v->text);
        else
            *at += sprintf(*at, "%.17g ", nas_value_real(v));
    }
    *at += sprintf(*at, "\n");
    return true;
}

/* All rows as text. */
static inline void ask(study *s, const char *sql, char *out) {
    *out = 0;
    OK(nas_store_query(s->store, sql, NULL, 0, note_line, &out, &s->err));
}

static inline int64_t integer(study *s, const char *sql) {
    int64_t n = -1;
    OK(nas_store_query_integer(s->store, sql, NULL, 0, &n, &s->err));
    return n;
}

/* 40 trials of 10 ms on a grid of 289 points. */
static const char *const formula =
    "{\"name\": \"t\", \"task\": {\"kind\": \"test_function\", \"function\": \"sphere\", "
    "\"seconds\": 0.01},\n\"point\": {\"x1\": {\"range\": [-2, 2], \"step\": 0.25}, "
    "\"x2\": {\"range\": [-2, 2], \"step\": 0.25}},\n\"objective\": {\"minimize\": \"value\"},\n"
    "\"search\": {\"sampler\": \"random\", \"trials\": 40, \"seed\": 3}}\n";

#endif
