/* core/nn/net/examples.h - what a net learns from: examples in memory.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_NN_NET_EXAMPLES_H
#define NAS_CORE_NN_NET_EXAMPLES_H

#include <stddef.h>
#include <stdint.h>

/* A view; nothing is owned. x is dense [n][h][w] float32 (h frames, w coefficients, one channel);
 * or, where `first` is given, x is a series of rows of w, and example i the h of them from row
 * first[i] on. What is to be learnt is a label, or (y NULL) `outputs` values that lie together from
 * values + first[i] * values_row on (without `first`: i in its place). */
typedef struct nas_examples {
    const float *x;
    const int32_t *y; /* labels */
    int32_t n, h, w;
    const int32_t *first;
    const float *values;
    int32_t outputs, values_row;
} nas_examples;

static inline const float *nas_example_x(const nas_examples *e, int32_t i) {
    const size_t row = e->first ? (size_t)e->first[i] : (size_t)i * (size_t)e->h;
    return e->x + row * (size_t)e->w;
}
static inline const float *nas_example_values(const nas_examples *e, int32_t i) {
    return e->values + (size_t)(e->first ? e->first[i] : i) * (size_t)e->values_row;
}

/* Of a batch whose examples are mixed in pairs: the label of each example's partner, and its own
 * share, 1/2 or more. */
typedef struct nas_mix {
    const int32_t *others;
    const float *shares;
} nas_mix;

#endif
