/* search/json/scan.c - accepts exactly RFC 8259 within our limits, and says where each value
 * stands.
 */
#include "search/json/scan.h"

#include "search/json/json_int.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct scan {
    const char *text;
    size_t bytes, at;
    nas_arena *arena;
    nas_scan_note *note;
    void *ctx;
    nas_json_places *out;
    int32_t room;
    bool broken; /* a syntax error was reported: everything returns */
} scan;

static void NAS_PRINTF(3, 4) scan_note(scan *s, size_t at, const char *fmt, ...) {
    char what[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    s->note(s->ctx, at, what);
}

static int peek(const scan *s) {
    return s->at < s->bytes ? (unsigned char)s->text[s->at] : -1;
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
        if (s->bytes - s->at >= n && memcmp(s->text + s->at, slips[i].got, n) == 0)
            return slips[i].remedy;
    }
    return NULL;
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

/* The character, or the word, at the place of a scan. */
static void show_here(const scan *s, char out[64]) {
    const char *p = s->text + s->at;
    const size_t left = s->bytes - s->at;
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

/* Four hexadecimal digits after \u; -1 when there are none. */
static int32_t hex4(const scan *s, size_t at) {
    int32_t v = 0;
    for (size_t i = at; i < at + 4; i++) {
        if (i >= s->bytes) return -1;
        const char c = s->text[i];
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
    if (high >= 0xD800 && high < 0xDC00 && peek(s) == '\\' && s->at + 1 < s->bytes &&
        s->text[s->at + 1] == 'u') {
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
            const size_t n = utf8_length((const unsigned char *)s->text + s->at, s->bytes - s->at);
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
    if (!digits(s) || (zero && s->at - start > (s->text[start] == '-' ? 2u : 1u))) {
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
    } else if (!isfinite(strtod(s->text + start, NULL))) {
        scan_note(s, start, "the number is too large; expected at most about 1.8e308");
    }
}

static bool add_place(scan *s, size_t value, size_t key) {
    nas_json_places *j = s->out;
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
    if (s->bytes - s->at < n || memcmp(s->text + s->at, word, n) != 0) return false;
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

/* A mark of UTF-16 or UTF-32, or zeros where the first characters of JSON have none. */
static bool is_wide(const char *text, size_t bytes) {
    if (bytes < 2) return false;
    const unsigned char x = (unsigned char)text[0], y = (unsigned char)text[1];
    return (x == 0xFF && y == 0xFE) || (x == 0xFE && y == 0xFF) || (x == 0) != (y == 0);
}

void nas_json_scan(const char *text, size_t bytes, nas_arena *a, nas_scan_note *note, void *ctx,
                   nas_json_places *out) {
    *out = (nas_json_places){0};
    scan s = {.text = text, .bytes = bytes, .arena = a, .note = note, .ctx = ctx, .out = out};
    if (is_wide(text, bytes)) {
        scan_note(&s, SIZE_MAX, "the file is UTF-16 or UTF-32; save it as UTF-8");
        return;
    }
    (void)(bytes >= 3 && take_word(&s, "\xEF\xBB\xBF"));
    if (bytes > NAS_JSON_BYTES) {
        scan_note(&s, SIZE_MAX, "larger than 4 MiB");
        return;
    }
    scan_value(&s, SIZE_MAX, 0);
    skip_space(&s);
    if (!s.broken && s.at < bytes) scan_break(&s, "the end of the file");
}
