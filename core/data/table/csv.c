/* core/data/table/csv.c - tables of text: the header and the rows. */
#include "core/data/table/csv.h"

#include "base/files/file.h"
#include "base/files/gunzip.h"
#include "core/data/table/csv_int.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MOST = 4096, NAME_MOST = 4096 };

struct nas_csv {
    nas_arena *arena;
    const char *path;
    nas_mapped map;
    uint8_t *unpacked;      /* of gzip, in place of the map */
    const char *rows, *end; /* after the header; of the file */
    char delimiter, decimal;
    bool quotes;                /* there are some anywhere */
    int64_t header_lines;       /* line of the first row, less 1 */
    int64_t empty, first_empty; /* rows of nothing but delimiters at the end; line of the first */
    int32_t n;
    const char **names;
};

static nas_status wrong(const nas_csv *c, int64_t line, nas_err *err, const char *what) {
    return nas_fail(err, NAS_EFORMAT, "%s:%lld: %s", c->path, (long long)line, what);
}

/* The delimiter that stands most often outside of quotes in the first line. */
static char find_delimiter(const char *p, const char *end) {
    static const char candidates[] = {',', ';', '\t', '|'};
    int64_t count[sizeof candidates] = {0};
    const char *start = p;
    bool quoted = false;
    for (; p < end && (quoted || (*p != '\n' && *p != '\r')); p++) {
        /* Only a cell that begins with one is quoted. */
        if (*p == '"' && (quoted || p == start || strchr(",;\t|", p[-1]))) quoted = !quoted;
        for (size_t i = 0; i < sizeof candidates; i++) count[i] += !quoted && *p == candidates[i];
    }
    size_t best = 0;
    for (size_t i = 1; i < sizeof candidates; i++)
        if (count[i] > count[best]) best = i;
    return candidates[best];
}

/* A quoted cell from its first quote on; *after: behind its last. NULL: it does not end. */
static const char *quoted_end(const char *p, const char *end, int64_t *line, bool *doubled) {
    *doubled = false;
    for (p++; p < end; p++) {
        if (*p == '\n') ++*line;
        if (*p != '"') continue;
        if (p + 1 == end || p[1] != '"') return p;
        *doubled = true;
        p++;
    }
    return NULL;
}

/* The next cell of a row; what follows it is a delimiter, a line end or the end. NULL: an open
 * quote. Doubled quotes stay as they are: numbers and times have none. */
static const char *next_cell(const nas_csv *c, const char *p, int64_t *line, nas_cell *cell,
                             bool *doubled) {
    const char *end = c->end, delimiter = c->delimiter;
    const char *start = p;
    *doubled = false;
    if (c->quotes && p < end && *p == '"') {
        const char *q = quoted_end(p, end, line, doubled);
        if (!q) return NULL;
        *cell = (nas_cell){p + 1, (int32_t)(q - p - 1)};
        for (p = q + 1; p < end && *p == ' ';) p++;
        const bool ends = p == end || *p == delimiter || *p == '\n' || *p == '\r';
        return ends ? p : NULL;
    }
    while (p < end && *p != delimiter && *p != '\n' && *p != '\r') p++;
    *cell = (nas_cell){start, (int32_t)(p - start)};
    return p;
}

/* Over a line end of any kind. */
static const char *over_line_end(const char *p, const char *end) {
    if (p < end && *p == '\r') p++;
    if (p < end && *p == '\n') p++;
    return p;
}

/* Bytes of the character at p (RFC 3629, section 4); 0: it is none. */
static int32_t utf8_bytes(const unsigned char *p, int32_t left) {
    const int32_t n = *p < 0x80                  ? 1
                      : *p >= 0xc2 && *p <= 0xdf ? 2
                      : (*p & 0xf0) == 0xe0      ? 3
                      : *p >= 0xf0 && *p <= 0xf4 ? 4
                                                 : 0;
    if (!n || n > left) return 0;
    for (int32_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    /* Not as short as it could be, a surrogate, beyond U+10FFFF. */
    if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f)) return 0;
    return (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f) ? 0 : n;
}

static bool is_utf8(const char *p, const char *end) {
    while (p < end) {
        const int64_t left = end - p;
        const int32_t n = utf8_bytes((const unsigned char *)p, left < 4 ? (int32_t)left : 4);
        if (!n) return false;
        p += n;
    }
    return true;
}

/* A text as UTF-8, blanks around it left out. */
static const char *text_of(nas_arena *a, nas_cell cell, bool utf8, bool doubled, nas_err *err) {
    while (cell.n && *cell.p == ' ') cell.p++, cell.n--;
    while (cell.n && cell.p[cell.n - 1] == ' ') cell.n--;
    char *out = nas_arena_alloc(a, 2 * (size_t)cell.n + 1, err), *to = out;
    if (!out) return NULL;
    for (int32_t i = 0; i < cell.n; i++) {
        const unsigned char b = (unsigned char)cell.p[i];
        if (utf8 || b < 0x80) {
            *to++ = (char)b;
            i += doubled && b == '"';
        } else {
            *to++ = (char)(0xc0 | b >> 6);
            *to++ = (char)(0x80 | (b & 0x3f));
        }
    }
    return out;
}

const char *nas_csv_text(nas_arena *a, nas_cell cell, nas_err *err) {
    return text_of(a, cell, is_utf8(cell.p, cell.p + cell.n), false, err);
}

bool nas_csv_is(nas_cell cell, const char *text) {
    const unsigned char *p = (const unsigned char *)cell.p, *end = p + cell.n;
    const unsigned char *t = (const unsigned char *)text;
    if ((size_t)cell.n == strlen(text) && memcmp(cell.p, text, (size_t)cell.n) == 0) return true;
    if (is_utf8(cell.p, cell.p + cell.n)) return false;
    for (; p < end; p++) {
        if (*p >= 0x80 && *t++ != (0xc0 | *p >> 6)) return false;
        if (*t++ != (*p < 0x80 ? *p : (0x80 | (*p & 0x3f))) || !*p) return false;
    }
    return !*t;
}

static nas_status read_header(nas_csv *c, const char *p, nas_err *err) {
    int64_t line = 1;
    const char *start = p, *stop = p;
    bool *doubled = nas_arena_array(c->arena, COLUMNS_MOST, sizeof *doubled, err);
    nas_cell *cells = nas_arena_array(c->arena, COLUMNS_MOST, sizeof *cells, err);
    if (!doubled || !cells) return NAS_ENOMEM;
    for (;; p++) {
        if (c->n == COLUMNS_MOST) return wrong(c, 1, err, "more than 4096 columns");
        stop = next_cell(c, p, &line, &cells[c->n], &doubled[c->n]);
        if (!stop)
            return wrong(c, 1, err,
                         "the header has a quote that does not end, or text after one that does");
        c->n++;
        p = stop;
        if (p == c->end || *p != c->delimiter) break;
    }
    const bool utf8 = is_utf8(start, stop);
    c->names = nas_arena_array(c->arena, (size_t)c->n, sizeof *c->names, err);
    if (!c->names) return NAS_ENOMEM;
    for (int32_t i = 0; i < c->n; i++) {
        if (cells[i].n > NAME_MOST) cells[i].n = NAME_MOST;
        c->names[i] = text_of(c->arena, cells[i], utf8, doubled[i], err);
        if (!c->names[i]) return NAS_ENOMEM;
    }
    c->rows = over_line_end(p, c->end);
    c->header_lines = line;
    return NAS_OK;
}

/* Takes rows off the end that hold nothing but delimiters, as spreadsheets leave them. */
static void cut_empty_rows(nas_csv *c) {
    const char *p = c->end;
    while (p > c->rows && (p[-1] == c->delimiter || p[-1] == '\n' || p[-1] == '\r' ||
                           p[-1] == ' ' || p[-1] == '\t'))
        p--;
    while (p > c->rows && p < c->end && *p != '\n' && *p != '\r') p++;
    const char *end = p > c->rows ? over_line_end(p, c->end) : p;
    for (const char *row = end, *next; row < c->end; row = next) {
        for (next = row; next < c->end && *next != '\n' && *next != '\r';) next++;
        if (next > row && !c->empty++) {
            c->first_empty = c->header_lines + 1;
            for (const char *q = c->rows; q < row; q++)
                c->first_empty += *q == '\n' || (*q == '\r' && q[1] != '\n');
        }
        next = over_line_end(next, c->end);
    }
    if (c->empty) c->end = end;
}

/* The file's text, unpacked where it is gzip. It is read once, as it is gone through several times
 * and must not change meanwhile. */
static nas_status read_text(nas_csv *c, const char **p, nas_err *err) {
    NAS_TRY(nas_file_load(c->path, INT32_MAX, &c->map, err));
    if (!c->map.bytes) return nas_fail(err, NAS_EFORMAT, "%s is empty; expected a header", c->path);
    *p = (const char *)c->map.p;
    size_t n = c->map.bytes;
    if (nas_is_gzip(c->map.p, n)) {
        NAS_TRY(nas_gunzip(c->path, c->map.p, n, INT32_MAX, &c->unpacked, &n, err));
        *p = (const char *)c->unpacked;
    }
    if (n > INT32_MAX)
        return nas_fail(err, NAS_EFORMAT, "%s has %zu bytes; at most %d are read", c->path, n,
                        INT32_MAX);
    c->end = *p + n;
    NAS_TRY(nas_csv_refuse(c->path, *p, n, err));
    if (n >= 3 && !memcmp(*p, "\xef\xbb\xbf", 3)) *p += 3;
    if (*p == c->end) return nas_fail(err, NAS_EFORMAT, "%s is empty; expected a header", c->path);
    return NAS_OK;
}

static nas_status open_in(nas_csv *c, const char *path, nas_err *err) {
    const char *p = NULL;
    NAS_TRY(nas_arena_open(&c->arena, err));
    if (!(c->path = nas_arena_text(c->arena, path, err))) return NAS_ENOMEM;
    if (nas_path_is_dir(path))
        return nas_fail(err, NAS_EINVAL, "%s is a folder; expected a CSV file", path);
    NAS_TRY(read_text(c, &p, err));
    c->delimiter = find_delimiter(p, c->end);
    c->decimal = c->delimiter == ',' ? '.' : ',';
    c->quotes = memchr(p, '"', (size_t)(c->end - p)) != NULL;
    NAS_TRY(read_header(c, p, err));
    cut_empty_rows(c);
    return NAS_OK;
}

nas_status nas_csv_open(const char *path, nas_csv **out, nas_err *err) {
    *out = NULL;
    nas_csv *c = calloc(1, sizeof *c);
    if (!c) return nas_fail(err, NAS_ENOMEM, "%s: out of memory", path);
    const nas_status st = open_in(c, path, err);
    if (st == NAS_OK)
        *out = c;
    else
        nas_csv_close(c);
    return st;
}

void nas_csv_close(nas_csv *c) {
    if (!c) return;
    nas_file_unmap(&c->map);
    free(c->unpacked);
    nas_arena_close(c->arena);
    free(c);
}

nas_hash nas_csv_hash(const nas_csv *c) {
    return nas_hash_of(c->map.p, c->map.bytes);
}

int32_t nas_csv_columns(const nas_csv *c) {
    return c->n;
}

const char *nas_csv_name(const nas_csv *c, int32_t column) {
    return c->names[column];
}

int32_t nas_csv_find(const nas_csv *c, const char *name) {
    for (int32_t i = 0; i < c->n; i++)
        if (strcmp(c->names[i], name) == 0) return i;
    return -1;
}

int64_t nas_csv_lines(const nas_csv *c) {
    int64_t n = 1;
    for (const char *p = c->rows; p < c->end; p++) n += *p == '\n' || *p == '\r';
    return n;
}

int64_t nas_csv_empty_rows(const nas_csv *c, int64_t *line) {
    *line = c->first_empty;
    return c->empty;
}

const char *nas_csv_path(const nas_csv *c) {
    return c->path;
}

char nas_csv_delimiter(const nas_csv *c) {
    return c->delimiter;
}

bool nas_csv_quotes(const nas_csv *c) {
    return c->quotes;
}

char nas_csv_decimal(const nas_csv *c) {
    return c->decimal;
}

void nas_csv_set_decimal(nas_csv *c, char sign) {
    c->decimal = sign;
}

typedef struct reader {
    const nas_csv *c;
    int32_t n;
    const int32_t *slot; /* of each column: where its cell goes; -1: nowhere */
    nas_cell *cells;
} reader;

/* One row; *p is behind its line end afterwards. *empty: there was nothing on it. */
static nas_status read_row(const reader *r, const char **p, int64_t *line, bool *empty,
                           nas_err *err) {
    const nas_csv *c = r->c;
    const int64_t first = *line;
    int32_t column = 0;
    const char *at = *p;
    nas_cell cell;
    bool doubled;
    for (;; at++, column++) {
        at = next_cell(c, at, line, &cell, &doubled);
        if (!at)
            return wrong(c, first, err, "a quote that does not end, or text after one that does");
        if (column < c->n && r->slot[column] >= 0) r->cells[r->slot[column]] = cell;
        if (at == c->end || *at != c->delimiter) break;
    }
    *empty = column == 0 && cell.n == 0;
    *p = over_line_end(at, c->end);
    ++*line;
    if (*empty || column + 1 == c->n) return NAS_OK;
    return nas_fail(err, NAS_EFORMAT, "%s:%lld: %d cells, but the header has %d%s", c->path,
                    (long long)first, column + 1, c->n,
                    c->n == 1 && column == 1 && c->delimiter == ','
                        ? "; a comma parts cells here: numbers with a decimal comma need quotes"
                        : "");
}

static bool is_blank(const char *p, const char *end) {
    while (p < end && (*p == '\n' || *p == '\r')) p++;
    return p == end;
}

static nas_status read_all(const reader *r, nas_csv_fn row, void *ctx, nas_err *err) {
    const char *p = r->c->rows;
    int64_t line = r->c->header_lines + 1;
    while (p < r->c->end) {
        const int64_t at = line;
        bool empty;
        NAS_TRY(read_row(r, &p, &line, &empty, err));
        /* Of one column a blank line is a missing value, unless only blank ones follow. */
        if (r->c->n == 1 && !is_blank(p, r->c->end)) empty = false;
        if (!empty) NAS_TRY(row(ctx, at, r->cells, err));
    }
    return NAS_OK;
}

nas_status nas_csv_read(const nas_csv *c, int32_t n, const int32_t *wanted, nas_csv_fn row,
                        void *ctx, nas_err *err) {
    /* A column that is wanted twice is read once and copied by whoever asks. */
    int32_t *slot = malloc((size_t)c->n * sizeof *slot);
    nas_cell *cells = calloc((size_t)n + 1, sizeof *cells);
    nas_status st = slot && cells ? NAS_OK : nas_fail(err, NAS_ENOMEM, "out of memory");
    for (int32_t i = 0; slot && i < c->n; i++) slot[i] = -1;
    for (int32_t i = 0; slot && i < n; i++) slot[wanted[i]] = i;
    const reader r = {.c = c, .n = n, .slot = slot, .cells = cells};
    if (st == NAS_OK) st = read_all(&r, row, ctx, err);
    free(slot);
    free(cells);
    return st;
}
