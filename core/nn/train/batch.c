/* core/nn/train/batch.c - the order of examples, and batches of them as they are. */
#include "core/nn/train/batch.h"

#include "base/copy.h"
#include "base/rng.h"

void nas_batch_order(uint64_t seed, uint32_t replicate, int32_t epoch, int32_t n, uint32_t *order) {
    nas_rng rng = nas_rng_stream(seed, replicate, NAS_PURPOSE_SHUFFLE, (uint32_t)epoch, 0, 0);
    for (int32_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    nas_rng_shuffle(&rng, order, (uint32_t)n);
}

enum { AHEAD = 8 };

void nas_batch_prefetch(const nas_batch *b, int32_t i) {
    if (i + AHEAD >= b->n) return;
    const int32_t next = (int32_t)b->order[b->first + i + AHEAD];
    __builtin_prefetch(nas_example_x(b->from, next));
    if (!b->from->y) __builtin_prefetch(nas_example_values(b->from, next));
}

void nas_batch_gather(const nas_batch *b) {
    const nas_examples *e = b->from;
    const size_t size = (size_t)e->h * (size_t)e->w;
    for (int32_t i = 0; i < b->n; i++) {
        const int32_t from = (int32_t)b->order[b->first + i];
        nas_batch_prefetch(b, i);
        nas_copy_floats(b->x + (size_t)i * size, nas_example_x(e, from), size);
        if (e->y) b->y[i] = e->y[from];
    }
}

void nas_batch_values(const nas_batch *b, float *values) {
    const nas_examples *e = b->from;
    const size_t size = (size_t)e->outputs;
    for (int32_t i = 0; i < b->n; i++)
        nas_copy_floats(values + (size_t)i * size,
                        nas_example_values(e, (int32_t)b->order[b->first + i]), size);
}
