/* tests/sim/seam.h - the seam between the processes of `nas run` and the system: a shared object
 * for LD_PRELOAD, made of tests/faults.c, seam.c, files.c and rules.c. Environment: SIM_PLAN    the
 * plan's file (plan.h) SIM_LAUNCH  which launch this is, from 0 SIM_LOG     a file to which changes
 * of files are added, in their order; may be absent */
#ifndef SIM_SEAM_H
#define SIM_SEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Where tests/faults.c hands calls on. Absent (NULL) in an object of tests/faults.c alone. */
#define SIM_WEAK __attribute__((weak))
SIM_WEAK ssize_t sim_write(int fd, const void *p, size_t n, off_t to); /* to < 0: write() */
SIM_WEAK int sim_sync(long number, int fd); /* number: SYS_fsync or SYS_fdatasync */
SIM_WEAK int sim_allocation(void);          /* does this one fail? */
SIM_WEAK long sim_clock(void);              /* seconds that the wall's clock is off */

/* rules.c: counts a call and does what a rule says. Returns what is left to the caller to do, an
 * action of plan.h: SIM_NONE, SIM_FAIL (errno is set), SIM_LIE, SIM_SHORT or SIM_TORN. */
int sim_ask(int call);
void sim_die(void);
/* In the child of a fork, which is the n-th. */
int32_t sim_next_child(void);
void sim_be_child(int32_t n);
long sim_skew(void);

/* Around a call that changes files: between the two nobody else changes any, so that the log has
 * their order. Nothing where there is no log. */
void sim_begin_change(void);
void sim_end_change(void);
void sim_log(uint32_t kind, uint64_t file, int64_t to, const char *a, const char *b,
             const void *bytes, size_t n);

#endif
