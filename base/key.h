/* base/key.h - one row per key of a settings block: the decoder, the validator, `--help` and the
 * documentation are driven by these tables. A block's struct and its table stand beside each other
 * in the header of whoever uses the settings; search/ walks them and knows nothing more. */
#ifndef NAS_BASE_KEY_H
#define NAS_BASE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum nas_key_kind {
    NAS_KEY_INT,   /* int32_t */
    NAS_KEY_FLOAT, /* double */
    NAS_KEY_BOOL,  /* bool */
    NAS_KEY_WORD,  /* int32_t: index into words */
    NAS_KEY_TEXT,  /* const char *, owned by the candidate's arena */
    NAS_KEY_PAIR,  /* int32_t[2]: height, width */
    NAS_KEY_SHAPE, /* int32_t[3]: height, width, channels */
    NAS_KEY_SPAN,  /* nas_span: lowest, highest */
    NAS_KEY_BLOCK  /* decoded by the block's own code (layers, learning_rate, split, ...) */
} nas_key_kind;

enum {
    NAS_KEY_WIDTH = 1, /* multiplied by model.width, except in the last layer that has such a key */
    NAS_KEY_CLASSES =
        2, /* the word "classes" may stand for the number of classes (decodes to it) */
    NAS_KEY_NULLABLE = 4, /* null may stand for it: INT decodes to -1, FLOAT to NaN, TEXT to NULL,
                             PAIR to zeros */
    NAS_KEY_PATTERN = 8   /* of TEXT: a POSIX extended expression with a group */
};

/* Two numbers; not given: null. */
typedef struct nas_span {
    bool given;
    double lo, hi;
} nas_span;

typedef struct nas_key {
    const char *name;
    nas_key_kind kind;
    size_t offset;            /* of the member in the block's struct */
    double lo, hi;            /* of numbers, both included */
    const char *def;          /* the default as JSON text; NULL: the key must be there */
    const char *const *words; /* of WORD, NULL at the end */
    uint32_t flags;
    const char *help; /* one line, with the unit */
} nas_key;

/* Ends a table. */
#define NAS_KEY_END \
    { .name = NULL }

#endif
