/* base/clock.c - times. */
#include "base/clock.h"

#include <time.h>

static double seconds_of(clockid_t id) {
    struct timespec t = {0};
    clock_gettime(id, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double nas_clock_wall(void) {
    return seconds_of(CLOCK_MONOTONIC);
}

double nas_clock_cpu(void) {
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

double nas_clock_process(void) {
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

double nas_clock_date(void) {
    return seconds_of(CLOCK_REALTIME);
}

void nas_clock_sleep(double seconds) {
    const time_t whole = (time_t)seconds;
    const struct timespec t = {.tv_sec = whole, .tv_nsec = (long)((seconds - (double)whole) * 1e9)};
    (void)nanosleep(&t, NULL);
}
