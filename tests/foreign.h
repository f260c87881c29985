/* tests/foreign.h - files with inputs and outputs: tests/golden/foreign.bin (make_foreign.py) and
 * ops.bin (make_ops.py). */
#ifndef NAS_TESTS_FOREIGN_H
#define NAS_TESTS_FOREIGN_H

#include "base/arena.h"
#include "base/files/file.h"

#include <string.h>

/* A file; inputs and outputs, of none where the file is one that is refused. */
typedef struct sample {
    char name[25];
    const uint8_t *file, *in, *out;
    int32_t file_n, in_n, out_n;
} sample;

enum { MOST_SAMPLES = 64 };

static inline const uint8_t *take_padded(const uint8_t **at, int32_t n) {
    const uint8_t *p = *at;
    *at += (n + 15) / 16 * 16;
    return p;
}

/* All of them, in arena a; their number, or -1 with *err. */
static inline int32_t read_samples_of(nas_arena *a, const char *path, sample out[MOST_SAMPLES],
                                      nas_err *err) {
    uint8_t *bytes;
    size_t n;
    int32_t count;
    if (nas_file_read(a, path, 1 << 24, &bytes, &n, err) != NAS_OK) return -1;
    const uint8_t *at = bytes;
    memcpy(&count, take_padded(&at, 16), sizeof count);
    for (int32_t i = 0; i < count && i < MOST_SAMPLES; i++) {
        int32_t lengths[3];
        const uint8_t *head = take_padded(&at, 24 + sizeof lengths);
        out[i].name[24] = '\0';
        memcpy(out[i].name, head, 24);
        memcpy(lengths, head + 24, sizeof lengths);
        out[i].file = take_padded(&at, out[i].file_n = lengths[0]);
        out[i].in = take_padded(&at, out[i].in_n = lengths[1]);
        out[i].out = take_padded(&at, out[i].out_n = lengths[2]);
    }
    return count;
}

static inline int32_t read_samples(nas_arena *a, sample out[MOST_SAMPLES], nas_err *err) {
    return read_samples_of(a, "tests/golden/foreign.bin", out, err);
}

#endif
