/* core/deploy/segments.h - where the byte frequencies of a file change. */
#ifndef NAS_CORE_DEPLOY_SEGMENTS_H
#define NAS_CORE_DEPLOY_SEGMENTS_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

enum { NAS_SEGMENTS = 64 };

typedef struct nas_segments {
    int32_t n;
    size_t end[NAS_SEGMENTS]; /* rising; the last is the file's length */
} nas_segments;

/* What is known of a file before it is cut; it lives in the arena, and borrows bytes. n > 0. */
typedef struct nas_segmenter nas_segmenter;
nas_segmenter *nas_segmenter_open(const uint8_t *bytes, size_t n, nas_arena *a, nas_err *err);

/* Cuts the bytes so that the sum of the segments' entropies (order 0, in bits), of 4 bits for each
 * value that occurs in a segment (a Huffman table) and of `penalty` bits for each segment is small.
 * In integers: the same cuts everywhere. */
void nas_segmenter_cut(const nas_segmenter *s, int32_t penalty, nas_segments *out);

#endif
