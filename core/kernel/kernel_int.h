/* core/kernel/kernel_int.h - the rows of the table. */
#ifndef NAS_CORE_KERNEL_KERNEL_INT_H
#define NAS_CORE_KERNEL_KERNEL_INT_H

#include "core/kernel/kernel.h"

extern const nas_kernel nas_kernel_reference, nas_kernel_generic;
#ifdef __x86_64__
extern const nas_kernel nas_kernel_avx2, nas_kernel_avx512;
#endif

#endif
