/* cli/table.c - rows as tables with aligned columns. */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

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
    if (!p) cli_no_memory();
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
    t->cells[t->n++] = (cell){cli_visible(text ? text : "", false), right};
}

void cli_table_row(cli_table *t) {
    t->row_ends = grow(t->row_ends, &t->row_room, t->rows, sizeof *t->row_ends);
    t->row_ends[t->rows++] = t->n;
}

void cli_table_head(cli_table *t, int32_t column, bool right) {
    t->cells[column].right = right;
}

/* Characters, not bytes: UTF-8's continuation bytes take no room on the screen. */
static int width_of(const char *s) {
    int n = 0;
    for (; s && *s; s++) n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static void pad(FILE *f, int n) {
    for (; n > 0; n--) fputc(' ', f);
}

static void measure_columns(const cli_table *t, int width[MAX_COLUMNS]) {
    for (size_t r = 0, i = 0; r < t->rows; r++)
        for (size_t c = 0; i < t->row_ends[r]; i++, c++) {
            const int w = width_of(t->cells[i].text);
            if (c < MAX_COLUMNS && w > width[c]) width[c] = w;
        }
}

static void print_row(FILE *f, const cell *cells, size_t n, const int width[MAX_COLUMNS]) {
    while (n && !*cells[n - 1].text) n--; /* no blanks at the end of a line */
    for (size_t c = 0; c < n; c++) {
        const cell *k = &cells[c];
        const int room = c < MAX_COLUMNS ? width[c] - width_of(k->text) : 0;
        if (c) fputs("  ", f);
        if (k->right) pad(f, room);
        fputs(k->text, f);
        if (!k->right && c + 1 < n) pad(f, room);
    }
}

static void print_rows(const cli_table *t, bool cut) {
    int width[MAX_COLUMNS] = {0};
    measure_columns(t, width);
    for (size_t r = 0, i = 0; r < t->rows; i = t->row_ends[r++]) {
        char *line = NULL;
        size_t n = 0;
        FILE *f = open_memstream(&line, &n);
        if (f) print_row(f, t->cells + i, t->row_ends[r] - i, width);
        if (!f || fclose(f) != 0) cli_no_memory();
        if (cut)
            cli_print_line(line);
        else
            puts(line);
        free(line);
    }
}

void cli_table_print(const cli_table *t) {
    print_rows(t, false);
}

void cli_table_print_cut(const cli_table *t) {
    print_rows(t, true);
}

void cli_table_close(cli_table *t) {
    if (!t) return;
    for (size_t i = 0; i < t->n; i++) free(t->cells[i].text);
    free(t->cells);
    free(t->row_ends);
    free(t);
}
