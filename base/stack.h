/* base/stack.h - how far the stack may grow.
 * Thread safety: at the start of a process, before it has threads. */
#ifndef NAS_BASE_STACK_H
#define NAS_BASE_STACK_H

/* Frames of ours have up to 160 kB (the Makefile warns of more); those that lie on each other, with
 * SQLite's and curl's, stay below NAS_STACK_LEAST_KB. Threads get NAS_STACK_KB. */
enum { NAS_STACK_LEAST_KB = 1024, NAS_STACK_KB = 8192 };

/* The first thing a program does: raises a lower limit of its stack (ulimit -s) to NAS_STACK_KB, or
 * as far as the system lets it. Returns the limit that then holds, in kB, at most NAS_STACK_KB. */
long nas_stack_raise(void);

#endif
