/* core/data/table/times.c - points of time on the calendar. */
#include "core/data/table/times.h"

#include <stdio.h>

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
    if (m->day > last || m->hour < 0 || m->hour > 24 || m->minute < 0 || m->minute > 59 ||
        m->second < 0 || m->second > 59)
        return false;
    if (m->hour == 24 && (m->minute || m->second)) return false;
    *out = days_from_civil(m->year, m->month, m->day) * day_seconds + m->hour * 3600 +
           m->minute * 60 + m->second;
    return true;
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

nas_moment nas_time_moment(int64_t seconds) {
    const int64_t days = floor_days(seconds), y = year_of(days);
    const int64_t left = seconds - days * day_seconds;
    int32_t month = 12;
    while (month > 1 && days_from_civil(y, month, 1) > days) month--;
    return (nas_moment){(int32_t)y,
                        month,
                        (int32_t)(days - days_from_civil(y, month, 1)) + 1,
                        (int32_t)(left / 3600),
                        (int32_t)(left / 60 % 60),
                        (int32_t)(left % 60)};
}

void nas_time_show(int64_t seconds, char out[32]) {
    const nas_moment m = nas_time_moment(seconds);
    snprintf(out, 32, "%04d-%02d-%02d %02d:%02d:%02d", m.year, m.month, m.day, m.hour, m.minute,
             m.second);
}
