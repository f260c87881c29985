/* tests/fuzz/fuzz_tflite.c - libFuzzer target: any bytes as a .tflite file. What is read must be
 * counted, planned, inspected, run and written as C within bounds; written and read again it must
 * give the same outputs. */
#include "core/deploy/tflite/inspect.h"
#include "tests/fuzz/mutate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_MACS = 1 << 18,
    MOST_RAM = 1 << 17,  /* what a graph may ask for, to be run here */
    MOST_TENSORS = 200,  /* the writer compares each with all others */
    READ_SHARE = 256,    /* bytes of memory that reading may take for one of the file */
    READ_LEAST = 1 << 21 /* and whatever its length */
};

static void demand(bool holds, const char *what, const nas_err *err) {
    if (holds) return;
    fprintf(stderr, "fuzz: %s: %s\n", what, err->text);
    abort();
}

/* Raw outputs for an input of zeros and one of ones, or NULL if the graph is refused. */
static uint8_t *outputs(const nas_graph *g, nas_arena *a, size_t *n) {
    nas_interp *it;
    nas_err err = {0};
    if (nas_interp_open(g, &it, &err) != NAS_OK) {
        demand(err.text[0] != '\0', "refused without a word", &err);
        return NULL;
    }
    const size_t in = (size_t)nas_tensor_bytes(&g->tensors[g->input]);
    *n = (size_t)nas_tensor_bytes(&g->tensors[g->output]);
    uint8_t *x = nas_arena_alloc(a, in, &err), *y = nas_arena_alloc(a, 2 * *n, &err);
    demand(x && y, "memory", &err);
    nas_interp_run_raw(it, x, y);
    memset(x, 1, in);
    nas_interp_run_raw(it, x, y + *n);
    *n *= 2;
    nas_interp_close(it);
    return y;
}

static void check_again(const nas_graph *g, const uint8_t *y, size_t n, nas_arena *a) {
    nas_err err = {0};
    nas_graph h = nas_graph_start(a);
    uint8_t *bytes;
    size_t length, m;
    demand(nas_tflite_write(g, a, &bytes, &length, &err) == NAS_OK, "cannot be written", &err);
    demand(nas_tflite_read(bytes, length, &h, &err) == NAS_OK, "cannot be read again", &err);
    const uint8_t *z = outputs(&h, a, &m);
    demand(z && m == n && memcmp(y, z, n) == 0, "not the same outputs", &err);
}

static void use(const uint8_t *bytes, size_t n, const nas_graph *g, nas_arena *a) {
    nas_err err = {0};
    nas_cost cost;
    uint8_t *kinds = nas_arena_alloc(a, n, &err);
    demand(kinds != NULL, "memory", &err);
    (void)nas_tflite_kinds(bytes, n, g, kinds, &err);
    if (nas_graph_cost(g, &cost, &err) != NAS_OK) return;
    if (cost.macs > MOST_MACS || cost.ram_bytes > MOST_RAM || g->n_tensors > MOST_TENSORS) return;
    const uint8_t *y = outputs(g, a, &n);
    if (!y) return;
    check_again(g, y, n, a);
    const char *header, *source;
    const nas_status st = nas_c_source(g, a, &header, &source, &err);
    demand(st == NAS_OK || st == NAS_EUNSUPPORTED, "no C source", &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    nas_err err = {0};
    nas_arena *a;
    uint8_t *bytes = malloc(n ? n : 1); /* of exactly n, so that a step outside is seen */
    if (!bytes || nas_arena_open(&a, &err) != NAS_OK) abort();
    memcpy(bytes, data, n);
    nas_graph g = nas_graph_start(a);
    const nas_status st = nas_tflite_read(bytes, n, &g, &err);
    demand(nas_arena_bytes(a) <= READ_SHARE * n + READ_LEAST, "more memory than bytes", &err);
    demand(st == NAS_OK || err.text[0] != '\0', "refused without a word", &err);
    if (st == NAS_OK) use(bytes, n, &g, a);
    nas_arena_close(a);
    free(bytes);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t most, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t most, unsigned seed) {
    return nas_fuzz_mutate(data, n, most, seed);
}
