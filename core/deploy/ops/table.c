/* core/deploy/ops/table.c - int8 operators that make of each code another, by a table of all. */
#include "core/deploy/ops/op.h"

enum { CODES = 256, LEAST = -128 };

/* part table_i8 */
/* table: what becomes of the codes -128 ... 127. */
static void table_i8(int32_t n, const int8_t table[256], const int8_t *x, int8_t *y) {
    for (int32_t i = 0; i < n; i++) y[i] = table[x[i] + 128];
}
/* end */

static void run(const nas_step *s) {
    table_i8((int32_t)nas_tensor_count(s->out), s->state, s->x[0], s->y);
}

nas_status nas_table_open(nas_step *s, nas_code_fn *f, nas_arena *a, nas_err *err) {
    int8_t *table = nas_arena_alloc(a, CODES, err);
    if (!table) return NAS_ENOMEM;
    for (int32_t i = 0; i < CODES; i++) table[i] = f(s, i + LEAST);
    s->state = table;
    s->run = run;
    return NAS_OK;
}

void nas_table_emit(nas_emitter *e, nas_code_fn *f) {
    int8_t table[CODES];
    for (int32_t i = 0; i < CODES; i++) table[i] = f(&e->step, i + LEAST);
    nas_emit_begin(e, "table_i8");
    nas_emit_array(e, "int8_t", "table", CODES, table, nas_c_i8);
    fprintf(e->calls, "%lld, table_%d, ", (long long)nas_tensor_count(e->step.out), e->n);
    nas_emit_end(e);
}
