/* base/relation.h - how a figure may stand to a bound: one table of the comparison operators.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_BASE_RELATION_H
#define NAS_BASE_RELATION_H

#include <stdbool.h>

typedef enum nas_relation {
    NAS_ABOVE,
    NAS_AT_LEAST,
    NAS_BELOW,
    NAS_AT_MOST,
    NAS_EQUAL,
    NAS_UNEQUAL,
    NAS_RELATIONS
} nas_relation;

/* As it is written: > >= < <= == != */
const char *nas_relation_text(nas_relation r);

/* That of a text; NAS_RELATIONS: of none, nor of NULL. */
nas_relation nas_relation_of(const char *text);

/* The longest that text begins with; NAS_RELATIONS: with none. */
nas_relation nas_relation_at(const char *text);

/* Does v stand so to the bound? NaN stands in no relation to anything. */
bool nas_relation_holds(nas_relation r, double v, double bound);

/* 1: it asks for more, -1: for less, 0: for a value. */
int nas_relation_direction(nas_relation r);

#endif
