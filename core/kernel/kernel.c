/* core/kernel/kernel.c - the rows, best first, and which of them this processor runs. */
#include "core/kernel/kernel_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool always(void) {
    return true;
}

#ifdef __x86_64__
static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

static const struct {
    const nas_kernel *kernel;
    bool (*runs)(void);
} rows[] = {
#ifdef __x86_64__
    {&nas_kernel_avx512, has_avx512},
    {&nas_kernel_avx2, has_avx2},
#endif
    {&nas_kernel_generic, always},
    {&nas_kernel_reference, always},
};

enum { ROWS = sizeof rows / sizeof *rows };

const nas_kernel *nas_kernel_find(const char *name) {
    for (int i = 0; i < ROWS; i++)
        if (!strcmp(rows[i].kernel->name, name)) return rows[i].runs() ? rows[i].kernel : NULL;
    return NULL;
}

nas_status nas_kernel_named(const char *asked, const char *name, const nas_kernel **out,
                            nas_err *err) {
    char names[64] = "";
    *out = nas_kernel_find(name);
    if (*out) return NAS_OK;
    for (int i = ROWS - 1; i >= 0; i--) {
        if (!rows[i].runs()) continue;
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, " %s", rows[i].kernel->name);
    }
    return nas_fail(err, NAS_EINVAL,
                    "%s%s: no such kernel variant runs here; this processor runs%s", asked, name,
                    names);
}

nas_status nas_kernel_choose(const nas_kernel **out, nas_err *err) {
    const char *wanted = getenv("NAS_KERNEL");
    *out = NULL;
    if (wanted && *wanted) return nas_kernel_named("NAS_KERNEL=", wanted, out, err);
    for (int i = 0; !*out; i++)
        if (rows[i].runs()) *out = rows[i].kernel;
    return NAS_OK;
}

const char *nas_kernel_name(const nas_kernel *k) {
    return k->name;
}
