/* base/log.c - warnings, progress and the wish to stop. */
#include "base/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

void nas_warn(const nas_log *log, const char *fmt, ...) {
    if (!log || !log->warn) return;
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log->warn(log->ctx, text);
}

void nas_progress(const nas_log *log, const char *what, int64_t done, int64_t total) {
    if (log && log->progress) log->progress(log->ctx, what, done, total);
}

bool nas_should_stop(const nas_log *log) {
    return log && log->stop && log->stop(log->ctx);
}
