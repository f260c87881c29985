/* tests/fuzz/fuzz.h - what the targets share. */
#ifndef NAS_TESTS_FUZZ_FUZZ_H
#define NAS_TESTS_FUZZ_FUZZ_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static inline void fuzz_demand(bool holds, const char *what, const nas_err *err) {
    if (holds) return;
    fprintf(stderr, "fuzz: %s: %s\n", what, err ? err->text : "");
    abort();
}

/* A refusal says why. */
static inline bool fuzz_taken(nas_status st, const nas_err *err) {
    fuzz_demand(st == NAS_OK || err->text[0] != '\0', "refused without a word", err);
    return st == NAS_OK;
}

/* The bytes as a file in memory; its path. It is the same file each time. */
static inline const char *fuzz_file(const uint8_t *data, size_t n) {
    static char path[64];
    static int fd = -1;
    if (fd < 0) fd = memfd_create("fuzz", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, n, 0) != (ssize_t)n) abort();
    return path;
}

#endif
