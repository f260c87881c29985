/* core/data/table/series_time.c - the time of a row from its cells. */
#include "core/data/table/series_int.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WHY = 256, JOINED = 200 };

/* The cells with a blank between each two, as the format sees them; 0: they are too long. */
static int32_t join(const nas_cell *cells, int32_t n, char out[JOINED]) {
    int32_t used = 0;
    for (int32_t i = 0; i < n; i++) {
        if (used + cells[i].n + 1 >= JOINED) return 0;
        if (i) out[used++] = ' ';
        memcpy(out + used, cells[i].p, (size_t)cells[i].n);
        used += cells[i].n;
    }
    return used;
}

/* Of a format that reads a text with the day first: does one with the month first, too? */
static const char *other_order(const char *format, const char *text, int32_t n) {
    char other[64];
    nas_instant t;
    snprintf(other, sizeof other, "%s", format);
    char *day = strstr(other, "%d"), *month = strstr(other, "%m");
    if (!day || !month || day > month) return "";
    day[1] = 'm', month[1] = 'd';
    return nas_time_parse(other, text, n, &t) ? ", or the month first" : "";
}

static bool read_format(const nas_series_config *k, const nas_cell *cells, nas_instant *out,
                        char *why) {
    char text[JOINED], guess[64];
    const int32_t n = join(cells, k->n_time, text);
    if (n && nas_time_parse(k->time_format, text, n, out)) return true;
    const bool known = n && nas_time_guess(text, n, guess, sizeof guess);
    snprintf(why, WHY, "a time like %.80s%s%s%s%s%s", k->time_format, known ? " (\"" : "",
             known ? guess : "", known ? "\" reads it" : "",
             known ? other_order(guess, text, n) : "", known ? ")" : "");
    return false;
}

static void no_number(const nas_series_config *k, const nas_cell *cells, char *why) {
    char text[JOINED], guess[64];
    const int32_t n = join(cells, k->n_time, text);
    const bool known = n && nas_time_guess(text, n, guess, sizeof guess);
    snprintf(why, WHY,
             "an integer, a part of the time (for a date and a clock in columns of their own say "
             "how they read, a blank between them: \"format\": \"%s\"%s in task.time)",
             known ? guess : "%Y-%m-%d %H:%M:%S", known ? other_order(guess, text, n) : "");
}

bool nas_series_time(const nas_series_config *k, const nas_csv *csv, const nas_cell *cells,
                     nas_instant *out, int32_t *cell, char *why) {
    int32_t part[NAS_TIME_PARTS] = {1970, 1, 1};
    int64_t seconds;
    *out = (nas_instant){0};
    *cell = k->n_time > 1 ? -1 : 0;
    if (k->time_format) return read_format(k, cells, out, why);
    for (int32_t i = 0; i < k->n_time; i++) {
        double v;
        *cell = i;
        if (!nas_csv_number(csv, cells[i], &v) || v != floor(v) || fabs(v) > 9999) {
            no_number(k, cells, why);
            return false;
        }
        part[i] = (int32_t)v;
    }
    const nas_moment m = {part[0], part[1], part[2], part[3], part[4], part[5]};
    *cell = -1;
    snprintf(why, WHY, "there is no time %d-%d-%d %d:%d:%d", m.year, m.month, m.day, m.hour,
             m.minute, m.second);
    if (!nas_moment_seconds(&m, &seconds)) return false;
    out->micros = seconds * NAS_SECOND;
    return true;
}
