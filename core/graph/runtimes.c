/* core/graph/runtimes.c - which runtimes take a graph. tflite-micro looks at no version; what it
 * refuses was seen with its wheels of 2023-10 and 2026-10, the dates between are those of its
 * commits. */
#include "core/graph/runtimes.h"

#include "core/graph/op_row.h"

#include <inttypes.h>
#include <stdio.h>

enum { UNKNOWN = INT16_MAX }; /* a release that is newer than the table */

/* What tflite-micro and Vela do with a form, whichever the operator. */
static const struct {
    const char *what;
    const char *micro; /* NULL: all that were tried; "": none; else the first day */
    bool refused;      /* said when the file is opened; else results are wrong */
    bool npu;
} forms[] = {
    [NAS_FORM_FLOAT] = {"float32", NULL, false, false},
    [NAS_FORM_INT8] = {"int8", NULL, false, true},
    /* Before 2024-05-29 it was taken, with wrong results. */
    [NAS_FORM_BY_CHANNEL] = {"a scale for each output", "2024-09-27", true, true},
    [NAS_FORM_RESCALED] = {"to another scale (wrong results)", "", false, true},
    [NAS_FORM_HYBRID] = {"int8 kernels with float inputs", "", true, false},
    [NAS_FORM_HALF] = {"float16 constants", "", true, false},
};

static int32_t version_in_file(const nas_graph *g, const nas_op *o) {
    return o->version ? o->version : nas_op_version(g, o);
}

/* The lowest version that is not below the file's: a release that knows that one knows those
 * before. NULL: a version that is newer than the table. */
static const nas_op_release *find_release(const nas_graph *g, const nas_op *o) {
    const nas_form f = nas_form_of(g, o);
    const int32_t version = version_in_file(g, o);
    const nas_op_release *r = nas_op_row_of(o->kind)->releases;
    for (size_t i = 0; i < NAS_OP_RELEASES && r[i].version; i++)
        if (r[i].form == f && r[i].version >= version) return &r[i];
    return NULL;
}

const char *nas_micro_refuses(const nas_graph *g, const nas_op *o) {
    const nas_form f = nas_form_of(g, o);
    return forms[f].micro && !*forms[f].micro && forms[f].refused ? forms[f].what : NULL;
}

/* --- a graph ---------------------------------------------------------------------------------- */

static nas_runs taken(const char *runtime) {
    return (nas_runs){.runtime = runtime, .all = true, .verdict = "yes"};
}

/* "operator 3 is FULLY_CONNECTED version 12, int8 kernels with float inputs" */
static void blame(const nas_graph *g, int32_t i, nas_runs *r) {
    const nas_op *o = &g->ops[i];
    r->all = false;
    snprintf(r->why, sizeof r->why, "operator %" PRId32 " is %s version %" PRId32 ", %s", i,
             nas_op_name(o->kind), version_in_file(g, o), forms[nas_form_of(g, o)].what);
}

/* The newest release that an operator asks for, if it is above `tried`: all from there on were. */
static nas_runs by_release(const nas_graph *g, const char *runtime, bool reference, int32_t tried) {
    nas_runs r = taken(runtime);
    int32_t newest = tried;
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op_release *found = find_release(g, &g->ops[i]);
        const int32_t since = !found ? UNKNOWN : reference ? found->reference : found->tensorflow;
        if (since <= newest) continue;
        newest = since;
        blame(g, i, &r);
    }
    if (newest == UNKNOWN)
        snprintf(r.verdict, sizeof r.verdict, "not known");
    else if (!r.all)
        snprintf(r.verdict, sizeof r.verdict, "since %" PRId32 ".%" PRId32, newest / 100,
                 newest % 100);
    return r;
}

static nas_runs by_micro(const nas_graph *g) {
    nas_runs r = taken("TensorFlow Lite for Microcontrollers");
    for (int32_t i = 0; i < g->n_ops; i++) {
        const char *since = forms[nas_form_of(g, &g->ops[i])].micro;
        if (!since || (!r.all && *since)) continue;
        blame(g, i, &r);
        snprintf(r.verdict, sizeof r.verdict, "%s%s", *since ? "since " : "no", since);
        if (!*since) return r;
    }
    return r;
}

static nas_runs by_vela(const nas_graph *g) {
    nas_runs r = taken("Vela 5.2 (Arm Ethos-U)");
    int32_t n = 0;
    for (int32_t i = 0; i < g->n_ops; i++) n += forms[nas_form_of(g, &g->ops[i])].npu;
    if (n == g->n_ops) return r;
    r.all = false;
    snprintf(r.verdict, sizeof r.verdict, n ? "in part" : "to no use");
    snprintf(r.why, sizeof r.why,
             "%" PRId32 " of %" PRId32 " operators are int8; the others stay on the CPU", n,
             g->n_ops);
    return r;
}

void nas_runs_in(const nas_graph *g, nas_runs out[NAS_RUNTIMES]) {
    out[0] = by_release(g, "LiteRT 1.0 and later", true, UNKNOWN - 1);
    out[1] = by_release(g, "its reference kernels", true, NAS_RELEASE(1, 0));
    out[2] = by_release(g, "TensorFlow, tflite-runtime", false, NAS_RELEASE(2, 4));
    out[3] = by_micro(g);
    out[4] = by_vela(g);
    out[5] = taken("model.c, C99");
}
