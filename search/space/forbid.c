/* search/space/forbid.c - parses and evaluates conditions; recursive descent, one function a level.
 */
#include "search/space/forbid.h"

#include "base/relation.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MOST = 64 };

typedef enum node_kind {
    OR,
    AND,
    COMPARE,
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    NEGATE,
    LITERAL,
    PATH
} node_kind;

struct nas_condition {
    node_kind kind;
    nas_relation op; /* of COMPARE */
    int32_t where;   /* character, from 1 */
    const char *path;
    const cJSON *literal;
    struct nas_condition *a, *b;
};

typedef struct reader {
    nas_arena *arena;
    const char *text;
    size_t at;
    int depth;
    nas_err *err;
    nas_status st;
} reader;

static void NAS_PRINTF(3, 4) fail(reader *r, size_t at, const char *fmt, ...) {
    if (r->st != NAS_OK) return;
    char what[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    r->st = nas_fail(r->err, NAS_EINVAL, "character %zu: %s", at + 1, what);
}

static void skip(reader *r) {
    while (r->text[r->at] == ' ' || r->text[r->at] == '\t' || r->text[r->at] == '\n') r->at++;
}

static nas_condition *make(reader *r, node_kind kind, nas_condition *a, nas_condition *b) {
    nas_condition *n = nas_arena_alloc(r->arena, sizeof *n, NULL);
    if (!n) {
        if (r->st == NAS_OK) r->st = nas_fail(r->err, NAS_ENOMEM, "out of memory");
        return NULL;
    }
    n->kind = kind;
    n->a = a;
    n->b = b;
    n->where = (int32_t)r->at + 1;
    return n;
}

static bool word_char(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

/* A word that stands by itself at the reader. */
static bool take_word(reader *r, const char *word) {
    skip(r);
    const size_t n = strlen(word);
    if (strncmp(r->text + r->at, word, n) != 0) return false;
    const char after = r->text[r->at + n];
    if (word_char(after) || after == '.' || after == '[') return false;
    r->at += n;
    return true;
}

static bool take_char(reader *r, char c) {
    skip(r);
    if (r->text[r->at] != c) return false;
    r->at++;
    return true;
}

static nas_condition *literal(reader *r, int type) {
    nas_condition *n = make(r, LITERAL, NULL, NULL);
    cJSON *v = nas_json_make(r->arena, type, NULL);
    if (!n || !v) return NULL;
    n->literal = v;
    return n;
}

static nas_condition *read_text(reader *r) {
    const size_t start = r->at;
    const char quote = r->text[r->at++];
    const char *end = strchr(r->text + r->at, quote);
    if (!end) {
        fail(r, start, "the text in quotes that begins here does not end");
        return NULL;
    }
    cJSON *v = nas_json_make(r->arena, cJSON_String, NULL);
    nas_condition *n = make(r, LITERAL, NULL, NULL);
    if (!v || !n) return NULL;
    v->valuestring = nas_arena_format(r->arena, NULL, "%.*s", (int)(end - r->text - (long)r->at),
                                      r->text + r->at);
    if (!v->valuestring) return NULL;
    r->at = (size_t)(end - r->text) + 1;
    n->literal = v;
    return n;
}

static nas_condition *read_number(reader *r) {
    char *end = NULL;
    const double v = strtod(r->text + r->at, &end);
    if (!isfinite(v) || word_char(*end)) {
        fail(r, r->at, "expected a number");
        return NULL;
    }
    nas_condition *n = make(r, LITERAL, NULL, NULL);
    cJSON *number = nas_json_make_number(r->arena, v, NULL);
    if (!n || !number) return NULL;
    n->literal = number;
    r->at = (size_t)(end - r->text);
    return n;
}

static nas_condition *read_path(reader *r) {
    const size_t start = r->at;
    const char *s = r->text;
    size_t end = start;
    while (word_char(s[end]) || s[end] == '.' || s[end] == '[' || s[end] == ']') end++;
    nas_condition *n = make(r, PATH, NULL, NULL);
    if (!n) return NULL;
    n->path = nas_arena_format(r->arena, NULL, "%.*s", (int)(end - start), s + start);
    if (!n->path) return NULL;
    r->at = end;
    return n;
}

static nas_condition *read_or(reader *r);

static nas_condition *read_atom(reader *r) {
    skip(r);
    const char c = r->text[r->at];
    if (take_char(r, '(')) {
        if (++r->depth > DEPTH_MOST) fail(r, r->at - 1, "parentheses nested too deep");
        nas_condition *n = r->st == NAS_OK ? read_or(r) : NULL;
        r->depth--;
        if (r->st == NAS_OK && !take_char(r, ')')) fail(r, r->at, "expected \")\"");
        return n;
    }
    if (c == '\'' || c == '"') return read_text(r);
    if (isdigit((unsigned char)c) || c == '.') return read_number(r);
    if (take_word(r, "null")) return literal(r, cJSON_NULL);
    if (take_word(r, "true")) return literal(r, cJSON_True);
    if (take_word(r, "false")) return literal(r, cJSON_False);
    if (isalpha((unsigned char)c)) return read_path(r);
    if (c)
        fail(r, r->at, "expected a path, a number, a 'word' or null, got \"%c\"", c);
    else
        fail(r, r->at, "the condition ends here; expected a path, a number, a 'word' or null");
    return NULL;
}

static bool is_condition(const nas_condition *n) {
    return n->kind <= COMPARE;
}

/* An operand of arithmetic or of a comparison. */
static bool is_value(reader *r, const nas_condition *n) {
    if (!n || r->st != NAS_OK) return false;
    if (is_condition(n)) fail(r, (size_t)n->where - 1, "a comparison stands where a value belongs");
    return r->st == NAS_OK;
}

static nas_condition *read_unary(reader *r) {
    if (!take_char(r, '-')) return read_atom(r);
    if (++r->depth > DEPTH_MOST) fail(r, r->at - 1, "too many signs");
    nas_condition *n = r->st == NAS_OK ? read_unary(r) : NULL;
    r->depth--;
    return is_value(r, n) ? make(r, NEGATE, n, NULL) : NULL;
}

static nas_condition *read_product(reader *r) {
    nas_condition *n = read_unary(r);
    while (r->st == NAS_OK) {
        const bool times = take_char(r, '*');
        if (!times && !take_char(r, '/')) break;
        nas_condition *right = read_unary(r);
        if (!is_value(r, n) || !is_value(r, right)) return NULL;
        n = make(r, times ? MULTIPLY : DIVIDE, n, right);
    }
    return n;
}

static nas_condition *read_sum(reader *r) {
    nas_condition *n = read_product(r);
    while (r->st == NAS_OK) {
        const bool plus = take_char(r, '+');
        if (!plus && !take_char(r, '-')) break;
        nas_condition *right = read_product(r);
        if (!is_value(r, n) || !is_value(r, right)) return NULL;
        n = make(r, plus ? ADD : SUBTRACT, n, right);
    }
    return n;
}

/* The comparison at the reader; NAS_RELATIONS when there is none. */
static nas_relation take_op(reader *r) {
    skip(r);
    const nas_relation op = nas_relation_at(r->text + r->at);
    if (op != NAS_RELATIONS) r->at += strlen(nas_relation_text(op));
    return op;
}

/* Does it ask for more or less, which words are not? */
static bool is_order(nas_relation op) {
    return nas_relation_direction(op) != 0;
}

static bool is_word(const nas_condition *n) {
    return n->kind == LITERAL && !cJSON_IsNumber(n->literal);
}

static nas_condition *read_comparison(reader *r) {
    nas_condition *left = read_sum(r);
    if (r->st != NAS_OK || !left) return NULL;
    const size_t at = r->at;
    const nas_relation op = take_op(r);
    if (op == NAS_RELATIONS) return left;
    nas_condition *right = read_sum(r);
    if (!is_value(r, left) || !is_value(r, right)) return NULL;
    if (is_order(op) && (is_word(left) || is_word(right))) {
        fail(r, at, "words, true, false and null are compared with == or !=");
        return NULL;
    }
    nas_condition *n = make(r, COMPARE, left, right);
    if (n) n->op = op;
    return n;
}

static nas_condition *read_joined(reader *r, bool all) {
    nas_condition *n = all ? read_comparison(r) : read_joined(r, true);
    for (;;) {
        if (r->st != NAS_OK || !n) return NULL;
        const size_t at = r->at;
        if (!take_word(r, all ? "and" : "or")) return n;
        nas_condition *right = all ? read_comparison(r) : read_joined(r, true);
        if (r->st != NAS_OK || !right) return NULL;
        if (!is_condition(n) || !is_condition(right)) {
            fail(r, at, "expected a comparison on both sides of \"%s\"", all ? "and" : "or");
            return NULL;
        }
        n = make(r, all ? AND : OR, n, right);
    }
}

static nas_condition *read_or(reader *r) {
    return read_joined(r, false);
}

nas_status nas_condition_parse(nas_arena *a, const char *text, nas_condition **out, nas_err *err) {
    *out = NULL;
    reader r = {.arena = a, .text = text, .err = err};
    if (strlen(text) > 4096)
        return nas_fail(err, NAS_EINVAL, "character 4097: longer than 4096 characters");
    nas_condition *n = read_or(&r);
    skip(&r);
    if (r.st == NAS_OK && text[r.at])
        fail(&r, r.at, "expected an operator or the end, got \"%c\"", text[r.at]);
    if (r.st == NAS_OK && n && !is_condition(n))
        fail(&r, r.at, "expected a comparison (> >= < <= == !=)");
    if (r.st == NAS_OK && !n) return nas_fail(err, NAS_ENOMEM, "out of memory");
    if (r.st == NAS_OK) *out = n;
    return r.st;
}

void nas_condition_paths(const nas_condition *c,
                         void (*fn)(void *ctx, const char *path, int32_t character), void *ctx) {
    if (!c) return;
    if (c->kind == PATH) fn(ctx, c->path, c->where);
    nas_condition_paths(c->a, fn, ctx);
    nas_condition_paths(c->b, fn, ctx);
}

static bool is_text(const nas_condition *n) {
    return n->kind == LITERAL && cJSON_IsString(n->literal);
}

void nas_condition_words(const nas_condition *c,
                         void (*fn)(void *ctx, const char *path, const char *word,
                                    int32_t character),
                         void *ctx) {
    if (!c) return;
    if (c->kind == COMPARE && c->a->kind == PATH && is_text(c->b))
        fn(ctx, c->a->path, c->b->literal->valuestring, c->b->where);
    if (c->kind == COMPARE && c->b->kind == PATH && is_text(c->a))
        fn(ctx, c->b->path, c->a->literal->valuestring, c->a->where);
    nas_condition_words(c->a, fn, ctx);
    nas_condition_words(c->b, fn, ctx);
}

/* The value of an operand; *number for what was computed. NULL: absent, or not to be computed. */
static const cJSON *operand(const nas_condition *c, nas_condition_value value, void *ctx,
                            cJSON *number) {
    if (c->kind == LITERAL) return c->literal;
    if (c->kind == PATH) return value(ctx, c->path);
    cJSON own[2] = {{0}, {0}};
    const cJSON *x = operand(c->a, value, ctx, &own[0]);
    const cJSON *y = c->b ? operand(c->b, value, ctx, &own[1]) : x;
    if (!x || !y || !cJSON_IsNumber(x) || !cJSON_IsNumber(y)) return NULL;
    const double p = x->valuedouble, q = y->valuedouble;
    number->type = cJSON_Number;
    number->valuedouble = c->kind == ADD        ? p + q
                          : c->kind == SUBTRACT ? p - q
                          : c->kind == MULTIPLY ? p * q
                          : c->kind == DIVIDE   ? p / q
                                                : -p;
    return isfinite(number->valuedouble) ? number : NULL;
}

/* Is y the word that names option x? */
static bool has_label(const cJSON *x, const cJSON *y) {
    return x->string && cJSON_IsString(y) && strcmp(x->string, y->valuestring) == 0;
}

static bool compare(const nas_condition *c, nas_condition_value value, void *ctx) {
    cJSON own[2] = {{0}, {0}};
    const cJSON *x = operand(c->a, value, ctx, &own[0]);
    const cJSON *y = operand(c->b, value, ctx, &own[1]);
    if (!x || !y) return false;
    if (cJSON_IsNumber(x) && cJSON_IsNumber(y))
        return nas_relation_holds(c->op, x->valuedouble, y->valuedouble);
    if (is_order(c->op)) return false;
    return (nas_json_equal(x, y) || has_label(x, y) || has_label(y, x)) == (c->op == NAS_EQUAL);
}

bool nas_condition_holds(const nas_condition *c, nas_condition_value value, void *ctx) {
    if (c->kind == OR)
        return nas_condition_holds(c->a, value, ctx) || nas_condition_holds(c->b, value, ctx);
    if (c->kind == AND)
        return nas_condition_holds(c->a, value, ctx) && nas_condition_holds(c->b, value, ctx);
    return compare(c, value, ctx);
}
