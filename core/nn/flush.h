/* core/nn/flush.h - numbers below the smallest normal one become zero while a net trains: they
 * would cost a hundred cycles each, and mean nothing to it. */
#ifndef NAS_CORE_NN_FLUSH_H
#define NAS_CORE_NN_FLUSH_H

#include <stdint.h>

/* Returns what nas_flush_end puts back. */
static inline uint64_t nas_flush_begin(void) {
#if defined __x86_64__
    const uint32_t old = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(old | 0x8040u); /* flush to zero, denormals are zero */
    return old;
#elif defined __aarch64__
    uint64_t old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    __asm__ volatile("msr fpcr, %0" ::"r"(old | UINT64_C(1) << 24));
    return old;
#else
    return 0;
#endif
}

static inline void nas_flush_end(uint64_t old) {
#if defined __x86_64__
    __builtin_ia32_ldmxcsr((uint32_t)old);
#elif defined __aarch64__
    __asm__ volatile("msr fpcr, %0" ::"r"(old));
#else
    (void)old;
#endif
}

#endif
