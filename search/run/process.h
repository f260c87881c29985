/* search/run/process.h - who a worker is, in words that another process can check.
 * Thread safety: any thread may call these. */
#ifndef NAS_SEARCH_RUN_PROCESS_H
#define NAS_SEARCH_RUN_PROCESS_H

#include "base/files/life.h"

enum { NAS_PROCESS_ID = 192 };

/* "host boot/pid-namespace pid token" of this process: the first three for people, the token (16
 * hexadecimal digits) for processes. " unlocked" behind it: no lock shows that it lives. */
void nas_process_name(uint64_t token, bool locked, char out[NAS_PROCESS_ID]);

/* Is it the name of that token's holder? */
bool nas_process_is(const char *id, uint64_t token);

/* Does the process of that name live? db: the file that it locks. What cannot be told is
 * NAS_LIFE_UNKNOWN. Names that an older nas gave ("host boot/pid-namespace pid start-time") are
 * known to be dead when their pid is not there. */
nas_alive nas_process_alive(const char *id, nas_life *db);

/* "AMD EPYC 9R14, 2 cores, training 5, inference 5, avx512" into out: what stands beside measured
 * figures, and what bits depend on; "libm 1a2b3c4d" before the row where nas_libm is not 0. */
void nas_process_machine(const char *kernel_row, char out[NAS_PROCESS_ID]);

#endif
