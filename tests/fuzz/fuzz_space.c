/* tests/fuzz/fuzz_space.c - libFuzzer target: any bytes as a space file. Of a space that is taken,
 * points are drawn, written out, read again and decoded: a document has the hash of its point. */
#include "search/candidate/candidate_int.h"
#include "search/space/space.h"
#include "search/task/task.h"
#include "tests/fuzz/fuzz.h"

enum { DRAWN = 3, CLASSES = 5, MOST = 1 << 14 };

static void use_point(const nas_space *s, const nas_point *p) {
    nas_arena *a;
    nas_err err = {0};
    const char *json;
    nas_json *j = NULL;
    nas_candidate c;
    nas_hash hash;
    bool forbidden;
    fuzz_demand(nas_space_forbidden(s, p, &forbidden, &err) == NAS_OK, "forbidden?", &err);
    if (forbidden) return;
    if (nas_arena_open(&a, &err) != NAS_OK) abort();
    fuzz_demand(nas_space_point_hash(s, p, &hash, &err) == NAS_OK, "no hash", &err);
    fuzz_demand(nas_space_document(s, a, p, &json, &err) == NAS_OK, "no document", &err);
    fuzz_demand(nas_json_parse(a, "point", json, &j, &err) == NAS_OK, "its document", &err);
    const int32_t own = nas_space_task(s)->ops->outputs(nas_space_task(s));
    if (fuzz_taken(nas_candidate_decode(a, j, nas_json_root(j), own ? own : CLASSES, &c, &err),
                   &err))
        fuzz_demand(nas_hash_equal(&c.hash, &hash), "another hash", NULL);
    nas_json_close(j);
    nas_arena_close(a);
}

static void use(const nas_space *s) {
    const int32_t n = nas_space_params(s);
    double *values = calloc((size_t)n + 1, sizeof *values);
    nas_value *columns = calloc((size_t)n + 1, sizeof *columns);
    nas_point p = {.values = values};
    if (!values || !columns) abort();
    const int64_t points = nas_space_points(s);
    for (int64_t i = 0; i < DRAWN; i++) {
        nas_space_random(s, 1, i, 0, &p);
        nas_space_values(s, &p, columns);
        use_point(s, &p);
        if (points <= 0) continue;
        nas_space_grid(s, i * (points - 1) / DRAWN % points, &p);
        use_point(s, &p);
    }
    for (int32_t i = 0; i < nas_space_try_first(s) && i < DRAWN; i++) {
        if (nas_space_try(s, 1, i, &p, NULL) != NAS_OK) abort();
        use_point(s, &p);
    }
    free(values);
    free(columns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    nas_err err = {0};
    nas_space *s;
    char *text = malloc(n + 1);
    if (!text || n > MOST) {
        free(text);
        return 0;
    }
    memcpy(text, data, n);
    text[n] = '\0';
    if (fuzz_taken(nas_space_parse("f", text, &s, &err), &err)) {
        use(s);
        nas_space_close(s);
    }
    free(text);
    return 0;
}
