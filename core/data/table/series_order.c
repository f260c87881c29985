/* core/data/table/series_order.c - the usual step between rows, and where it breaks. */
#include "core/data/table/series_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t hour = 3600 * NAS_SECOND;
static const int64_t between_changes = 100 * 86400 * NAS_SECOND;

/* What is found on the way through the rows. */
typedef struct scan {
    nas_series *s;
    const nas_csv *csv;
    const nas_draft *d;
    bool local;                    /* the clock may be put back */
    int32_t changes, first_change; /* of the clock by an hour, and the row of the first */
    int32_t backwards;             /* rows */
} scan;

static int64_t seconds_of(int64_t micros) {
    return micros / NAS_SECOND - (micros % NAS_SECOND < 0);
}

static void show(int64_t micros, char out[32]) {
    nas_time_show(seconds_of(micros), out);
}

static bool begins_group(const nas_draft *d, int32_t row) {
    return d->group && d->group[row] != d->group[row - 1];
}

/* The step that more than half of the rows have (Boyer and Moore, "MJRTY", 1981); where there is
 * none, some step that is there. */
static int64_t majority(const nas_draft *d, int32_t rows) {
    int64_t step = 0, votes = 0;
    for (int32_t i = 1; i < rows; i++) {
        if (begins_group(d, i)) continue;
        const int64_t apart = d->time[i] - d->time[i - 1];
        if (!votes) step = apart;
        votes += apart == step ? 1 : -1;
    }
    return step;
}

static int compare(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The middle one of the steps, for clocks that jitter; and how far from it those within a quarter
 * of it are. *near, *far: how many of them are not equal to the usual step, of those and others. */
static nas_status middle(const nas_series *s, const nas_draft *d, int64_t *step, int64_t *spread,
                         int32_t *near, int32_t *far, nas_err *err) {
    int64_t *v = malloc(((size_t)s->rows + 1) * sizeof *v);
    int32_t n = 0;
    *step = *spread = *near = *far = 0;
    if (!v) return nas_fail(err, NAS_ENOMEM, "%s: out of memory", s->path);
    for (int32_t i = 1; i < s->rows; i++)
        if (!begins_group(d, i)) v[n++] = d->time[i] - d->time[i - 1];
    qsort(v, (size_t)n, sizeof *v, compare);
    if (n) *step = v[n / 2];
    for (int32_t i = 0; i < n; i++) {
        const int64_t off = llabs(v[i] - *step);
        const bool is_near = off > 0 && off * 4 <= *step;
        *near += is_near;
        *far += off > 0 && !is_near;
        if (is_near && off > *spread) *spread = off;
    }
    free(v);
    return NAS_OK;
}

static int64_t tolerance_of(const nas_series *s) {
    return llround(s->config.tolerance * (double)NAS_SECOND);
}

/* A step that is an hour off at night in spring or autumn. */
static bool is_clock_change(const scan *q, int32_t i, int64_t apart) {
    const int64_t off = llabs(llabs(apart - q->s->step) - hour);
    const nas_moment m = nas_time_moment(seconds_of(q->d->time[i - 1]));
    return q->local && off <= tolerance_of(q->s) && m.hour <= 4 &&
           ((m.month >= 3 && m.month <= 4) || (m.month >= 9 && m.month <= 11));
}

static const char *group_of(const nas_series *s, const nas_draft *d, int32_t row, char text[128]) {
    text[0] = '\0';
    if (d->group)
        snprintf(text, 128, " (%.40s \"%.60s\")", s->config.group, s->group_name[d->group[row]]);
    return text;
}

/* Of a time that goes back: what may be the reason, and what to do. */
static nas_status advice(const scan *q, int32_t row, char out[320], nas_err *err) {
    const nas_series_config *k = &q->s->config;
    const nas_moment was = nas_time_moment(seconds_of(q->d->time[row - 1]));
    const nas_moment now = nas_time_moment(seconds_of(q->d->time[row]));
    nas_explained e = {0};
    if (!q->d->group) NAS_TRY(nas_series_explain(q->s, q->csv, q->d, &e, err));
    if (e.column && !e.clock)
        snprintf(out, 320,
                 "column \"%.100s\" (%d different words) tells rows apart whose times rise: set "
                 "\"group\": \"%.100s\" in task",
                 e.column, e.words, e.column);
    else if (q->backwards > q->s->rows / 2)
        snprintf(out, 320, "the rows run from the newest to the oldest: turn them round");
    else if (k->time_format && !strpbrk(k->time_format, "dejF") && strchr(k->time_format, '%'))
        snprintf(out, 320,
                 "the times have no day: where it stands in another column, set \"columns\": "
                 "[DATE, \"%.60s\"] and the \"format\" of both in task.time",
                 k->time[0]);
    else if (was.hour == 12 && now.hour == 1 && was.day == now.day)
        snprintf(out, 320,
                 "a clock of 12 hours does that: AM and PM are read by %%I and %%p in "
                 "task.time.format");
    else
        snprintf(out, 320, "sort the rows%s", q->d->group ? "" : ", or leave task.time out");
    return NAS_OK;
}

static nas_status goes_back(const scan *q, int32_t row, nas_err *err) {
    char now[32], before[32], what[320], group[128];
    show(q->d->time[row], now);
    show(q->d->time[row - 1], before);
    NAS_TRY(advice(q, row, what, err));
    return nas_fail(err, NAS_EFORMAT, "%s:%d: the time goes back, to %s after %s%s; %s", q->s->path,
                    q->d->line[row], now, before, group_of(q->s, q->d, row, group), what);
}

/* The clock is put back at most twice a year; what else goes back is no series. */
static nas_status check_order(scan *q, nas_err *err) {
    int64_t last = 0;
    int32_t first = 0;
    for (int32_t i = 1; i < q->s->rows; i++) {
        if (begins_group(q->d, i)) {
            last = 0;
            continue;
        }
        const int64_t now = q->d->time[i], apart = now - q->d->time[i - 1];
        const bool change =
            is_clock_change(q, i, apart) && (!last || now - last >= between_changes);
        if (change && !q->changes++) q->first_change = i;
        if (change) last = now;
        if (change || apart >= 0) continue;
        if (!first) first = i;
        q->backwards++;
    }
    return first ? goes_back(q, first, err) : NAS_OK;
}

/* Numbers the runs: a step unlike the usual one begins the next, and so does a group. */
static nas_status number_runs(nas_series *s, const nas_draft *d, nas_err *err) {
    int32_t *run = nas_arena_array(s->arena, (size_t)s->rows + 1, sizeof *run, err);
    if (!run) return NAS_ENOMEM;
    const int64_t step = s->step, tolerance = tolerance_of(s);
    for (int32_t i = 1; i < s->rows; i++) {
        const bool new_group = begins_group(d, i);
        const int64_t apart = d->time && !new_group ? d->time[i] - d->time[i - 1] : step;
        const bool odd = llabs(apart - step) > tolerance;
        s->gaps += odd && apart > step;
        s->irregular += odd && apart > 0 && apart < step;
        s->repeats += odd && apart <= 0;
        run[i] = run[i - 1] + (odd || new_group);
    }
    s->run = run;
    return NAS_OK;
}

/* 3600, 0.02: seconds for people. */
static const char *show_seconds(int64_t micros, char out[32]) {
    snprintf(out, 32, "%.10g", (double)micros / (double)NAS_SECOND);
    return out;
}

static void warn_of_breaks(const scan *q, const nas_log *log) {
    const nas_series *s = q->s;
    char when[32], step[32];
    if (s->gaps + s->repeats)
        nas_warn(log,
                 "%s: %lld gaps and %lld repeats in the times; windows across them are left out",
                 s->path, (long long)s->gaps, (long long)s->repeats);
    if (s->irregular)
        nas_warn(log,
                 "%s: %lld steps between rows are shorter than the usual one of %s seconds, as "
                 "those of months are; windows across them are left out. Without task.time rows "
                 "count as evenly spaced",
                 s->path, (long long)s->irregular, show_seconds(s->step, step));
    if (!q->changes) return;
    show(q->d->time[q->first_change - 1], when);
    nas_warn(log,
             "%s: at %d places the clock goes forward or back by an hour at night, as summer time "
             "makes it, the first at line %d, after %s; windows across them are left out, and "
             "hours of the day are those of the table's own clock. Times in UTC, or with their "
             "offset (%%z), have no such breaks",
             s->path, q->changes, q->d->line[q->first_change], when);
}

static nas_status note_jitter(nas_series *s, const nas_draft *d, const nas_log *log, nas_err *err) {
    int64_t step, spread;
    int32_t near, far;
    char middle_one[32], most[32];
    if (s->config.tolerance > 0 || s->gaps + s->irregular <= s->rows / 20) return NAS_OK;
    NAS_TRY(middle(s, d, &step, &spread, &near, &far, err));
    if (near <= far || near <= s->rows / 20) return NAS_OK;
    s->jitter = spread;
    nas_warn(log,
             "%s: %d of %d steps between rows differ from %s seconds by up to %s; to count them "
             "as even, set \"tolerance_seconds\": %s in task.time",
             s->path, near, s->rows - s->n_groups, show_seconds(step, middle_one),
             show_seconds(spread, most), show_seconds(spread, most));
    return NAS_OK;
}

/* Most rows have the time of the row before. */
static nas_status check_repeats(const scan *q, const nas_log *log, nas_err *err) {
    const nas_series *s = q->s;
    nas_explained e;
    int32_t same = 0;
    for (int32_t i = 1; i < s->rows; i++)
        same += !begins_group(q->d, i) && q->d->time[i] == q->d->time[i - 1];
    if (same <= s->rows / 3 || q->d->group) return NAS_OK;
    NAS_TRY(nas_series_explain(s, q->csv, q->d, &e, err));
    if (e.column && !e.clock)
        return nas_fail(err, NAS_EFORMAT,
                        "%s: %d of %d rows have the time of the row before; column \"%.100s\" (%d "
                        "different words) tells rows apart whose times rise: set \"group\": "
                        "\"%.100s\" in task",
                        s->path, same, s->rows, e.column, e.words, e.column);
    if (e.column)
        nas_warn(log,
                 "%s: %d of %d rows have the time of the row before; column \"%.100s\" looks like "
                 "the clock: set \"columns\": [\"%.60s\", \"%.60s\"] and the \"format\" of both in "
                 "task.time",
                 s->path, same, s->rows, e.column, s->config.time[0], e.column);
    else
        nas_warn(log,
                 "%s: %d of %d rows have the time of the row before; say in task.time where their "
                 "clock stands",
                 s->path, same, s->rows);
    return NAS_OK;
}

/* Seconds that were read as milliseconds. */
static void check_unit(const nas_series *s, const nas_draft *d, const nas_log *log) {
    const char *format = s->config.time_format;
    if (!format || strcmp(format, "epoch_ms") != 0 || !s->rows) return;
    if (d->time[s->rows - 1] > 0 && d->time[s->rows - 1] < 100 * 86400 * NAS_SECOND)
        nas_warn(log,
                 "%s: by \"epoch_ms\" all times lie in the first days of 1970; where they are "
                 "seconds, set \"format\": \"epoch_s\" in task.time",
                 s->path);
}

nas_status nas_series_order(nas_series *s, const nas_csv *csv, nas_draft *d, const nas_log *log,
                            nas_err *err) {
    const nas_series_config *k = &s->config;
    scan q = {.s = s, .csv = csv, .d = d, .local = d->time && nas_time_is_local(k->time_format)};
    if (d->time) {
        int64_t spread;
        int32_t near, far;
        if (k->tolerance > 0)
            NAS_TRY(middle(s, d, &s->step, &spread, &near, &far, err));
        else
            s->step = majority(d, s->rows);
        NAS_TRY(check_order(&q, err));
        NAS_TRY(check_repeats(&q, log, err));
        check_unit(s, d, log);
    }
    NAS_TRY(number_runs(s, d, err));
    if (d->time) NAS_TRY(note_jitter(s, d, log, err));
    warn_of_breaks(&q, log);
    return NAS_OK;
}
