/* core/deploy/tflite/flat.h - a builder of flatbuffers. It writes from the end to the front,
 * children before parents; a place is its distance from the end. Equal vectors, texts, tables and
 * vtables are stored once.
 * Thread safety: no shared state; one thread at a time for each builder. */
#ifndef NAS_CORE_DEPLOY_TFLITE_FLAT_H
#define NAS_CORE_DEPLOY_TFLITE_FLAT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

enum { NAS_FLAT_FIELDS = 16 };

typedef uint32_t nas_flat_ref; /* 0: nothing */

/* One field of the table in work: slot is its byte offset in the vtable. */
typedef struct nas_flat_item {
    uint16_t slot, bytes;
    bool is_ref;
    uint32_t value;
} nas_flat_item;

typedef struct nas_flat {
    nas_arena *arena;
    nas_err *err;
    nas_status status; /* sticky: after a failure all calls do nothing */
    uint8_t *buf;
    size_t room, used; /* used bytes stand at the end of buf */
    int32_t n_fields;
    nas_flat_item fields[NAS_FLAT_FIELDS];
    struct nas_flat_seen *seen;
} nas_flat;

nas_flat nas_flat_start(nas_arena *a, nas_err *err);

/* count items of `bytes` bytes each, little endian; the first is aligned to `align`. */
nas_flat_ref nas_flat_vector(nas_flat *f, const void *items, size_t count, size_t bytes,
                             size_t align);
nas_flat_ref nas_flat_text(nas_flat *f, const char *text);
nas_flat_ref nas_flat_refs(nas_flat *f, const nas_flat_ref *refs, size_t count);

/* Fields of a table, then the table. A value equal to the default is left out. */
void nas_flat_u8(nas_flat *f, int slot, uint8_t value, uint8_t def);
void nas_flat_i32(nas_flat *f, int slot, int32_t value, int32_t def);
void nas_flat_f32(nas_flat *f, int slot, float value);
void nas_flat_link(nas_flat *f, int slot, nas_flat_ref ref);
nas_flat_ref nas_flat_table(nas_flat *f);

/* The root and the file's four letters; the bytes live in the arena. Errors: NAS_ENOMEM, also of
 * any call before, and beyond NAS_TFLITE_MOST. Then *bytes is NULL, *n 0. */
NAS_NODISCARD nas_status nas_flat_end(nas_flat *f, nas_flat_ref root, const char id[4],
                                      uint8_t **bytes, size_t *n);

#endif
