/* core/data/table/csv_decimal.c - which of point and comma is the decimal sign of a table. */
#include "core/data/table/csv_int.h"

#include <stdlib.h>
#include <string.h>

enum { POINT, COMMA, SIGNS, SHOWN = 32 };

/* What a cell says of a sign. */
typedef enum hint {
    DECIMAL, /* "6,87": it can be nothing else */
    GROUP,   /* "1.046.000", "1.046,5" */
    EITHER,  /* "1.046" */
    HINTS
} hint;

typedef struct place {
    int64_t line; /* 0: nowhere */
    int32_t column;
    char cell[SHOWN];
} place;

typedef struct search {
    const nas_csv *c;
    int32_t n;
    const int32_t *columns;
    place first[SIGNS][HINTS];
    /* Of each column: its first "1.046", its first whole number below 1000; is there a larger one
     * without a sign? */
    place *either, *small;
    bool *large;
} search;

static void note(place *p, int64_t line, int32_t column, nas_cell cell) {
    if (p->line) return;
    const int32_t n = cell.n < SHOWN ? cell.n : SHOWN - 1;
    *p = (place){.line = line, .column = column};
    memcpy(p->cell, cell.p, (size_t)n);
}

/* The digits and signs of a number. */
typedef struct shape {
    int32_t count[SIGNS], last, before, after; /* digits before the first sign, after the last */
    bool parted, exponent, zero, threes; /* zero: it begins so; threes: between signs, and last */
} shape;

static bool is_digit(char b) {
    return b >= '0' && b <= '9';
}

/* false: it is no number, whatever the signs mean. */
static bool look_at(const char *p, const char *end, shape *s) {
    *s = (shape){.threes = true};
    while (p < end && (*p == ' ' || *p == '\t')) p++;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t')) end--;
    if (p < end && (*p == '-' || *p == '+')) p++;
    s->zero = p < end && *p == '0';
    bool signs = false;
    for (; p < end; p++) {
        const int32_t sign = *p == '.' ? POINT : *p == ',' ? COMMA : SIGNS;
        if (is_digit(*p)) {
            signs ? s->after++ : s->before++;
        } else if (sign < SIGNS) {
            if (signs) s->threes &= s->after == 3;
            signs = true;
            s->count[sign]++;
            s->last = sign;
            s->after = 0;
        } else if (*p == 'e' || *p == 'E') {
            s->exponent = true;
            break;
        } else {
            const int32_t group = nas_csv_group_sign(p, end, '.');
            if (!group) return false;
            s->parted = true;
            p += group - 1;
        }
    }
    return s->before + s->after > 0;
}

static void take(search *s, int32_t i, int64_t line, nas_cell cell) {
    shape k;
    if (!look_at(cell.p, cell.p + cell.n, &k)) return;
    const int32_t column = s->columns[i], other = 1 - k.last;
    const bool whole = k.before >= 1 && k.before <= 3 && !k.zero;
    if (k.count[POINT] + k.count[COMMA] == 0) {
        if (!k.exponent && k.before <= 3) note(&s->small[i], line, column, cell);
        s->large[i] |= k.before > 3;
    } else if (k.count[other]) {
        if (k.count[k.last] > 1 || !k.threes || !whole) return;
        note(&s->first[k.last][DECIMAL], line, column, cell);
        note(&s->first[other][GROUP], line, column, cell);
    } else if (k.count[k.last] > 1) {
        if (k.threes && k.after == 3 && whole) note(&s->first[k.last][GROUP], line, column, cell);
    } else if (k.after == 3 && whole && !k.exponent && !k.parted) {
        note(&s->first[k.last][EITHER], line, column, cell);
        note(&s->either[i], line, column, cell);
    } else {
        note(&s->first[k.last][DECIMAL], line, column, cell);
    }
}

static nas_status take_row(void *ctx, int64_t line, const nas_cell *cells, nas_err *err) {
    search *s = ctx;
    (void)err;
    for (int32_t i = 0; i < s->n; i++) take(s, i, line, cells[i]);
    return NAS_OK;
}

static nas_status refuse(const search *s, const place *a, const char *as, const place *b,
                         const char *and, nas_err *err) {
    return nas_fail(err, NAS_EFORMAT,
                    "%s:%lld: column \"%.60s\": \"%s\" has a %s, but line %lld, column \"%.60s\": "
                    "\"%s\" a %s; a file has one decimal sign: write all numbers alike",
                    nas_csv_path(s->c), (long long)a->line, nas_csv_name(s->c, a->column), a->cell,
                    as, (long long)b->line, nas_csv_name(s->c, b->column), b->cell, and);
}

static nas_status cannot_tell(const search *s, const place *a, const place *b, const char *why,
                              nas_err *err) {
    return nas_fail(err, NAS_EFORMAT,
                    "%s:%lld: column \"%.60s\": is \"%s\" a number of thousands or has it three "
                    "decimals? Beside \"%s\" in line %lld %s; set task.decimal to \"point\" or "
                    "\"comma\"",
                    nas_csv_path(s->c), (long long)a->line, nas_csv_name(s->c, a->column), a->cell,
                    b->cell, (long long)b->line, why);
}

/* A column whose numbers all have three digits behind a sign, but for small whole ones: 987 and
 * 1.046. -1: there is none. */
static int32_t mixed(const search *s) {
    for (int32_t i = 0; i < s->n; i++)
        if (s->either[i].line && s->small[i].line && !s->large[i]) return i;
    return -1;
}

/* No cell has a sign that can be but one thing. */
static nas_status guess(const search *s, char *out, nas_err *err) {
    const place *point = &s->first[POINT][EITHER], *comma = &s->first[COMMA][EITHER];
    const bool delimits = nas_csv_delimiter(s->c) == ',';
    const int32_t i = mixed(s);
    *out = comma->line ? ',' : '.';
    if (point->line && comma->line) return cannot_tell(s, comma, point, "it cannot be told", err);
    if (i >= 0 && (comma->line || !delimits))
        return cannot_tell(s, &s->either[i], &s->small[i], "it looks like thousands", err);
    if (comma->line && delimits)
        return cannot_tell(s, comma, comma, "no other number tells, and commas delimit cells", err);
    return NAS_OK;
}

static nas_status decide(const search *s, char *out, nas_err *err) {
    const place *decimal[] = {&s->first[POINT][DECIMAL], &s->first[COMMA][DECIMAL]};
    const place *group[] = {&s->first[POINT][GROUP], &s->first[COMMA][GROUP]};
    static const char *const as_decimal[] = {"decimal point", "decimal comma"};
    static const char *const as_group[] = {"point between thousands", "comma between thousands"};
    if (decimal[POINT]->line && decimal[COMMA]->line)
        return refuse(s, decimal[COMMA], as_decimal[COMMA], decimal[POINT], as_decimal[POINT], err);
    for (int i = 0; i < SIGNS; i++)
        if (decimal[i]->line && group[i]->line)
            return refuse(s, decimal[i], as_decimal[i], group[i], as_group[i], err);
    if (group[POINT]->line && group[COMMA]->line)
        return refuse(s, group[COMMA], as_group[COMMA], group[POINT], as_group[POINT], err);
    if (decimal[POINT]->line || group[COMMA]->line) {
        *out = '.';
        return NAS_OK;
    }
    if (decimal[COMMA]->line || group[POINT]->line) {
        *out = ',';
        return NAS_OK;
    }
    return guess(s, out, err);
}

nas_status nas_csv_find_decimal(nas_csv *c, int32_t n, const int32_t *columns, nas_decimal given,
                                nas_err *err) {
    char sign = given == NAS_DECIMAL_COMMA ? ',' : '.';
    /* Commas that delimit, and no quotes: no cell has one. */
    if (given == NAS_DECIMAL_AUTO && (nas_csv_delimiter(c) != ',' || nas_csv_quotes(c))) {
        search s = {.c = c, .n = n, .columns = columns};
        s.either = calloc((size_t)n + 1, sizeof *s.either);
        s.small = calloc((size_t)n + 1, sizeof *s.small);
        s.large = calloc((size_t)n + 1, sizeof *s.large);
        nas_status st = s.either && s.small && s.large
                            ? nas_csv_read(c, n, columns, take_row, &s, err)
                            : nas_fail(err, NAS_ENOMEM, "%s: out of memory", nas_csv_path(c));
        if (st == NAS_OK) st = decide(&s, &sign, err);
        free(s.either);
        free(s.small);
        free(s.large);
        NAS_TRY(st);
    }
    nas_csv_set_decimal(c, sign);
    return NAS_OK;
}
