/* core/kernel/kernel.h - the table of hot loops; one row per build, chosen once at start. */
#ifndef NAS_CORE_KERNEL_KERNEL_H
#define NAS_CORE_KERNEL_KERNEL_H

#include "base/err.h"

typedef struct nas_kernel nas_kernel;

/* The best row that this processor runs, or the one that the environment variable NAS_KERNEL names
 * ("reference", "generic", "avx2", "avx512"). Errors: NAS_EINVAL an unknown row, or one that this
 * processor cannot run (names those it can). */
NAS_NODISCARD nas_status nas_kernel_choose(const nas_kernel **out, nas_err *err);
const nas_kernel *nas_kernel_find(const char *name); /* NULL when unknown or not runnable here */
const char *nas_kernel_name(const nas_kernel *k);

#endif
