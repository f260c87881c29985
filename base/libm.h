/* base/libm.h - what the functions of the system's mathematical library answer here. Square roots
 * are exact everywhere; of exp, log, pow, sin, cos and the like the last bit depends on the library
 * and on the processor (with fused multiply-adds or without). Front ends, losses and rates of
 * training use them.
 * Thread safety: any thread may call these; what was found is found once a process. */
#ifndef NAS_BASE_LIBM_H
#define NAS_BASE_LIBM_H

#include <stdint.h>

/* 0: at many places the answers are those of glibc 2.36 on a processor with FMA. Else a number that
 * stands for them. A millisecond, once a process. */
uint32_t nas_libm(void);

/* "" for 0, else "libm 1a2b3c4d" and what follows it. */
enum { NAS_LIBM_TEXT = 32 };
void nas_libm_text(const char *after, char out[NAS_LIBM_TEXT]);

#endif
