/* base/clock.h - times.
 * Thread safety: any thread may call these. */
#ifndef NAS_BASE_CLOCK_H
#define NAS_BASE_CLOCK_H

/* Seconds of a clock that never jumps; only differences mean anything. */
double nas_clock_wall(void);
/* Processor seconds of this thread. */
double nas_clock_cpu(void);
/* Those of all threads of this process. */
double nas_clock_process(void);
/* Seconds since 1970, for what people read. */
double nas_clock_date(void);
/* Less where a signal comes. */
void nas_clock_sleep(double seconds);

#endif
