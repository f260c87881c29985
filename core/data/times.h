/* core/data/times.h - points of time as texts, and the place of one in its day and year. */
#ifndef NAS_CORE_DATA_TIMES_H
#define NAS_CORE_DATA_TIMES_H

#include <stdbool.h>
#include <stdint.h>

/* As the wall clock of the Gregorian calendar shows it; no zones, no leap seconds. */
typedef struct nas_moment {
    int32_t year, month, day, hour, minute, second;
} nas_moment;

/* Seconds since 1970-01-01 00:00:00. Hinnant, "chrono-compatible low-level date algorithms",
 * days_from_civil. false: there is no such moment (31 April, hour 24). */
bool nas_moment_seconds(const nas_moment *m, int64_t *out);

/* Of strptime's letters %Y %y %m %d %H %M %S %%; a blank stands for any number of blanks, all else
 * for itself. NULL: it is fine; else what is wrong with it. */
const char *nas_time_format_wrong(const char *format);
/* text[0 .. n) by a format; what it has no letter for is 1970-01-01 00:00:00. */
bool nas_time_parse(const char *format, const char *text, int32_t n, int64_t *seconds);

/* Fractions of the day and of the calendar year, 0 to 1. */
double nas_time_of_day(int64_t seconds);
double nas_time_of_year(int64_t seconds);

/* "2024-06-09 11:40:00" into out. */
void nas_time_show(int64_t seconds, char out[32]);

#endif
