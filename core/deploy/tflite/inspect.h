/* core/deploy/tflite/inspect.h - where the bytes of a .tflite file and of its zlib stream go.
 * Thread safety: no shared state. */
#ifndef NAS_CORE_DEPLOY_TFLITE_INSPECT_H
#define NAS_CORE_DEPLOY_TFLITE_INSPECT_H

#include "core/deploy/deploy.h"

typedef enum nas_byte_kind {
    NAS_BYTES_TABLES = 0, /* tables, lists, shapes, padding: all that is nothing else */
    NAS_BYTES_KERNELS,
    NAS_BYTES_BIASES,
    NAS_BYTES_CONSTANTS, /* other operands */
    NAS_BYTES_SCALES,
    NAS_BYTES_ZERO_POINTS,
    NAS_BYTES_RANGES, /* the minima and maxima that a converter saw */
    NAS_BYTES_NAMES,
    NAS_BYTES_METADATA, /* description, metadata, signatures */
    NAS_BYTE_KINDS
} nas_byte_kind;

extern const char *const nas_byte_kind_names[NAS_BYTE_KINDS];

/* What each byte is (a nas_byte_kind) into kinds[n]. Bytes that several share count as what the
 * first of the list above's tensors makes of them. bytes: a file that nas_tflite_read took as g.
 * Errors: NAS_EFORMAT what that did not look at (metadata, signatures) is damaged; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_tflite_kinds(const uint8_t *bytes, size_t n, const nas_graph *g,
                                          uint8_t *kinds, nas_err *err);

/* Bits of a zlib stream that each of the n bytes it holds cost, into bits[n]: those of a match
 * stand at its first byte, and a block's tables at the block's. Errors: NAS_EFORMAT it is no zlib
 * stream of n bytes; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_zlib_bits(const uint8_t *stream, size_t stream_n, size_t n,
                                       uint32_t *bits, nas_err *err);

#endif
