/* search/json.c - the locating pass over a JSON text, and the list of problems. The pass accepts
 * exactly RFC 8259 within our limits; cJSON then builds the tree, and the n-th value of the tree is
 * the n-th value that the pass saw. */
#include "search/json_int.h"

#include "base/file.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More are only counted: finding the place of each would take long in a hostile file. */
enum { LINES_MOST = 256 };

typedef struct slot {
    const cJSON *v;
    int32_t i;
} slot;

struct nas_json {
    const char *name, *text;
    size_t bytes;
    bool made; /* nobody has seen the text: no lines and columns in messages */
    cJSON *root;
    int32_t n;
    uint32_t *value_at,
        *key_at; /* offsets of value i and of its key (of the value when it has none) */
    slot *slots;
    size_t mask;
};

static size_t slot_of(const nas_json *j, const cJSON *v) {
    size_t at = ((uintptr_t)v >> 4) * 0x9E3779B97F4A7C15u >> 20 & j->mask;
    while (j->slots[at].v && j->slots[at].v != v) at = (at + 1) & j->mask;
    return at;
}

int32_t nas_json_index(const nas_json *j, const cJSON *v) {
    if (!j->slots || !v) return -1;
    const slot *s = &j->slots[slot_of(j, v)];
    return s->v ? s->i : -1;
}

int32_t nas_json_count(const nas_json *j) {
    return j->n;
}

const char *nas_json_name(const nas_json *j) {
    return j->name;
}

const char *nas_json_text(const nas_json *j) {
    return j->text;
}

const cJSON *nas_json_root(const nas_json *j) {
    return j->root;
}

void nas_json_close(nas_json *j) {
    if (!j) return;
    cJSON_Delete(j->root);
    j->root = NULL;
}

/* Problems */

static void add_line(nas_problems *p, const char *line) {
    for (int32_t i = 0; i < p->n && i < p->room; i++)
        if (line && strcmp(p->lines[i], line) == 0) return;
    if (p->n == p->room && p->room < LINES_MOST) {
        const int32_t room = p->room ? p->room * 2 : 16;
        const char **more = nas_arena_array(p->arena, (size_t)room, sizeof *more, NULL);
        if (more) {
            if (p->n) memcpy(more, p->lines, (size_t)p->n * sizeof *more);
            p->lines = more;
            p->room = room;
        }
    }
    if (p->n < p->room) p->lines[p->n] = line ? line : "out of memory";
    p->n++;
}

/* Line and column (in characters) of an offset, both from 1. */
static void place_of(const nas_json *j, size_t offset, int32_t *line, int32_t *column) {
    *line = *column = 1;
    for (size_t i = 0; i < offset && i < j->bytes; i++) {
        if (j->text[i] == '\n') {
            ++*line;
            *column = 1;
        } else if (((unsigned char)j->text[i] & 0xC0) != 0x80) {
            ++*column;
        }
    }
}

static void problem_at(nas_problems *p, const nas_json *j, int64_t offset, const char *path,
                       const char *fmt, va_list ap) {
    char what[1024], where[48] = "";
    if (p->n >= LINES_MOST) {
        p->n++;
        return;
    }
    vsnprintf(what, sizeof what, fmt, ap);
    if (offset >= 0 && !j->made) {
        int32_t line, column;
        place_of(j, (size_t)offset, &line, &column);
        snprintf(where, sizeof where, ":%d:%d", line, column);
    }
    const bool named = path && *path;
    add_line(p, nas_arena_format(p->arena, NULL, "%s%s: %s%s%s", j->name, where, named ? path : "",
                                 named ? ": " : "", what));
}

void nas_problem(nas_problems *p, const nas_json *j, const cJSON *v, bool at_key, const char *path,
                 const char *fmt, ...) {
    const int32_t i = nas_json_index(j, v);
    va_list ap;
    va_start(ap, fmt);
    problem_at(p, j, i < 0 ? -1 : (int64_t)(at_key ? j->key_at[i] : j->value_at[i]), path, fmt, ap);
    va_end(ap);
}

nas_status nas_problems_end(const nas_problems *p, nas_err *err) {
    if (!p->n) return NAS_OK;
    nas_err all = {.code = NAS_EINVAL};
    size_t used = 0;
    int32_t shown = 0;
    const size_t reserve = 32; /* for the count of those that do not fit */
    for (; shown < p->n && shown < p->room; shown++) {
        const size_t n = strlen(p->lines[shown]);
        if (used + n + 1 + reserve > sizeof all.text) break;
        if (used) all.text[used++] = '\n';
        memcpy(all.text + used, p->lines[shown], n);
        used += n;
    }
    if (!shown) return nas_fail(err, NAS_EINVAL, "%.2000s", p->lines[0]);
    if (shown < p->n)
        snprintf(all.text + used, sizeof all.text - used, "\n... and %d more", p->n - shown);
    return nas_fail(err, NAS_EINVAL, "%s", all.text);
}

/* The locating pass */

typedef struct scan {
    nas_json *j;
    nas_problems *p;
    nas_arena *arena;
    size_t at;
    int32_t room;
    bool broken; /* a syntax error was reported: everything returns */
} scan;

static void NAS_PRINTF(3, 4) scan_note(scan *s, size_t at, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    problem_at(s->p, s->j, (int64_t)at, NULL, fmt, ap);
    va_end(ap);
}

static int peek(const scan *s) {
    return s->at < s->j->bytes ? (unsigned char)s->j->text[s->at] : -1;
}

/* What people and word processors write in place of JSON; NULL: nothing known. */
static const char *known_slip(const scan *s) {
    static const struct {
        const char *got, *remedy;
    } slips[] = {
        {"/", "JSON has no comments"},
        {"#", "JSON has no comments"},
        {"'", "JSON takes double quotes"},
        {"\xE2\x80\x9C", "a quote of a word processor; JSON takes the straight \""},
        {"\xE2\x80\x9D", "a quote of a word processor; JSON takes the straight \""},
        {"\xE2\x80\x9E", "a quote of a word processor; JSON takes the straight \""},
        {"\xE2\x80\x98", "a quote of a word processor; JSON takes the straight \""},
        {"\xE2\x80\x99", "a quote of a word processor; JSON takes the straight \""},
        {"\xC2\xAB", "a quote of a word processor; JSON takes the straight \""},
        {"\xC2\xBB", "a quote of a word processor; JSON takes the straight \""},
        {"\xC2\xA0", "a blank that does not break; JSON takes the plain one"},
        {"True", "JSON writes true"},
        {"TRUE", "JSON writes true"},
        {"False", "JSON writes false"},
        {"FALSE", "JSON writes false"},
        {"None", "JSON writes null"},
        {"NULL", "JSON writes null"},
        {"Null", "JSON writes null"},
        {"NaN", "JSON has no NaN; null stands for nothing"},
        {"+", "JSON writes a positive number without a sign"},
        {".", "JSON writes a digit before the point, as in 0.5"},
        {"=", "JSON has \":\" between a key and its value"},
    };
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        const size_t n = strlen(slips[i].got);
        if (s->j->bytes - s->at >= n && memcmp(s->j->text + s->at, slips[i].got, n) == 0)
            return slips[i].remedy;
    }
    return NULL;
}

static size_t utf8_length(const unsigned char *p, size_t left);

/* The character, or the word, at the place of a scan. */
static void show_here(const scan *s, char out[64]) {
    const char *p = s->j->text + s->at;
    const size_t left = s->j->bytes - s->at;
    size_t n = 0;
    while (n < left && n < 24 && isalpha((unsigned char)p[n])) n++;
    if (n == 0) n = utf8_length((const unsigned char *)p, left);
    if (n == 0 || (unsigned char)*p < 0x20)
        snprintf(out, 64, "byte 0x%02x", (unsigned char)*p);
    else
        snprintf(out, 64, "%s%.*s%s", *p == '"' ? "'" : "\"", (int)n, p, *p == '"' ? "'" : "\"");
}

static void scan_break(scan *s, const char *expected) {
    if (s->broken) return;
    s->broken = true;
    if (peek(s) < 0) {
        scan_note(s, s->at, "the text ends here; expected %s", expected);
        return;
    }
    char got[64];
    const char *remedy = known_slip(s);
    show_here(s, got);
    scan_note(s, s->at, "expected %s, got %s%s%s", expected, got, remedy ? "; " : "",
              remedy ? remedy : "");
}

static void skip_space(scan *s) {
    for (int c = peek(s); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(s)) s->at++;
}

static bool take(scan *s, int c) {
    if (peek(s) != c) return false;
    s->at++;
    return true;
}

/* Bytes of the UTF-8 character at p (RFC 3629); 0 when it is none. */
static size_t utf8_length(const unsigned char *p, size_t left) {
    static const struct {
        unsigned char lo, hi, lo2, hi2, bytes;
    } rows[] = {
        {0x00, 0x7F, 0x80, 0xBF, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        if (p[0] < rows[r].lo || p[0] > rows[r].hi) continue;
        if (rows[r].bytes > left) return 0;
        if (rows[r].bytes > 1 && (p[1] < rows[r].lo2 || p[1] > rows[r].hi2)) return 0;
        for (size_t i = 2; i < rows[r].bytes; i++)
            if ((p[i] & 0xC0) != 0x80) return 0;
        return rows[r].bytes;
    }
    return 0;
}

/* Four hexadecimal digits after \u; -1 when there are none. */
static int32_t hex4(const scan *s, size_t at) {
    int32_t v = 0;
    for (size_t i = at; i < at + 4; i++) {
        if (i >= s->j->bytes) return -1;
        const char c = s->j->text[i];
        const char *digits = "0123456789abcdefABCDEF", *d = c ? strchr(digits, c) : NULL;
        if (!d) return -1;
        const int32_t k = (int32_t)(d - digits);
        v = v * 16 + (k < 16 ? k : k - 6);
    }
    return v;
}

static void scan_escape(scan *s) {
    const size_t start = s->at++;
    const int c = peek(s);
    if (c < 0 || !strchr("\"\\/bfnrtu", c) || c == '\0') {
        scan_break(s, "one of \" \\ / b f n r t u after the backslash");
        return;
    }
    s->at++;
    if (c != 'u') return;
    const int32_t high = hex4(s, s->at);
    if (high < 0) {
        scan_break(s, "four hexadecimal digits after \\u");
        return;
    }
    s->at += 4;
    bool good = high != 0 && (high < 0xD800 || high > 0xDFFF);
    if (high >= 0xD800 && high < 0xDC00 && peek(s) == '\\' && s->at + 1 < s->j->bytes &&
        s->j->text[s->at + 1] == 'u') {
        const int32_t low = hex4(s, s->at + 2);
        good = low >= 0xDC00 && low <= 0xDFFF;
        if (good) s->at += 6;
    }
    if (good) return;
    s->broken = true;
    scan_note(s, start,
              high ? "half of a surrogate pair; expected \\uD8xx\\uDCxx together"
                   : "\\u0000 cannot stand in a text");
}

static void scan_string(scan *s) {
    const size_t start = s->at++;
    while (!s->broken) {
        const int c = peek(s);
        if (c == '"') {
            s->at++;
            return;
        }
        if (c < 0) {
            s->broken = true;
            scan_note(s, start, "the text in quotes that begins here does not end");
        } else if (c == '\\') {
            scan_escape(s);
        } else if (c < 0x20) {
            scan_break(s, "a character; line ends, tabs and the like are written \\n, \\t");
        } else {
            const size_t n =
                utf8_length((const unsigned char *)s->j->text + s->at, s->j->bytes - s->at);
            if (!n) scan_break(s, "a character; the file must be UTF-8");
            s->at += n;
        }
    }
}

static bool digits(scan *s) {
    const size_t start = s->at;
    while (peek(s) >= '0' && peek(s) <= '9') s->at++;
    return s->at > start;
}

static void scan_number(scan *s) {
    const size_t start = s->at;
    (void)take(s, '-');
    const bool zero = peek(s) == '0';
    if (!digits(s) || (zero && s->at - start > (s->j->text[start] == '-' ? 2u : 1u))) {
        if (zero) s->at = start;
        scan_break(s, zero ? "a number without zeros before it" : "a digit");
        return;
    }
    if (take(s, '.') && !digits(s)) scan_break(s, "a digit after the point");
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '+')) (void)take(s, '-');
        if (!digits(s)) scan_break(s, "a digit in the exponent");
    }
    if (s->broken) return;
    if (s->at - start > NAS_JSON_NUMBER_CHARS) {
        s->broken = true;
        scan_note(s, start, "a number of more than %d characters", NAS_JSON_NUMBER_CHARS);
    } else if (!isfinite(strtod(s->j->text + start, NULL))) {
        scan_note(s, start, "the number is too large; expected at most about 1.8e308");
    }
}

static bool add_place(scan *s, size_t value, size_t key) {
    nas_json *j = s->j;
    if (j->n == NAS_JSON_VALUES) {
        s->broken = true;
        scan_note(s, value, "more than %d values in one file", NAS_JSON_VALUES);
        return false;
    }
    if (j->n == s->room) {
        const int32_t room = s->room ? s->room * 2 : 256;
        uint32_t *v = nas_arena_array(s->arena, (size_t)room, sizeof *v, NULL);
        uint32_t *k = nas_arena_array(s->arena, (size_t)room, sizeof *k, NULL);
        if (!v || !k) {
            s->broken = true;
            scan_note(s, value, "out of memory");
            return false;
        }
        if (j->n) {
            memcpy(v, j->value_at, (size_t)j->n * sizeof *v);
            memcpy(k, j->key_at, (size_t)j->n * sizeof *k);
        }
        j->value_at = v;
        j->key_at = k;
        s->room = room;
    }
    j->value_at[j->n] = (uint32_t)value;
    j->key_at[j->n++] = (uint32_t)key;
    return true;
}

static void scan_value(scan *s, size_t key, int depth);

/* A comma before the end, before another one, or before the first item. comma: the place of the one
 * before, SIZE_MAX when there is none. */
static bool comma_too_much(scan *s, size_t comma, int end) {
    const bool last = comma != SIZE_MAX && peek(s) == end;
    if (!last && peek(s) != ',') return false;
    s->broken = true;
    scan_note(s, last ? comma : s->at, "a comma too much; take it out");
    return true;
}

static void scan_object(scan *s, int depth) {
    s->at++;
    skip_space(s);
    if (take(s, '}')) return;
    size_t comma = SIZE_MAX;
    while (!s->broken) {
        skip_space(s);
        const size_t key = s->at;
        if (comma_too_much(s, comma, '}')) return;
        if (peek(s) != '"') {
            scan_break(s, "a key in quotes");
            return;
        }
        scan_string(s);
        skip_space(s);
        if (!s->broken && !take(s, ':')) scan_break(s, "\":\" after the key");
        if (!s->broken) scan_value(s, key, depth);
        skip_space(s);
        if (s->broken || take(s, '}')) return;
        comma = s->at;
        if (!take(s, ',')) scan_break(s, "\",\" or \"}\"");
    }
}

static void scan_array(scan *s, int depth) {
    s->at++;
    skip_space(s);
    if (take(s, ']')) return;
    size_t comma = SIZE_MAX;
    while (!s->broken) {
        skip_space(s);
        if (comma_too_much(s, comma, ']')) return;
        scan_value(s, SIZE_MAX, depth);
        skip_space(s);
        if (s->broken || take(s, ']')) return;
        comma = s->at;
        if (!take(s, ',')) scan_break(s, "\",\" or \"]\"");
    }
}

static bool take_word(scan *s, const char *word) {
    const size_t n = strlen(word);
    if (s->j->bytes - s->at < n || memcmp(s->j->text + s->at, word, n) != 0) return false;
    s->at += n;
    return true;
}

static void scan_value(scan *s, size_t key, int depth) {
    skip_space(s);
    if (!add_place(s, s->at, key == SIZE_MAX ? s->at : key)) return;
    const int c = peek(s);
    if (depth == NAS_JSON_DEPTH) {
        s->broken = true;
        scan_note(s, s->at, "nested more than %d deep", NAS_JSON_DEPTH);
    } else if (c == '{') {
        scan_object(s, depth + 1);
    } else if (c == '[') {
        scan_array(s, depth + 1);
    } else if (c == '"') {
        scan_string(s);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        scan_number(s);
    } else if (!take_word(s, "true") && !take_word(s, "false") && !take_word(s, "null")) {
        scan_break(s, "a value");
    }
}

/* The tree */

static int by_key(const void *a, const void *b) {
    const cJSON *x = *(const cJSON *const *)a, *y = *(const cJSON *const *)b;
    return strcmp(x->string, y->string);
}

typedef struct tree_walk {
    nas_json *j;
    nas_problems *p;
    nas_arena *arena;
    char path[256];
} tree_walk;

/* Appends to the path of messages; a path that gets too long is cut. */
static size_t path_push(tree_walk *w, size_t n, const char *key, int i) {
    const size_t room = sizeof w->path - n;
    const int put = key ? snprintf(w->path + n, room, "%s%.48s", n ? "." : "", key)
                        : snprintf(w->path + n, room, "[%d]", i);
    return put < 0 || (size_t)put >= room ? sizeof w->path - 1 : n + (size_t)put;
}

static void find_duplicates(tree_walk *w, const cJSON *object, size_t path) {
    size_t n = 0;
    for (const cJSON *c = object->child; c; c = c->next) n++;
    const nas_arena_mark mark = nas_arena_here(w->arena);
    const cJSON **list = nas_arena_array(w->arena, n, sizeof *list, NULL);
    if (!list) return;
    n = 0;
    for (const cJSON *c = object->child; c; c = c->next) list[n++] = c;
    qsort(list, n, sizeof *list, by_key);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(list[i]->string, list[i - 1]->string) != 0) continue;
        const bool second = nas_json_index(w->j, list[i]) > nas_json_index(w->j, list[i - 1]);
        path_push(w, path, list[i]->string, 0);
        nas_problem(w->p, w->j, second ? list[i] : list[i - 1], true, w->path,
                    "the key stands twice; keep one of them");
        w->path[path] = '\0';
    }
    /* The lines of problems live in another arena. */
    nas_arena_back(w->arena, mark);
}

static void index_tree(tree_walk *w, const cJSON *v, int32_t *next) {
    w->j->slots[slot_of(w->j, v)] = (slot){.v = v, .i = (*next)++};
    for (const cJSON *c = v->child; c; c = c->next) index_tree(w, c, next);
}

static void check_tree(tree_walk *w, const cJSON *v, size_t path) {
    if (cJSON_IsObject(v)) find_duplicates(w, v, path);
    int i = 0;
    for (const cJSON *c = v->child; c; c = c->next, i++) {
        if (!c->child) continue;
        const size_t n = path_push(w, path, c->string, i);
        check_tree(w, c, n);
        w->path[path] = '\0';
    }
}

static nas_status build_tree(nas_json *j, nas_arena *a, nas_problems *p, nas_err *err) {
    j->root = cJSON_ParseWithLength(j->text, j->bytes);
    if (!j->root) return nas_fail(err, NAS_ENOMEM, "%s: no room for its values", j->name);
    size_t room = 16;
    while (room < (size_t)j->n * 2) room *= 2;
    j->slots = nas_arena_array(a, room, sizeof *j->slots, err);
    if (!j->slots) return NAS_ENOMEM;
    j->mask = room - 1;
    nas_arena *own = NULL;
    NAS_TRY(nas_arena_open(&own, err));
    tree_walk w = {.j = j, .p = p, .arena = own};
    int32_t next = 0;
    index_tree(&w, j->root, &next);
    check_tree(&w, j->root, 0);
    nas_arena_close(own);
    if (next != j->n) return nas_fail(err, NAS_EBUG, "%s: the two passes differ", j->name);
    return NAS_OK;
}

/* A mark of UTF-16 or UTF-32, or zeros where the first characters of JSON have none. */
static bool is_wide(const char *text, size_t bytes) {
    if (bytes < 2) return false;
    const unsigned char x = (unsigned char)text[0], y = (unsigned char)text[1];
    return (x == 0xFF && y == 0xFE) || (x == 0xFE && y == 0xFF) || (x == 0) != (y == 0);
}

static nas_status parse(nas_arena *a, const char *name, const char *text, size_t bytes, bool made,
                        nas_json **out, nas_err *err) {
    *out = NULL;
    nas_json *j = nas_arena_alloc(a, sizeof *j, err);
    if (!j || !(j->name = nas_arena_text(a, name, err))) return NAS_ENOMEM;
    j->text = text;
    j->bytes = bytes;
    j->made = made;
    nas_problems p = {.arena = a};
    scan s = {.j = j, .p = &p, .arena = a};
    if (is_wide(text, bytes)) {
        nas_problem(&p, j, NULL, false, NULL, "the file is UTF-16 or UTF-32; save it as UTF-8");
        return nas_problems_end(&p, err);
    }
    (void)(bytes >= 3 && take_word(&s, "\xEF\xBB\xBF"));
    if (bytes > NAS_JSON_BYTES) {
        nas_problem(&p, j, NULL, false, NULL, "larger than 4 MiB");
        return nas_problems_end(&p, err);
    }
    scan_value(&s, SIZE_MAX, 0);
    skip_space(&s);
    if (!s.broken && s.at < bytes) scan_break(&s, "the end of the file");
    NAS_TRY(nas_problems_end(&p, err));
    nas_status st = build_tree(j, a, &p, err);
    if (st == NAS_OK) st = nas_problems_end(&p, err);
    if (st == NAS_OK)
        *out = j;
    else
        nas_json_close(j);
    return st;
}

nas_status nas_json_open(nas_arena *a, const char *path, nas_json **out, nas_err *err) {
    *out = NULL;
    uint8_t *text = NULL;
    size_t bytes = 0;
    const nas_status st = nas_file_read(a, path, NAS_JSON_BYTES, &text, &bytes, err);
    if (st == NAS_EFORMAT && err) err->code = NAS_EINVAL;
    if (st != NAS_OK) return st == NAS_EFORMAT ? NAS_EINVAL : st;
    return parse(a, path, (const char *)text, bytes, false, out, err);
}

static nas_status parse_copy(nas_arena *a, const char *name, const char *text, bool made,
                             nas_json **out, nas_err *err) {
    *out = NULL;
    const char *copy = nas_arena_text(a, text, err);
    if (!copy) return NAS_ENOMEM;
    return parse(a, name, copy, strlen(copy), made, out, err);
}

nas_status nas_json_parse(nas_arena *a, const char *name, const char *text, nas_json **out,
                          nas_err *err) {
    return parse_copy(a, name, text, false, out, err);
}

nas_status nas_json_parse_made(nas_arena *a, const char *name, const char *text, nas_json **out,
                               nas_err *err) {
    return parse_copy(a, name, text, true, out, err);
}
