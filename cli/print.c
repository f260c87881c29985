/* cli/print.c - numbers, durations and tables as people read them. */
#include "cli/cli.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *cli_thousands(int64_t v, char out[32]) {
    char digits[32];
    const int n = snprintf(digits, sizeof digits, "%" PRId64, v < 0 ? -v : v);
    char *p = out;
    if (v < 0) *p++ = '-';
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0) *p++ = ',';
        *p++ = digits[i];
    }
    *p = '\0';
    return out;
}

const char *cli_duration(double seconds, char out[32]) {
    const long whole = lround(seconds);
    if (seconds < 60)
        snprintf(out, 32, "%.1f s", seconds);
    else if (whole < 3600)
        snprintf(out, 32, "%ld min %02ld s", whole / 60, whole % 60);
    else
        snprintf(out, 32, "%ld h %02ld min", whole / 3600, whole % 3600 / 60);
    return out;
}

const char *cli_value(const nas_value *v, char *out, size_t n) {
    if (v->is_null)
        snprintf(out, n, "%s", "");
    else if (v->type == NAS_COLUMN_INTEGER)
        snprintf(out, n, "%" PRId64, v->integer);
    else if (v->type == NAS_COLUMN_REAL)
        snprintf(out, n, "%.6g", v->real);
    else if (v->type == NAS_COLUMN_BLOB)
        snprintf(out, n, "<%" PRId64 " bytes>", v->integer);
    else
        snprintf(out, n, "%s", v->text);
    return out;
}

typedef struct cell {
    char *text;
    bool right;
} cell;

enum { MAX_COLUMNS = 256 };

struct cli_table {
    cell *cells;
    size_t n, room, *row_ends, rows, row_room;
};

static void *grow(void *p, size_t *room, size_t n, size_t size) {
    if (n < *room) return p;
    *room = *room ? *room * 2 : 64;
    p = realloc(p, *room * size);
    if (!p) {
        fputs("nas: out of memory\n", stderr);
        exit(CLI_FAILED);
    }
    return p;
}

cli_table *cli_table_open(void) {
    size_t none = 0;
    cli_table *t = grow(NULL, &none, 0, sizeof *t);
    *t = (cli_table){0};
    return t;
}

void cli_table_cell(cli_table *t, const char *text, bool right) {
    t->cells = grow(t->cells, &t->room, t->n, sizeof *t->cells);
    t->cells[t->n++] = (cell){strdup(text ? text : ""), right};
}

void cli_table_row(cli_table *t) {
    t->row_ends = grow(t->row_ends, &t->row_room, t->rows, sizeof *t->row_ends);
    t->row_ends[t->rows++] = t->n;
}

/* Characters, not bytes: UTF-8's continuation bytes take no room on the screen. */
static int width_of(const char *s) {
    int n = 0;
    for (; s && *s; s++) n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static void pad(int n) {
    for (; n > 0; n--) putchar(' ');
}

void cli_table_print(const cli_table *t) {
    int width[MAX_COLUMNS] = {0};
    for (size_t r = 0, i = 0; r < t->rows; r++)
        for (size_t c = 0; i < t->row_ends[r]; i++, c++) {
            const int w = width_of(t->cells[i].text);
            if (c < MAX_COLUMNS && w > width[c]) width[c] = w;
        }
    for (size_t r = 0, i = 0; r < t->rows; r++) {
        for (size_t c = 0; i < t->row_ends[r]; i++, c++) {
            const cell *k = &t->cells[i];
            const int room = c < MAX_COLUMNS ? width[c] - width_of(k->text) : 0;
            if (c) fputs("  ", stdout);
            if (k->right) pad(room);
            fputs(k->text, stdout);
            if (!k->right && i + 1 < t->row_ends[r]) pad(room);
        }
        putchar('\n');
    }
}

void cli_table_close(cli_table *t) {
    if (!t) return;
    for (size_t i = 0; i < t->n; i++) free(t->cells[i].text);
    free(t->cells);
    free(t->row_ends);
    free(t);
}
