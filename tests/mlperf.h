/* tests/mlperf.h - MLPerf Tiny's keyword model, where it is, and the inputs of
 * tests/golden/mlperf_kws.txt, which has LiteRT's outputs. */
#ifndef NAS_TESTS_MLPERF_H
#define NAS_TESTS_MLPERF_H

#include "base/files/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MLPERF_EXAMPLES = 16, MLPERF_INPUT = 490, MLPERF_OUTPUT = 12 };

static inline const char *mlperf_path(void) {
    static char path[1024];
    const char *data = getenv("NAS_TEST_DATA");
    snprintf(path, sizeof path, "%s/models/mlperf_tiny_kws_int8.tflite",
             data ? data : "../shared/data");
    if (nas_path_exists(path)) return path;
    print_message("skipped: %s is absent (set NAS_TEST_DATA)\n", path);
    return NULL;
}

static inline void mlperf_input(int64_t k, int8_t x[MLPERF_INPUT]) {
    for (int64_t i = 0; i < MLPERF_INPUT; i++)
        x[i] = (int8_t)((i / 10 * (3 + k) + i % 10 * (17 * k + 5) + i * i * k / 64) % 256 - 128);
}

#endif
