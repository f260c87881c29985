/* core/data/table/series.c - reads the columns of a series, and finds its windows. */
#include "core/data/table/series_int.h"

#include "base/text/word.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const nas_series_derived[] = {"hour_sin", "hour_cos", "year_sin", "year_cos", NULL};

enum { MOST_CELLS = NAS_INPUTS_MOST + NAS_TARGETS_MOST + NAS_TIME_PARTS + 1 };

/* Where an input comes from: a cell of the row, what that cell says, or the time. */
typedef struct source {
    int32_t cell;     /* -1: of the time */
    int32_t derived;  /* index into nas_series_derived */
    const char *word; /* 1 where the cell is this, else 0; NULL: the cell's number */
} source;

typedef struct loader {
    nas_series *s;
    nas_csv *csv;
    const nas_series_config *k;
    int32_t n_cells, columns[MOST_CELLS];
    source input[NAS_INPUTS_MOST];
    int32_t target[NAS_TARGETS_MOST], time[NAS_TIME_PARTS], group; /* cells */
    int32_t n_numbers, number_cell[MOST_CELLS]; /* cells of the columns of numbers */
    int32_t input_number[NAS_INPUTS_MOST], target_number[NAS_TARGETS_MOST];
    nas_missing_config missing;
    nas_numbers numbers;
    int64_t blank, first_blank; /* rows without a time and without a value, line of the first */
    int32_t room;
    int64_t seconds; /* of the row, as its own clock shows them */
    nas_draft draft;
} loader;

static nas_status no_column(const loader *l, const char *name, nas_err *err) {
    const int32_t n = nas_csv_columns(l->csv);
    const char **names = nas_arena_array(l->s->arena, (size_t)n + 1, sizeof *names, err);
    if (!names) return NAS_ENOMEM;
    for (int32_t i = 0; i < n; i++) names[i] = nas_csv_name(l->csv, i);
    const char *near = nas_nearest(name, names);
    return nas_fail(err, NAS_EINVAL, "%s:1: no column \"%.100s\"; %s \"%.100s\"%s", l->s->path,
                    name, near ? "did you mean" : "the first one is", near ? near : names[0],
                    near ? "?" : "; task names the columns, and --set says it without an edit");
}

/* The cell of a column, each column once. */
static nas_status cell_of(loader *l, const char *name, int32_t *cell, nas_err *err) {
    const int32_t column = nas_csv_find(l->csv, name);
    if (column < 0) return no_column(l, name, err);
    for (int32_t i = column + 1; i < nas_csv_columns(l->csv); i++)
        if (strcmp(nas_csv_name(l->csv, i), name) == 0)
            return nas_fail(err, NAS_EFORMAT,
                            "%s:1: columns %d and %d are both named \"%.100s\"; give each a name "
                            "of its own",
                            l->s->path, column + 1, i + 1, name);
    for (*cell = 0; *cell < l->n_cells; ++*cell)
        if (l->columns[*cell] == column) return NAS_OK;
    l->columns[l->n_cells++] = column;
    return NAS_OK;
}

/* "cbwd=NW": the column before the last sign, and the word behind it. */
static nas_status find_word(loader *l, const char *name, source *from, nas_err *err) {
    const char *sign = strrchr(name, '=');
    if (!sign) return cell_of(l, name, &from->cell, err);
    const char *column = nas_arena_format(l->s->arena, err, "%.*s", (int)(sign - name), name);
    if (!column) return NAS_ENOMEM;
    from->word = sign + 1;
    return cell_of(l, column, &from->cell, err);
}

static nas_status find_input(loader *l, const char *name, source *from, nas_err *err) {
    *from = (source){.cell = -1};
    if (nas_csv_find(l->csv, name) >= 0) return cell_of(l, name, &from->cell, err);
    while (nas_series_derived[from->derived] &&
           strcmp(nas_series_derived[from->derived], name) != 0)
        from->derived++;
    if (!nas_series_derived[from->derived]) return find_word(l, name, from, err);
    if (l->k->n_time) return NAS_OK;
    return nas_fail(err, NAS_EINVAL,
                    "task.inputs: %s is made of the time; say where it stands: task.time", name);
}

/* The column of numbers that a cell is, each once. */
static int32_t number_of(loader *l, int32_t cell) {
    int32_t i = 0;
    while (i < l->n_numbers && l->number_cell[i] != cell) i++;
    if (i == l->n_numbers) l->number_cell[l->n_numbers++] = cell;
    return i;
}

static nas_status find_columns(loader *l, nas_err *err) {
    const nas_series_config *k = l->k;
    for (int32_t i = 0; i < k->n_inputs; i++) {
        source *from = &l->input[i];
        NAS_TRY(find_input(l, k->inputs[i], from, err));
        const bool number = from->cell >= 0 && !from->word;
        l->input_number[i] = number ? number_of(l, from->cell) : -1;
    }
    for (int32_t i = 0; i < k->n_targets; i++) {
        NAS_TRY(cell_of(l, k->targets[i], &l->target[i], err));
        l->target_number[i] = number_of(l, l->target[i]);
    }
    for (int32_t i = 0; i < k->n_time; i++) NAS_TRY(cell_of(l, k->time[i], &l->time[i], err));
    return k->group ? cell_of(l, k->group, &l->group, err) : NAS_OK;
}

static nas_status make_room(loader *l, nas_err *err) {
    const int64_t lines = nas_csv_lines(l->csv);
    if (lines > INT32_MAX / 2)
        return nas_fail(err, NAS_EFORMAT, "%s: %lld lines; at most %d are read", l->s->path,
                        (long long)lines, INT32_MAX / 2);
    const size_t n = (size_t)lines;
    nas_arena *a = l->s->arena;
    nas_draft *d = &l->draft;
    l->room = (int32_t)lines;
    d->inputs = nas_arena_array(a, n * (size_t)l->k->n_inputs, sizeof *d->inputs, err);
    d->targets = nas_arena_array(a, n * (size_t)l->k->n_targets, sizeof *d->targets, err);
    d->broken = nas_arena_alloc(a, n, err);
    d->line = nas_arena_array(a, n, sizeof *d->line, err);
    if (!d->inputs || !d->targets || !d->broken || !d->line) return NAS_ENOMEM;
    if (l->k->n_time && !(d->time = nas_arena_array(a, n, sizeof *d->time, err))) return NAS_ENOMEM;
    if (l->k->group && !(d->group = nas_arena_array(a, n, sizeof *d->group, err)))
        return NAS_ENOMEM;
    return NAS_OK;
}

/* The columns of numbers: their decimal sign, and room. */
static nas_status open_numbers(loader *l, nas_err *err) {
    const nas_series_config *k = l->k;
    int32_t columns[MOST_CELLS];
    for (int32_t i = 0; i < l->n_numbers; i++) columns[i] = l->columns[l->number_cell[i]];
    NAS_TRY(nas_csv_find_decimal(l->csv, l->n_numbers, columns, (nas_decimal)k->decimal, err));
    l->missing = (nas_missing_config){.how = (nas_missing)k->missing,
                                      .longest = k->missing_longest,
                                      .n_none = k->n_none,
                                      .none = k->none};
    NAS_TRY(
        nas_numbers_open(l->csv, l->s->path, &l->missing, l->n_numbers, l->room, &l->numbers, err));
    for (int32_t i = 0; i < l->n_numbers; i++)
        if (nas_numbers_add(&l->numbers, nas_csv_name(l->csv, columns[i]), err) < 0)
            return NAS_ENOMEM;
    l->numbers.line = l->draft.line;
    l->draft.numbers = &l->numbers;
    l->draft.input_number = l->input_number;
    l->draft.target_number = l->target_number;
    return NAS_OK;
}

static nas_status bad_cell(const loader *l, int64_t line, int32_t cell, nas_cell got,
                           const char *expected, nas_err *err) {
    const int32_t n = got.n < 40 ? got.n : 40;
    return nas_fail(err, NAS_EFORMAT, "%s:%lld: column \"%.100s\": expected %s, got \"%.*s\"",
                    l->s->path, (long long)line, nas_csv_name(l->csv, l->columns[cell]), expected,
                    n, got.p);
}

static nas_status note_time(loader *l, int64_t line, const nas_cell *cells, nas_err *err) {
    nas_cell parts[NAS_TIME_PARTS];
    nas_instant t;
    int32_t at;
    char why[256];
    if (!l->k->n_time) return NAS_OK;
    for (int32_t i = 0; i < l->k->n_time; i++) parts[i] = cells[l->time[i]];
    if (nas_series_time(l->k, l->csv, parts, &t, &at, why)) {
        l->draft.time[l->s->rows] = t.micros;
        l->seconds = t.micros / NAS_SECOND - (t.micros % NAS_SECOND < 0) + t.offset;
        return NAS_OK;
    }
    if (at >= 0) return bad_cell(l, line, l->time[at], parts[at], why, err);
    if (!l->k->time_format)
        return nas_fail(err, NAS_EFORMAT, "%s:%lld: %s", l->s->path, (long long)line, why);
    return nas_fail(err, NAS_EFORMAT,
                    "%s:%lld: columns \"%.60s\" ...: expected %s, got \"%.*s %.*s\"", l->s->path,
                    (long long)line, l->k->time[0], why, parts[0].n < 40 ? parts[0].n : 40,
                    parts[0].p, parts[1].n < 40 ? parts[1].n : 40, parts[1].p);
}

static nas_status note_group(loader *l, int64_t line, const nas_cell *cells, nas_err *err) {
    const int32_t row = l->s->rows;
    if (!l->k->group) return NAS_OK;
    const nas_cell c = cells[l->group];
    NAS_TRY(nas_words_number(&l->draft.groups, l->s->arena, c, &l->draft.group[row], err));
    if (*l->draft.groups.word[l->draft.group[row]]) return NAS_OK;
    return bad_cell(l, line, l->group, c, "whose row it is (task.group)", err);
}

static double derive(int32_t which, int64_t seconds) {
    const double turn = which < 2 ? nas_time_of_day(seconds) : nas_time_of_year(seconds);
    return which % 2 ? cos(turn * 2 * M_PI) : sin(turn * 2 * M_PI);
}

/* Is a row without a time and without a value: of a spreadsheet's empty rows? */
static bool is_blank(const loader *l, const nas_cell *cells) {
    for (int32_t i = 0; i < l->n_cells; i++)
        if (cells[i].n) return false;
    return l->k->n_time > 0;
}

static nas_status take_row(void *ctx, int64_t line, const nas_cell *cells, nas_err *err) {
    loader *l = ctx;
    nas_series *s = l->s;
    const nas_series_config *k = l->k;
    if (s->rows == l->room) return nas_fail(err, NAS_EBUG, "%s: more rows than lines", s->path);
    if (is_blank(l, cells)) {
        if (!l->blank++) l->first_blank = line;
        return NAS_OK;
    }
    NAS_TRY(note_time(l, line, cells, err));
    NAS_TRY(note_group(l, line, cells, err));
    const size_t row = (size_t)s->rows;
    float *in = l->draft.inputs + row * (size_t)k->n_inputs;
    l->draft.line[row] = (int32_t)line;
    for (int32_t i = 0; i < k->n_inputs; i++) {
        const source *from = &l->input[i];
        if (from->cell < 0)
            in[i] = (float)derive(from->derived, l->seconds);
        else if (from->word)
            in[i] = nas_csv_is(cells[from->cell], from->word) ? 1 : 0;
    }
    l->numbers.rows = s->rows;
    for (int32_t i = 0; i < l->n_numbers; i++)
        NAS_TRY(nas_numbers_take(&l->numbers, i, line, cells[l->number_cell[i]], err));
    s->rows++;
    return NAS_OK;
}

static void warn_of_empty(const loader *l, const nas_log *log) {
    int64_t line;
    const int64_t at_end = nas_csv_empty_rows(l->csv, &line);
    if (at_end)
        nas_warn(log, "%s: %lld empty rows at the end, from line %lld on, are passed over",
                 l->s->path, (long long)at_end, (long long)line);
    if (l->blank)
        nas_warn(log,
                 "%s: %lld rows without a time and without a value, the first in line %lld, are "
                 "passed over",
                 l->s->path, (long long)l->blank, (long long)l->first_blank);
}

static void hash_values(nas_series *s) {
    const nas_series_config *k = &s->config;
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "series");
    nas_hasher_i64(&h, s->rows);
    for (int32_t i = 0; i < k->n_inputs; i++) nas_hasher_text(&h, k->inputs[i]);
    for (int32_t i = 0; i < k->n_targets; i++) {
        nas_hasher_text(&h, k->names[i]);
        nas_hasher_text(&h, k->targets[i]);
    }
    const size_t rows = (size_t)s->rows;
    nas_hasher_add(&h, s->inputs, rows * (size_t)k->n_inputs * sizeof *s->inputs);
    nas_hasher_add(&h, s->targets, rows * (size_t)k->n_targets * sizeof *s->targets);
    nas_hasher_add(&h, s->run, rows * sizeof *s->run);
    if (s->input_base) {
        nas_hasher_text(&h, "bases");
        nas_hasher_add(&h, s->input_base, (size_t)k->n_inputs * sizeof *s->input_base);
        nas_hasher_add(&h, s->target_base, (size_t)k->n_targets * sizeof *s->target_base);
    }
    if (s->filled) {
        nas_hasher_text(&h, "filled");
        nas_hasher_add(&h, s->filled, rows);
    }
    if (k->group)
        nas_hasher_add(&h, s->group_begin, ((size_t)s->n_groups + 1) * sizeof *s->group_begin);
    s->hash = nas_hasher_end(&h);
}

/* Were all targets of the window at row i measured, and is what it sees known by then? */
static bool is_measured(const nas_series *s, int32_t i) {
    const int32_t now = i + s->config.window - 1;
    if (!s->filled) return true;
    if (s->filled[now] & NAS_FILLED_AHEAD) return false;
    for (int32_t h = 1; h <= s->config.horizon; h++)
        if (s->filled[now + h] & NAS_FILLED_TARGET) return false;
    return true;
}

static void warn_of_filled(const nas_series *s, const nas_log *log) {
    const int32_t span = s->config.window + s->config.horizon;
    int32_t windows = 0, measured = 0;
    for (int32_t i = 0; s->filled && i + span <= s->rows; i++) {
        if (s->run[i] != s->run[i + span - 1]) continue;
        windows++;
        measured += is_measured(s, i);
    }
    if (measured < windows)
        nas_warn(log,
                 "%s: %d of %d windows are left out all the same: what they forecast was filled "
                 "and not measured%s",
                 s->path, windows - measured, windows,
                 s->config.missing == NAS_MISSING_INTERPOLATE
                     ? ", or their last row was interpolated from it"
                     : "");
}

static nas_status load(loader *l, const nas_log *log, nas_err *err) {
    nas_series *s = l->s;
    NAS_TRY(find_columns(l, err));
    NAS_TRY(make_room(l, err));
    NAS_TRY(open_numbers(l, err));
    NAS_TRY(nas_csv_read(l->csv, l->n_cells, l->columns, take_row, l, err));
    warn_of_empty(l, log);
    NAS_TRY(nas_series_group(s, &l->draft, err));
    NAS_TRY(nas_series_order(s, l->csv, &l->draft, log, err));
    NAS_TRY(nas_series_place(s, &l->draft, log, err));
    warn_of_filled(s, log);
    s->inputs = l->draft.inputs;
    s->targets = l->draft.targets;
    s->time = l->draft.time;
    s->line = l->draft.line;
    hash_values(s);
    return nas_series_find_season(s, &l->draft, log, err);
}

static nas_status open_in(nas_series *s, const char *path, const nas_log *log, nas_err *err) {
    NAS_TRY(nas_arena_open(&s->arena, err));
    if (!(s->path = nas_arena_text(s->arena, path, err))) return NAS_ENOMEM;
    loader *l = nas_arena_alloc(s->arena, sizeof *l, err);
    if (!l) return NAS_ENOMEM;
    l->s = s;
    l->k = &s->config;
    nas_csv *csv = NULL;
    NAS_TRY(nas_csv_open(path, &csv, err));
    l->csv = csv;
    s->file = nas_csv_hash(csv);
    const nas_status st = load(l, log, err);
    nas_numbers_close(&l->numbers);
    nas_csv_close(csv);
    return st;
}

nas_status nas_series_open(const char *path, const nas_series_config *config, const nas_log *log,
                           nas_series **out, nas_err *err) {
    *out = NULL;
    nas_series *s = calloc(1, sizeof *s);
    if (!s) return nas_fail(err, NAS_ENOMEM, "%s: out of memory", path);
    s->config = *config;
    const nas_status st = open_in(s, path, log, err);
    if (st == NAS_OK)
        *out = s;
    else
        nas_series_close(s);
    return st;
}

void nas_series_close(nas_series *s) {
    if (!s) return;
    nas_arena_close(s->arena);
    free(s);
}

nas_status nas_windows_in(const nas_series *s, const nas_spans *of, nas_arena *a, nas_windows *out,
                          nas_err *err) {
    const int32_t span = s->config.window + s->config.horizon;
    int64_t most = 0;
    *out = (nas_windows){0};
    for (int32_t g = 0; g < of->n; g++) {
        const int32_t fit = of->end[g] - of->begin[g] - span + 1;
        most += fit > 0 ? fit : 0;
    }
    if (most <= 0 || span <= 0) return NAS_OK;
    int32_t *first = nas_arena_array(a, (size_t)most, sizeof *first, err);
    if (!first) return NAS_ENOMEM;
    for (int32_t g = 0; g < of->n; g++)
        for (int32_t i = of->begin[g]; i + span <= of->end[g]; i++)
            if (s->run[i] == s->run[i + span - 1] && is_measured(s, i)) first[out->n++] = i;
    out->first = first;
    return NAS_OK;
}

nas_status nas_windows_find(const nas_series *s, int32_t begin, int32_t end, nas_arena *a,
                            nas_windows *out, nas_err *err) {
    const nas_spans one = {1, &begin, &end};
    return nas_windows_in(s, &one, a, out, err);
}
