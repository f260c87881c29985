/* search/process.h - who a worker is, in words that another process can check. */
#ifndef NAS_SEARCH_PROCESS_H
#define NAS_SEARCH_PROCESS_H

#include <stdbool.h>

enum { NAS_PROCESS_ID = 192 };

/* "host boot/pid-namespace pid start-time" of this process. */
void nas_process_self(char out[NAS_PROCESS_ID]);

/* The same of another process of this machine, while it is there or has not been waited for. */
void nas_process_of(long pid, char out[NAS_PROCESS_ID]);

/* Is the process of that id gone? Known at once on the same boot and pid namespace; of others only
 * a silence of two minutes tells. */
bool nas_process_dead(const char *id, double silent_seconds);

/* "AMD EPYC 9R14, 2 cores, training 5, avx512" into out: what stands beside measured figures, and
 * what bits depend on; "libm 1a2b3c4d" before the row where nas_libm is not 0. */
void nas_process_machine(const char *kernel_row, char out[NAS_PROCESS_ID]);

#endif
