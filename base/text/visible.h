/* base/text/visible.h - texts that come from anywhere, so that they steer no terminal. Nothing here
 * fails.
 * Thread safety: any thread may call these. */
#ifndef NAS_BASE_TEXT_VISIBLE_H
#define NAS_BASE_TEXT_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the UTF-8 character at s (RFC 3629, section 4); 0: it is none, or the end. */
int nas_utf8_bytes(const char *s);

/* Does the character of n bytes at s control what shows it: C0, DEL, C1 (ECMA-48), or change the
 * direction or lines of text (Unicode bidirectional controls, U+2028, U+2029)? *code: its number.
 */
bool nas_is_control(const char *s, int n, unsigned *code);

enum { NAS_VISIBLE = 12 };

/* The character at s as it can be shown, into out: itself, or \n, \t, \r, \x1b, \u202e; a byte that
 * is no UTF-8 as \xff. Returns how many bytes of s that were; 0 at the end. */
int nas_visible(const char *s, char out[NAS_VISIBLE]);

/* Does a text have such characters, or bytes that are no UTF-8? */
bool nas_has_control(const char *s);

/* Is it a name that stays on its line wherever it is written: without C0, DEL, C1, U+2028, U+2029?
 */
bool nas_is_line(const char *s);

#endif
