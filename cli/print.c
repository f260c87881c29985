/* cli/print.c - numbers, durations and tables as people read them. */
#include "cli/cli.h"

#include "base/text/visible.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int cli_folder_length(const char *folder) {
    size_t n = strlen(folder);
    while (n && folder[n - 1] == '/') n--;
    return (int)n;
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

_Noreturn static void out_of_memory(void) {
    fputs("nas: out of memory\n", stderr);
    exit(CLI_FAILED);
}

void cli_print_visible(FILE *f, const char *s, bool keep_lines) {
    char text[NAS_VISIBLE];
    for (int n; *s; s += n) {
        n = nas_visible(s, text);
        fputs(*s == '\n' && keep_lines ? "\n" : text, f);
    }
}

char *cli_visible(const char *s, bool keep_lines) {
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (f) cli_print_visible(f, s, keep_lines);
    if (f && fclose(f) == 0) return text;
    out_of_memory();
}

void cli_print_json_text(const char *s) {
    putchar('"');
    for (int n; *s; s += n ? n : 1) {
        unsigned code;
        n = nas_utf8_bytes(s);
        if (*s == '"' || *s == '\\')
            printf("\\%c", *s);
        else if (*s == '\n')
            fputs("\\n", stdout);
        else if (!n)
            fputs("\\ufffd", stdout);
        else if (nas_is_control(s, n, &code))
            printf("\\u%04x", code);
        else
            printf("%.*s", n, s);
    }
    putchar('"');
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
    if (!p) out_of_memory();
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
        if (!f || fclose(f) != 0) out_of_memory();
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
