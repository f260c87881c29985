/* base/log.h - how code below cli/ speaks: to whoever called it, never to the terminal.
 * Thread safety: one thread at a time for each log. */
#ifndef NAS_BASE_LOG_H
#define NAS_BASE_LOG_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Where warnings and progress go. Any member, and the log itself, may be NULL. Calls come from one
 * thread at a time. */
typedef struct nas_log {
    void *ctx;
    void (*warn)(void *ctx, const char *text);
    /* done of total pieces of `what` ("reading clips"). */
    void (*progress)(void *ctx, const char *what, int64_t done, int64_t total);
    /* Asked at safe points: true ends the work with NAS_ESTOP. */
    bool (*stop)(void *ctx);
} nas_log;

/* A text of one line: control characters become \n, \x1b, ... (base/text/visible.h); what is longer
 * than 4,095 bytes is cut and ends with "...". */
void nas_warn(const nas_log *log, const char *fmt, ...) NAS_PRINTF(2, 3);
void nas_progress(const nas_log *log, const char *what, int64_t done, int64_t total);
bool nas_should_stop(const nas_log *log);

#endif
