/* core/kernel/infer.c - the rows of infer.h, and which of them this processor runs. */
#include "core/kernel/infer.h"

#include <stdlib.h>
#include <string.h>
#ifdef __x86_64__
#include <cpuid.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

/* Best last. */
static const nas_infer *const rows[] = {
    &nas_infer_reference, &nas_infer_generic,
#ifdef __x86_64__
    &nas_infer_avx2,      &nas_infer_avx512,  &nas_infer_avx512vnni, &nas_infer_avx512amx,
#endif
};

#ifdef __x86_64__
static int has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static int has_vnni(void) {
    return has_avx512() && __builtin_cpu_supports("avx512vnni");
}

/* Linux saves tiles only for processes that have asked for it (Documentation/arch/x86/xstate.rst).
 */
static int has_tiles(void) {
#ifdef __linux__
    enum { REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18, TILE = 1 << 24, INT8 = 1 << 25 };
    unsigned a, b, c, d = 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & TILE) || !(d & INT8)) return 0;
    return syscall(SYS_arch_prctl, REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
    return 0;
#endif
}
#endif

static int runs_here(const nas_infer *row) {
#ifdef __x86_64__
    if (row == &nas_infer_avx2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (row == &nas_infer_avx512) return has_avx512();
    if (row == &nas_infer_avx512vnni) return has_vnni();
    if (row == &nas_infer_avx512amx) return has_vnni() && has_tiles();
#endif
    return row != NULL;
}

const nas_infer *nas_infer_find(const char *name) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i]->name, name) == 0) return runs_here(rows[i]) ? rows[i] : NULL;
    return NULL;
}

const nas_infer *nas_infer_choose(void) {
    const char *name = getenv("NAS_KERNEL");
    const nas_infer *row = name ? nas_infer_find(name) : NULL;
    for (size_t i = sizeof rows / sizeof *rows; !row && i > 0; i--)
        if (runs_here(rows[i - 1])) row = rows[i - 1];
    return row;
}
