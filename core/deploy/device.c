/* core/deploy/device.c - what goes in and comes out of a file, what it needs, where it runs. */
#include "core/deploy/device.h"

#include "base/text/c_text.h"
#include "core/graph/runtimes.h"

#include <inttypes.h>

static void print_port(FILE *f, const char *what, const nas_tensor *t) {
    const char *type = t->dtype == NAS_I8 ? "int8" : "float32";
    fprintf(f, "| %s | ", what);
    for (int32_t i = 0; i < t->rank; i++) fprintf(f, "%s%" PRId32, i ? " x " : "", t->dims[i]);
    fprintf(f, ", %s", type);
    if (t->n_scale)
        fprintf(f, ", value = %.9g * (code - %" PRId32 ")", (double)t->scale[0], *t->zero_point);
    fprintf(f, " |\n");
}

/* Each kind once, in the order in which they run: what a resolver has to know. */
static void print_operators(FILE *f, const nas_graph *g) {
    const char *comma = "";
    fprintf(f, "| operators | ");
    for (int32_t i = 0; i < g->n_ops; i++) {
        int32_t k = 0;
        while (g->ops[k].kind != g->ops[i].kind) k++;
        if (k < i) continue;
        fprintf(f, "%s%s", comma, nas_op_name(g->ops[i].kind));
        comma = ", ";
    }
    fprintf(f, " |\n");
}

static void print_runtimes(FILE *f, const nas_graph *g) {
    nas_runs runs[NAS_RUNTIMES];
    nas_runs_in(g, runs);
    fprintf(f, "\n| runs in | | why |\n|---|---|---|\n");
    for (int32_t i = 0; i < NAS_RUNTIMES; i++)
        fprintf(f, "| %s | %s | %s |\n", runs[i].runtime, runs[i].verdict, runs[i].why);
}

nas_status nas_device_text(const nas_graph *g, nas_arena *a, const char **out, nas_err *err) {
    nas_cost cost;
    nas_stream s = {0};
    *out = NULL;
    NAS_TRY(nas_graph_cost(g, &cost, err));
    NAS_TRY(nas_stream_open(&s, err));
    fprintf(s.to, "# model.tflite on a device\n\n| | |\n|---|---|\n");
    print_port(s.to, "input", &g->tensors[g->input]);
    print_port(s.to, "output", &g->tensors[g->output]);
    print_operators(s.to, g);
    fprintf(s.to, "| RAM | %" PRId64 " bytes of activations |\n", cost.ram_bytes);
    if (cost.arena_bytes >= 0)
        fprintf(s.to, "| arena | %" PRId64 " bytes, the head of tflite-micro's |\n",
                cost.arena_bytes);
    print_runtimes(s.to, g);
    fprintf(s.to, "\n`nas show` prints the same of any file. docs/DEVICE.md of nas says what each "
                  "file here\nis for and which releases were tried.\n");
    const nas_status st = nas_stream_take(&s, a, out, err);
    if (st != NAS_OK) nas_stream_drop(&s);
    return st;
}
