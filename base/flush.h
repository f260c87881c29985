/* base/flush.h - numbers below the smallest normal one become zero while a net trains: they
 * would cost a hundred cycles each, and mean nothing to it.
 * Thread safety: what is set is of the thread that calls. */
#ifndef NAS_BASE_FLUSH_H
#define NAS_BASE_FLUSH_H

#include <stdint.h>

/* What this thread does with them now. */
static inline uint64_t nas_flush_mode(void) {
#if defined __x86_64__
    return __builtin_ia32_stmxcsr();
#elif defined __aarch64__
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
#else
    return 0;
#endif
}

/* Puts a mode back. */
static inline void nas_flush_end(uint64_t old) {
#if defined __x86_64__
    __builtin_ia32_ldmxcsr((uint32_t)old);
#elif defined __aarch64__
    __asm__ volatile("msr fpcr, %0" ::"r"(old));
#else
    (void)old;
#endif
}

/* Returns what nas_flush_end puts back. */
static inline uint64_t nas_flush_begin(void) {
    const uint64_t old = nas_flush_mode();
#if defined __x86_64__
    nas_flush_end(old | 0x8040u); /* flush to zero, denormals are zero */
#elif defined __aarch64__
    nas_flush_end(old | UINT64_C(1) << 24);
#endif
    return old;
}

#endif
