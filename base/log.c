/* base/log.c - warnings, progress and the wish to stop. */
#include "base/log.h"

#include "base/text/visible.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 4096 };

/* Without the part of a character of UTF-8 that stood at the end, and with "..." there. */
static void end_cut(char text[LONGEST]) {
    size_t n = LONGEST - 4;
    while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80) n--;
    strcpy(text + n, "...");
}

/* One line that no terminal obeys: names of files may hold any byte. */
static void make_visible(const char *text, char out[4 * LONGEST]) {
    char shown[NAS_VISIBLE];
    *out = '\0';
    for (int n; (n = nas_visible(text, shown)); text += n) out = stpcpy(out, shown);
}

void nas_warn(const nas_log *log, const char *fmt, ...) {
    if (!log || !log->warn) return;
    char text[LONGEST], line[4 * LONGEST];
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(text, sizeof text, fmt, ap) >= LONGEST) end_cut(text);
    va_end(ap);
    make_visible(text, line);
    log->warn(log->ctx, line);
}

void nas_progress(const nas_log *log, const char *what, int64_t done, int64_t total) {
    if (log && log->progress) log->progress(log->ctx, what, done, total);
}

bool nas_should_stop(const nas_log *log) {
    return log && log->stop && log->stop(log->ctx);
}
