/* core/data/table/time_format.c - texts of times by a format. */
#include "core/data/table/times.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What a format has read so far. */
typedef struct parts {
    nas_moment m;
    int32_t half;  /* of the day: 0 not said, 1 AM, 2 PM */
    int32_t yday;  /* 1 .. 366; 0: not said */
    int64_t micro; /* of the second */
    int32_t offset;
} parts;

/* The number behind epoch_s, epoch_ms in microseconds; 0: it is another format. */
static int64_t epoch_unit(const char *format) {
    if (strcmp(format, "epoch_s") == 0) return NAS_SECOND;
    return strcmp(format, "epoch_ms") == 0 ? NAS_SECOND / 1000 : 0;
}

/* Two letters that say the same part of a time are one letter here. */
static char part_of(char letter) {
    return letter == 'y' ? 'Y' : letter == 'b' || letter == 'B' ? 'm' : letter;
}

static const char *letters_wrong(const char *seen) {
    if (strchr(seen, 'I') && strchr(seen, 'H')) return "both %H and %I say the hour; take one";
    if (strchr(seen, 'I') && !strchr(seen, 'p'))
        return "%I is an hour of 1 to 12: expected %p (AM or PM) too, or %H for hours of 0 to 24";
    if (strchr(seen, 'p') && !strchr(seen, 'I'))
        return "%p (AM or PM) goes with %I, not with %H: expected %I for the hour";
    if (strchr(seen, 'j') && (strchr(seen, 'm') || strchr(seen, 'd')))
        return "%j is the day of the year; expected no month and day beside it";
    return NULL;
}

const char *nas_time_format_wrong(const char *format) {
    char seen[32] = "";
    size_t n = 0;
    if (epoch_unit(format)) return NULL;
    for (; *format; format++) {
        if (*format != '%') continue;
        if (!*++format || !strchr("YymdjbBHIpMSfzFT%", *format))
            return "expected %Y, %y, %m, %d, %j, %b, %H, %I, %p, %M, %S, %f, %z, %F or %T after a "
                   "%";
        const char *of = *format == 'F' ? "Ymd" : *format == 'T' ? "HMS" : NULL;
        const char one[] = {part_of(*format), '\0'};
        if (*format == '%') continue;
        for (of = of ? of : one; *of; of++) {
            if (strchr(seen, *of)) return "it names a part of the time twice";
            seen[n++] = *of;
            seen[n] = '\0';
        }
    }
    if (!n)
        return "it names no part of a time, such as %Y-%m-%d %H:%M:%S, and is neither epoch_s nor "
               "epoch_ms";
    return letters_wrong(seen);
}

bool nas_time_is_local(const char *format) {
    return !format || (!epoch_unit(format) && !strstr(format, "%z"));
}

static void skip_blanks(const char **p, const char *end) {
    while (*p < end && (**p == ' ' || **p == '\t')) ++*p;
}

/* Up to `most` digits; as glibc has it, blanks may stand before them. */
static bool read_digits(const char **p, const char *end, int most, int32_t *out) {
    skip_blanks(p, end);
    const char *start = *p;
    int32_t v = 0;
    while (*p < end && **p >= '0' && **p <= '9' && *p - start < most) v = v * 10 + (*(*p)++ - '0');
    *out = v;
    return *p > start;
}

/* Digits behind a decimal point, as many as there are. */
static bool read_fraction(const char **p, const char *end, int64_t *micro) {
    const char *start = *p;
    int64_t unit = NAS_SECOND / 10;
    for (*micro = 0; *p < end && **p >= '0' && **p <= '9'; ++*p, unit /= 10)
        *micro += (**p - '0') * unit;
    return *p > start;
}

/* An English month, whole or by three letters or more of it. */
static bool read_month(const char **p, const char *end, int32_t *out) {
    static const char *const names[] = {"january",   "february", "march",    "april",
                                        "may",       "june",     "july",     "august",
                                        "september", "october",  "november", "december"};
    const char *start = *p;
    while (*p < end && isalpha((unsigned char)**p)) ++*p;
    const size_t n = (size_t)(*p - start);
    for (int32_t i = 0; n >= 3 && i < 12; i++)
        if (n <= strlen(names[i]) && strncasecmp(start, names[i], n) == 0) {
            *out = i + 1;
            return true;
        }
    return false;
}

/* AM, pm, a.m. */
static bool read_half(const char **p, const char *end, int32_t *out) {
    skip_blanks(p, end);
    if (*p == end) return false;
    const int letter = tolower((unsigned char)*(*p)++);
    if (*p < end && **p == '.') ++*p;
    if (*p == end || tolower((unsigned char)**p) != 'm') return false;
    ++*p;
    if (*p < end && **p == '.') ++*p;
    *out = letter == 'a' ? 1 : 2;
    return letter == 'a' || letter == 'p';
}

/* Z, +01, +0100, +01:00. */
static bool read_offset(const char **p, const char *end, int32_t *out) {
    int32_t hours, minutes = 0;
    skip_blanks(p, end);
    if (*p < end && (**p == 'Z' || **p == 'z')) {
        ++*p;
        return true;
    }
    if (*p == end || (**p != '+' && **p != '-')) return false;
    const int32_t sign = *(*p)++ == '-' ? -1 : 1;
    if (!read_digits(p, end, 2, &hours)) return false;
    if (*p < end && **p == ':') ++*p;
    if (*p < end && !read_digits(p, end, 2, &minutes)) return false;
    *out = sign * (hours * 3600 + minutes * 60);
    return hours <= 24 && minutes <= 59;
}

static bool read_text(const char *format, const char **p, const char *end, parts *t);

static bool read_part(char letter, const char **p, const char *end, parts *t) {
    nas_moment *m = &t->m;
    switch (letter) {
    case '%': return *p < end && *(*p)++ == '%';
    case 'Y': return read_digits(p, end, 4, &m->year);
    case 'm': return read_digits(p, end, 2, &m->month);
    case 'd': return read_digits(p, end, 2, &m->day);
    case 'j': return read_digits(p, end, 3, &t->yday) && t->yday >= 1 && t->yday <= 366;
    case 'b':
    case 'B': return read_month(p, end, &m->month);
    case 'H': return read_digits(p, end, 2, &m->hour);
    case 'I': return read_digits(p, end, 2, &m->hour) && m->hour >= 1 && m->hour <= 12;
    case 'p': return read_half(p, end, &t->half);
    case 'M': return read_digits(p, end, 2, &m->minute);
    case 'S': return read_digits(p, end, 2, &m->second);
    case 'f': return read_fraction(p, end, &t->micro);
    case 'z': return read_offset(p, end, &t->offset);
    case 'F': return read_text("%Y-%m-%d", p, end, t);
    case 'T': return read_text("%H:%M:%S", p, end, t);
    default: break;
    }
    if (!read_digits(p, end, 2, &m->year)) return false;
    m->year += m->year < 69 ? 2000 : 1900; /* as POSIX has it for %y */
    return true;
}

static bool read_text(const char *format, const char **p, const char *end, parts *t) {
    for (; *format; format++) {
        if (*format == ' ') {
            skip_blanks(p, end);
        } else if (*format != '%') {
            if (*p == end || *(*p)++ != *format) return false;
        } else if (!read_part(*++format, p, end, t)) {
            return false;
        }
    }
    return true;
}

/* 1709251200, 1709251200.25. Years beyond 9999 are no times. */
static bool read_epoch(int64_t unit, const char *p, const char *end, int64_t *micros) {
    int64_t whole = 0, fraction = 0;
    const bool minus = p < end && *p == '-';
    p += minus;
    const char *start = p;
    for (; p < end && *p >= '0' && *p <= '9' && p - start < 15; p++) whole = whole * 10 + *p - '0';
    if (p == start) return false;
    if (p < end && (*p == '.' || *p == ',') && (++p, !read_fraction(&p, end, &fraction)))
        return false;
    const int64_t most = INT64_C(253402300800) * NAS_SECOND / unit; /* 10000-01-01 */
    *micros = whole * (whole < most ? unit : 0) + fraction * unit / NAS_SECOND;
    if (minus) *micros = -*micros;
    skip_blanks(&p, end);
    return p == end && whole < most;
}

static bool conclude(parts *t, nas_instant *out) {
    int64_t seconds;
    if (t->half) t->m.hour = t->m.hour % 12 + (t->half == 2 ? 12 : 0);
    if (!nas_moment_seconds(&t->m, &seconds)) return false;
    if (t->yday) seconds += (int64_t)(t->yday - 1) * 86400;
    if (t->yday == 366 && nas_time_moment(seconds).year != t->m.year) return false;
    if (t->m.hour == 24 && t->micro) return false;
    out->offset = t->offset;
    out->micros = (seconds - t->offset) * NAS_SECOND + t->micro;
    return true;
}

bool nas_time_parse(const char *format, const char *text, int32_t n, nas_instant *out) {
    const char *p = text, *end = text + n;
    parts t = {.m = {.year = 1970, .month = 1, .day = 1}};
    *out = (nas_instant){0};
    skip_blanks(&p, end);
    const int64_t unit = epoch_unit(format);
    if (unit) return read_epoch(unit, p, end, &out->micros);
    if (!read_text(format, &p, end, &t)) return false;
    skip_blanks(&p, end);
    return p == end && conclude(&t, out);
}

bool nas_time_guess(const char *text, int32_t n, char *out, size_t room) {
    static const char *const dates[] = {"%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y",
                                        "%Y/%m/%d", "%d-%m-%Y", "%d-%b-%Y", "%d %b %Y",
                                        "%Y%m%d",   "%d.%m.%y", "%d/%m/%y", "%m/%d/%y"};
    static const char *const clocks[] = {
        "",          " %H:%M:%S", " %H:%M",       " %H.%M.%S", " %I:%M:%S %p",
        " %I:%M %p", "T%H:%M:%S", "T%H:%M:%S.%f", "T%H:%M",    " %H:%M:%S.%f",
        "%H%M",      "%H",        ", %H:%M:%S",   ", %H:%M"};
    static const char *const zones[] = {"", "%z", " %z"};
    nas_instant t;
    for (size_t d = 0; d < sizeof dates / sizeof *dates; d++)
        for (size_t c = 0; c < sizeof clocks / sizeof *clocks; c++)
            for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
                snprintf(out, room, "%s%s%s", dates[d], clocks[c], zones[z]);
                /* "24" is no year of four digits. */
                if (nas_time_parse(out, text, n, &t) &&
                    t.micros > -INT64_C(3000000000) * NAS_SECOND)
                    return true;
            }
    for (int i = 0; i < 2; i++) {
        snprintf(out, room, "%s", i ? "epoch_ms" : "epoch_s");
        if (n >= (i ? 12 : 9) && nas_time_parse(out, text, n, &t)) return true;
    }
    return false;
}
