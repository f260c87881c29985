/* core/data/table/series_season.c - of each row, the one a season before. */
#include "core/data/table/series_int.h"

#include <limits.h>
#include <stdlib.h>

static const int64_t day = 86400 * NAS_SECOND;
static const int64_t most = INT64_MAX / 8; /* of a season */

static int64_t apart(const nas_draft *d, int32_t row, int64_t want) {
    return llabs(d->time[row] - want);
}

/* The row nearest to `period` before each, no farther than half a step. Times may repeat, and go
 * back by an hour. */
static void by_time(const nas_series *s, const nas_draft *d, int32_t begin, int32_t end,
                    int64_t period, int32_t *season) {
    for (int32_t i = begin, j = begin; i < end; i++) {
        const int64_t want = d->time[i] - period;
        while (j + 1 < i && d->time[j + 1] <= want) j++;
        while (j > begin && d->time[j] > want) j--;
        const int32_t near = j + (j + 1 < i && apart(d, j + 1, want) < apart(d, j, want));
        season[i] = near < i && 2 * apart(d, near, want) < s->step ? near : -1;
    }
}

static void by_rows(int32_t begin, int32_t end, int32_t period, int32_t *season) {
    for (int32_t i = begin; i < end; i++) season[i] = i - begin < period ? -1 : i - period;
}

/* A season that the space names, and no row has one before it. */
static void warn_of_none(const nas_series *s, const int32_t *season, const nas_log *log) {
    for (int32_t i = 0; i < s->rows; i++)
        if (season[i] >= 0) return;
    nas_warn(log,
             "%s: no row has another one task.season (%d rows) before it, so the seasonal naive "
             "forecast is the naive one, the last known value; set a shorter season",
             s->path, s->config.season);
}

nas_status nas_series_find_season(nas_series *s, const nas_draft *d, const nas_log *log,
                                  nas_err *err) {
    const int32_t rows = s->config.season > 0 ? s->config.season : 0;
    const bool timed = d->time && s->step > 0;
    if (!rows && (!timed || 2 * s->step > day)) return NAS_OK;
    if (rows && timed && s->step > most / rows) return NAS_OK;
    int32_t *season = nas_arena_array(s->arena, (size_t)s->rows + 1, sizeof *season, err);
    if (!season) return NAS_ENOMEM;
    for (int32_t g = 0; g < s->n_groups; g++) {
        const int32_t begin = s->group_begin[g], end = s->group_begin[g + 1];
        if (timed)
            by_time(s, d, begin, end, rows ? rows * s->step : day, season);
        else
            by_rows(begin, end, rows, season);
    }
    for (int32_t i = 0; i < s->rows; i++)
        if (season[i] >= 0 && d->broken[season[i]]) season[i] = -1;
    if (rows) warn_of_none(s, season, log);
    s->season = season;
    return NAS_OK;
}
