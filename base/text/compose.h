/* base/text/compose.h - texts that look alike: a letter with a mark is one character in some file
 * systems' names ("u with diaeresis") and a letter followed by its mark in others. Nothing here
 * fails.
 * Thread safety: any thread may call these. */
#ifndef NAS_BASE_TEXT_COMPOSE_H
#define NAS_BASE_TEXT_COMPOSE_H

#include <stdbool.h>
#include <stddef.h>

/* Compares n and m bytes of UTF-8 with letters and marks composed as Unicode's form NFC has them,
 * for Latin, Greek and Cyrillic letters; bytes that are no UTF-8 stand for themselves. Below 0, 0
 * or above 0: an order of all texts in which those that look alike are equal. */
int nas_text_compare(const char *x, size_t n, const char *y, size_t m);
bool nas_texts_alike(const char *x, const char *y);

#endif
