/* core/data/times.c - points of time. */
#include "core/data/times.h"

#include <stdio.h>
#include <string.h>

static const int64_t day_seconds = 86400;

static int64_t days_from_civil(int64_t y, int32_t m, int32_t d) {
    y -= m <= 2;
    const int64_t era = (y >= 0 ? y : y - 399) / 400, year = y - era * 400;
    const int64_t day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

static bool is_leap(int64_t y) {
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

bool nas_moment_seconds(const nas_moment *m, int64_t *out) {
    static const int32_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (m->year < 0 || m->year > 9999 || m->month < 1 || m->month > 12 || m->day < 1) return false;
    const int32_t last = lengths[m->month - 1] + (m->month == 2 && is_leap(m->year));
    if (m->day > last || m->hour < 0 || m->hour > 23 || m->minute < 0 || m->minute > 59 ||
        m->second < 0 || m->second > 59)
        return false;
    *out = days_from_civil(m->year, m->month, m->day) * day_seconds + m->hour * 3600 +
           m->minute * 60 + m->second;
    return true;
}

const char *nas_time_format_wrong(const char *format) {
    bool any = false;
    for (; *format; format++) {
        if (*format != '%') continue;
        if (!*++format || !strchr("YymdHMS%", *format))
            return "expected %Y, %y, %m, %d, %H, %M or %S after a %";
        any |= *format != '%';
    }
    return any ? NULL : "it names no part of a time, such as %Y-%m-%d %H:%M:%S";
}

/* Up to `most` digits. */
static bool read_digits(const char **p, const char *end, int most, int32_t *out) {
    const char *start = *p;
    int32_t v = 0;
    while (*p < end && **p >= '0' && **p <= '9' && *p - start < most) v = v * 10 + (*(*p)++ - '0');
    *out = v;
    return *p > start;
}

static bool read_part(char letter, const char **p, const char *end, nas_moment *m) {
    int32_t *part = letter == 'm'   ? &m->month
                    : letter == 'd' ? &m->day
                    : letter == 'H' ? &m->hour
                    : letter == 'M' ? &m->minute
                    : letter == 'S' ? &m->second
                                    : &m->year;
    if (letter == '%') return *p < end && *(*p)++ == '%';
    if (!read_digits(p, end, letter == 'Y' ? 4 : 2, part)) return false;
    /* As POSIX has it for %y. */
    if (letter == 'y') m->year += m->year < 69 ? 2000 : 1900;
    return true;
}

bool nas_time_parse(const char *format, const char *text, int32_t n, int64_t *seconds) {
    const char *p = text, *end = text + n;
    nas_moment m = {.year = 1970, .month = 1, .day = 1};
    for (; *format; format++) {
        if (*format == ' ') {
            while (p < end && *p == ' ') p++;
        } else if (*format != '%') {
            if (p == end || *p++ != *format) return false;
        } else if (!read_part(*++format, &p, end, &m)) {
            return false;
        }
    }
    while (p < end && *p == ' ') p++;
    return p == end && nas_moment_seconds(&m, seconds);
}

static int64_t floor_days(int64_t seconds) {
    return (seconds >= 0 ? seconds : seconds - day_seconds + 1) / day_seconds;
}

double nas_time_of_day(int64_t seconds) {
    return (double)(seconds - floor_days(seconds) * day_seconds) / (double)day_seconds;
}

/* The year that a day lies in. */
static int64_t year_of(int64_t days) {
    int64_t y = 1970 + days * 400 / 146097;
    while (days_from_civil(y + 1, 1, 1) <= days) y++;
    while (days_from_civil(y, 1, 1) > days) y--;
    return y;
}

double nas_time_of_year(int64_t seconds) {
    const int64_t y = year_of(floor_days(seconds));
    const int64_t begin = days_from_civil(y, 1, 1), end = days_from_civil(y + 1, 1, 1);
    return (double)(seconds - begin * day_seconds) / (double)((end - begin) * day_seconds);
}

void nas_time_show(int64_t seconds, char out[32]) {
    const int64_t days = floor_days(seconds), y = year_of(days);
    const int64_t left = seconds - days * day_seconds;
    int32_t month = 12;
    while (month > 1 && days_from_civil(y, month, 1) > days) month--;
    snprintf(out, 32, "%04d-%02d-%02d %02d:%02d:%02d", (int)y, month,
             (int)(days - days_from_civil(y, month, 1)) + 1, (int)(left / 3600),
             (int)(left / 60 % 60), (int)(left % 60));
}
