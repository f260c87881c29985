/* tests/fuzz/fuzz_csv.c - libFuzzer target: any bytes as a CSV file, and as a series of its first
 * columns. */
#include "core/data/table/series.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>

enum { COLUMNS = 4, WINDOW = 3, HORIZON = 2 };

typedef struct walk {
    const nas_csv *c;
    int32_t n;
    int64_t line, rows;
} walk;

static nas_status look(void *ctx, int64_t line, const nas_cell *cells, nas_err *err) {
    walk *w = ctx;
    double v;
    (void)err;
    fuzz_demand(line > w->line, "lines go on", NULL);
    w->line = line;
    w->rows++;
    for (int32_t i = 0; i < w->n; i++) {
        unsigned sum = 0;
        for (int32_t k = 0; k < cells[i].n; k++) sum += (unsigned char)cells[i].p[k];
        if (nas_csv_number(w->c, cells[i], &v)) fuzz_demand(isfinite(v) != 0, "finite", NULL);
        fuzz_demand(sum < 1u << 31, "bytes", NULL);
    }
    return NAS_OK;
}

static void as_series(const char *path, const nas_csv *c, int32_t n) {
    const char *names[COLUMNS];
    const char *const target[] = {"t"};
    nas_err err = {0};
    nas_series *s;
    for (int32_t i = 0; i < n; i++) names[i] = nas_csv_name(c, i);
    static const struct {
        const char *format; /* of the time; NULL: it is not read */
        nas_missing missing;
    } modes[] = {{NULL, NAS_MISSING_ERROR},
                 {"%d.%m.%Y %H:%M:%S", NAS_MISSING_ERROR},
                 {"%d.%m.%Y %H:%M:%S", NAS_MISSING_DROP},
                 {"epoch_ms", NAS_MISSING_INTERPOLATE},
                 {"%d %b %y %I:%M:%S.%f %p %z", NAS_MISSING_PREVIOUS},
                 {"%F %T", NAS_MISSING_DROP},
                 {NULL, NAS_MISSING_PREVIOUS},
                 {"%d.%m.%Y %H:%M:%S", NAS_MISSING_INTERPOLATE}};
    static const nas_none none = {NULL, -999};
    for (int m = 0; m < (int)(sizeof modes / sizeof *modes); m++) {
        const char *format = modes[m].format;
        const nas_series_config k = {
            .n_inputs = n,
            .n_targets = 1,
            .inputs = names,
            .targets = names,
            .names = target,
            .n_time = !format           ? 0
                      : m == 5 && n > 1 ? 2
                                        : 1,
            .time = {names[n - 1], names[0]},
            .time_format = format,
            .tolerance = m == 4 ? 60 : 0,
            .group = m == 3 || m == 6 ? names[0] : NULL,
            .season = m == 4 ? 3 : -1,
            .missing = (int32_t)modes[m].missing,
            .missing_longest = 2,
            .n_none = 1,
            .none = &none,
            .window = WINDOW,
            .horizon = HORIZON,
        };
        if (!fuzz_taken(nas_series_open(path, &k, NULL, &s, &err), &err)) continue;
        nas_windows w;
        nas_arena *a;
        if (nas_arena_open(&a, &err) != NAS_OK) abort();
        if (fuzz_taken(nas_windows_find(s, 0, s->rows, a, &w, &err), &err))
            for (int32_t i = 0, g = 0; i < w.n; i++) {
                while (g + 1 < s->n_groups && w.first[i] >= s->group_begin[g + 1]) g++;
                fuzz_demand(w.first[i] >= s->group_begin[g] &&
                                w.first[i] + WINDOW + HORIZON <= s->group_begin[g + 1],
                            "window", NULL);
            }
        for (int32_t i = 0; s->season && i < s->rows; i++)
            fuzz_demand(s->season[i] < i, "season", NULL);
        nas_arena_close(a);
        nas_series_close(s);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    nas_err err = {0};
    nas_csv *c;
    const char *path = fuzz_file(data, n);
    if (!fuzz_taken(nas_csv_open(path, &c, &err), &err)) return 0;
    const int32_t wanted[COLUMNS] = {0, 1, 2, 3};
    const int32_t columns = nas_csv_columns(c) < COLUMNS ? nas_csv_columns(c) : COLUMNS;
    walk w = {.c = c, .n = columns};
    (void)fuzz_taken(nas_csv_read(c, columns, wanted, look, &w, &err), &err);
    fuzz_demand(w.rows <= nas_csv_lines(c), "more rows than lines", NULL);
    (void)nas_csv_find(c, "t");
    if (columns > 0) as_series(path, c, columns);
    nas_csv_close(c);
    return 0;
}
