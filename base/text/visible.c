/* base/text/visible.c - control characters and what is no UTF-8, made visible. */
#include "base/text/visible.h"

#include <stdio.h>
#include <string.h>

int nas_utf8_bytes(const char *text) {
    static const struct {
        unsigned char first, last, lo, hi; /* bounds of the first byte and of the second */
        int bytes;
    } kinds[] = {
        {0x01, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    const unsigned char *s = (const unsigned char *)text;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const int n = kinds[k].bytes;
        if (*s < kinds[k].first || *s > kinds[k].last) continue;
        if (n > 1 && (s[1] < kinds[k].lo || s[1] > kinds[k].hi)) return 0;
        for (int i = 2; i < n; i++)
            if ((s[i] & 0xc0) != 0x80) return 0;
        return n;
    }
    return 0;
}

bool nas_is_control(const char *text, int n, unsigned *code) {
    const unsigned char *s = (const unsigned char *)text;
    unsigned c = s[0];
    if (n == 2) c = (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu);
    if (n == 3) c = (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
    *code = c;
    return n < 4 && (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e ||
                     c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069));
}

int nas_visible(const char *s, char out[NAS_VISIBLE]) {
    const int n = nas_utf8_bytes(s);
    unsigned code;
    out[0] = '\0';
    if (!*s) return 0;
    if (!n) {
        snprintf(out, NAS_VISIBLE, "\\x%02x", (unsigned)(unsigned char)*s);
        return 1;
    }
    if (!nas_is_control(s, n, &code))
        snprintf(out, NAS_VISIBLE, "%.*s", n, s);
    else if (code == '\n' || code == '\t' || code == '\r')
        snprintf(out, NAS_VISIBLE, "\\%c", code == '\n' ? 'n' : code == '\t' ? 't' : 'r');
    else
        snprintf(out, NAS_VISIBLE, code < 0x80 ? "\\x%02x" : "\\u%04x", code & 0xffff);
    return n;
}

bool nas_has_control(const char *s) {
    unsigned code;
    for (int n; *s; s += n) {
        n = nas_utf8_bytes(s);
        if (!n || nas_is_control(s, n, &code)) return true;
    }
    return false;
}

bool nas_is_line(const char *s) {
    unsigned code;
    for (int n; *s; s += n ? n : 1) {
        n = nas_utf8_bytes(s);
        if (n && nas_is_control(s, n, &code) && (code < 0x100 || code == 0x2028 || code == 0x2029))
            return false;
    }
    return true;
}
