/* core/data/table/series_explain.c - finds the column that tells several series of one table apart.
 */
#include "core/data/table/series_int.h"

#include <limits.h>
#include <string.h>

enum { WORDS_MOST = 1000, ROWS_OF_A_WORD = 4, ROWS_LOOKED_AT = 100 };

typedef struct search {
    const nas_draft *d;
    int32_t row, rows, bad;
    bool clock;
    nas_words words;
    nas_arena *arena;
    int64_t last[WORDS_MOST];
} search;

/* 17:24:00, 18.00.00, 7: what may stand beside a date. */
static bool is_clock(nas_cell c) {
    int32_t digits = 0, signs = 0, hour = 0;
    for (int32_t i = 0; i < c.n; i++) {
        const bool digit = c.p[i] >= '0' && c.p[i] <= '9';
        if (!digit && c.p[i] != ':' && c.p[i] != '.') return false;
        if (!digit) signs++;
        if (digit && !signs) hour = hour * 10 + c.p[i] - '0';
        if (digit && ++digits > 6) return false;
    }
    return digits > 0 && hour <= 24 && (signs != 1 || memchr(c.p, ':', (size_t)c.n));
}

/* Does the time that is read have no hours? */
static bool is_date(const nas_series_config *k) {
    const char *f = k->time_format;
    if (!f) return k->n_time < 4;
    return strchr(f, '%') && !strstr(f, "%H") && !strstr(f, "%I") && !strstr(f, "%T");
}

/* Stops where the column has too many words to tell series apart, or explains nothing. */
static nas_status take(void *ctx, int64_t line, const nas_cell *cells, nas_err *err) {
    search *q = ctx;
    int32_t word;
    const int32_t before = q->words.n;
    (void)line;
    if (q->row == q->rows) return NAS_ESTOP;
    NAS_TRY(nas_words_number(&q->words, q->arena, cells[0], &word, err));
    if (word >= WORDS_MOST) return NAS_ESTOP;
    const int64_t now = q->d->time[q->row++];
    if (q->words.n > before)
        q->clock &= is_clock(cells[0]);
    else if (now <= q->last[word])
        q->bad++;
    q->last[word] = now;
    /* A few rows that stand twice are no reason against it. */
    return (int64_t)q->bad * 100 > q->rows ? NAS_ESTOP : NAS_OK;
}

static nas_status try_column(const nas_series *s, const nas_csv *csv, const nas_draft *d,
                             int32_t column, search *q, bool *fits, nas_err *err) {
    *q = (search){.d = d, .rows = s->rows, .clock = is_date(&s->config)};
    NAS_TRY(nas_arena_open(&q->arena, err));
    const nas_status st = nas_csv_read(csv, 1, &column, take, q, err);
    nas_arena_close(q->arena);
    *fits = st == NAS_OK && q->words.n > 1 && q->words.n <= s->rows / ROWS_OF_A_WORD;
    return st == NAS_ESTOP ? NAS_OK : st;
}

/* Of the first rows: a clock with signs in it. */
typedef struct look {
    int32_t rows;
    bool clock;
} look;

static nas_status look_at(void *ctx, int64_t line, const nas_cell *cells, nas_err *err) {
    look *q = ctx;
    const nas_cell c = cells[0];
    (void)line;
    (void)err;
    q->clock &= is_clock(c) && (memchr(c.p, ':', (size_t)c.n) || memchr(c.p, '.', (size_t)c.n));
    return q->clock && ++q->rows < ROWS_LOOKED_AT ? NAS_OK : NAS_ESTOP;
}

static nas_status find_clock(const nas_csv *csv, const char **name, nas_err *err) {
    for (int32_t c = 0; !*name && c < nas_csv_columns(csv); c++) {
        look q = {.clock = true};
        const nas_status st = nas_csv_read(csv, 1, &c, look_at, &q, err);
        if (st != NAS_ESTOP) NAS_TRY(st);
        if (q.clock && q.rows) *name = nas_csv_name(csv, c);
    }
    return NAS_OK;
}

nas_status nas_series_explain(const nas_series *s, const nas_csv *csv, const nas_draft *d,
                              nas_explained *out, nas_err *err) {
    search *q = nas_arena_alloc(s->arena, sizeof *q, err);
    int32_t fewest = INT32_MAX;
    *out = (nas_explained){0};
    if (!q) return NAS_ENOMEM;
    for (int32_t c = 0; d->time && c < nas_csv_columns(csv); c++) {
        bool fits;
        NAS_TRY(try_column(s, csv, d, c, q, &fits, err));
        if (!fits || q->words.n >= fewest) continue;
        fewest = q->words.n;
        *out = (nas_explained){nas_csv_name(csv, c), q->words.n, q->clock};
    }
    if (!out->column && is_date(&s->config)) {
        NAS_TRY(find_clock(csv, &out->column, err));
        out->clock = out->column != NULL;
    }
    if (!out->column) return NAS_OK;
    out->column = nas_arena_text(s->arena, out->column, err);
    return out->column ? NAS_OK : NAS_ENOMEM;
}
