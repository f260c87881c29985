/* core/data/table/times.h - points of time as texts, and the place of one in its day and year.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_DATA_TABLE_TIMES_H
#define NAS_CORE_DATA_TABLE_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAS_SECOND INT64_C(1000000) /* in microseconds */

/* As the wall clock of the Gregorian calendar shows it; no zones, no leap seconds. */
typedef struct nas_moment {
    int32_t year, month, day, hour, minute, second;
} nas_moment;

/* Seconds since 1970-01-01 00:00:00. Hinnant, "chrono-compatible low-level date algorithms",
 * days_from_civil. 24:00:00 is the next day's 0:00:00. false: there is no such moment (31 April,
 * 24:01). */
bool nas_moment_seconds(const nas_moment *m, int64_t *out);

/* A point of time as it was written. */
typedef struct nas_instant {
    int64_t micros; /* since 1970-01-01 00:00:00, in UTC where the zone was written, else as the
                       table's clock shows it */
    int32_t offset; /* seconds that the clock is ahead of that: of %z; else 0 */
} nas_instant;

/* Of strptime's letters %Y %y %m %d %j %b %B %H %I %p %M %S %f %z %F %T %%; a blank stands for any
 * number of blanks, all else for itself. Or one of the words epoch_s, epoch_ms: a number of seconds
 * or milliseconds since 1970. NULL: it is fine; else what is wrong with it. */
const char *nas_time_format_wrong(const char *format);
/* text[0 .. n) by a format, blanks around it left out; what it has no letter for is 1970-01-01
 * 00:00:00. Fractions are cut to microseconds. */
bool nas_time_parse(const char *format, const char *text, int32_t n, nas_instant *out);
/* Does the clock of such times stand still in no zone, so that summer time may show in it? */
bool nas_time_is_local(const char *format);
/* A format that reads a text, into out; false: none of those that are in much use. Where day and
 * month may be either, the day comes first. */
bool nas_time_guess(const char *text, int32_t n, char *out, size_t room);

/* Fractions of the day and of the calendar year, 0 to 1. */
double nas_time_of_day(int64_t seconds);
double nas_time_of_year(int64_t seconds);
nas_moment nas_time_moment(int64_t seconds);

/* "2024-06-09 11:40:00" into out. */
void nas_time_show(int64_t seconds, char out[32]);

#endif
