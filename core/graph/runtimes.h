/* core/graph/runtimes.h - which runtimes take an operator, and since when.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_GRAPH_RUNTIMES_H
#define NAS_CORE_GRAPH_RUNTIMES_H

#include "core/graph/graph.h"

/* The lowest version of an operator that means what *o asks for (tools/versioning/op_version.cc of
 * TensorFlow Lite). */
int32_t nas_op_version(const nas_graph *g, const nas_op *o);

enum { NAS_RUNTIMES = 6, NAS_RUNS_TEXT = 112 };

/* A runtime and what it does with a graph. */
typedef struct nas_runs {
    const char *runtime;
    bool all;                /* every release that was tried takes it */
    char verdict[32];        /* "yes", "since 2.17", "no", "in part" */
    char why[NAS_RUNS_TEXT]; /* "" where the verdict is "yes" */
} nas_runs;

/* Of a graph in its number format. The versions are those of the file that it was read from, else
 * those that the writer gives. */
void nas_runs_in(const nas_graph *g, nas_runs out[NAS_RUNTIMES]);

#endif
