/* core/nn/train/batch.h - how batches are drawn from examples, and who may draw them otherwise.
 * Thread safety: functions share nothing. */
#ifndef NAS_CORE_NN_TRAIN_BATCH_H
#define NAS_CORE_NN_TRAIN_BATCH_H

#include "core/nn/net/examples.h"

#include <stdbool.h>

/* A batch of an epoch: what it is drawn from, and the places for what is drawn. */
typedef struct nas_batch {
    const nas_examples *from;
    uint64_t seed; /* with replicate, epoch and place: of random numbers */
    uint32_t replicate;
    int32_t epoch;         /* from 0 */
    const uint32_t *order; /* [from->n] of the epoch */
    int32_t first, n;      /* its places in that order */
    float *x;              /* [n][h][w] */
    int32_t *y;            /* [n], left alone where there are values */
    int32_t *others;       /* [n], of a maker that mixes; else NULL */
    float *shares;         /* the same */
    void *room;            /* the maker's; 64-byte aligned */
} nas_batch;

/* Who fills batches in place of nas_batch_gather: with examples that are changed, or mixed. What is
 * drawn is a function of the batch alone, however an epoch is cut. All {0}: nas_batch_gather. */
typedef struct nas_batch_maker {
    const void *ctx;
    bool mixes; /* fills others and shares (nas_mix) too; the examples must have labels */
    /* Bytes of room that are kept from batch to batch. May be NULL: none. */
    size_t (*room_bytes)(const void *ctx, const nas_examples *from);
    /* Called once before the batches of an epoch, and before going on within one; n is 0. May be
     * NULL. */
    void (*begin)(const void *ctx, const nas_batch *b);
    void (*fill)(const void *ctx, const nas_batch *b);
} nas_batch_maker;

/* The order of all n examples in an epoch, into order [n]. */
void nas_batch_order(uint64_t seed, uint32_t replicate, int32_t epoch, int32_t n, uint32_t *order);

/* Copies the examples to x, and their labels to y. */
void nas_batch_gather(const nas_batch *b);

/* Copies the values of examples that have some to values [n][outputs]. */
void nas_batch_values(const nas_batch *b, float *values);

/* Asks for the example that comes some places after the batch's i-th: they lie anywhere. */
void nas_batch_prefetch(const nas_batch *b, int32_t i);

#endif
