/* core/deploy/tflite/flat_read.h - reading a flatbuffer of which nothing is believed: every place
 * is checked against the length before it is read.
 * Thread safety: no shared state; one thread at a time for each reader. */
#ifndef NAS_CORE_DEPLOY_TFLITE_FLAT_READ_H
#define NAS_CORE_DEPLOY_TFLITE_FLAT_READ_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nas_flat_in {
    const uint8_t *p;
    size_t n;
    nas_err *err;
    nas_status status; /* sticky; after a failure all reads give 0 */
} nas_flat_in;

/* at 0: absent. */
typedef struct nas_flat_in_table {
    size_t at, vtable;
    uint32_t bytes, vtable_bytes;
} nas_flat_in_table;

typedef struct nas_flat_in_vector {
    size_t at; /* of the first item; its length stands in the four bytes before */
    uint32_t count;
} nas_flat_in_vector;

/* The first failure is the one that counts; its text begins with "tflite: ". */
void nas_flat_fail(nas_flat_in *f, nas_status code, const char *fmt, ...) NAS_PRINTF(3, 4);

uint32_t nas_flat_get_u32(nas_flat_in *f, size_t at);
int64_t nas_flat_get_i64(nas_flat_in *f, size_t at);
float nas_flat_get_f32(nas_flat_in *f, size_t at);

/* Where the offset at `at` leads, and the table that lies at a place. */
size_t nas_flat_follow(nas_flat_in *f, size_t at);
nas_flat_in_table nas_flat_table_at(nas_flat_in *f, size_t at);

/* The place of a table's field of so many bytes; 0: absent. slot is its byte offset in the vtable.
 */
size_t nas_flat_field(nas_flat_in *f, const nas_flat_in_table *t, uint32_t slot, uint32_t bytes);
uint32_t nas_flat_field_u8(nas_flat_in *f, const nas_flat_in_table *t, uint32_t slot);
int32_t nas_flat_field_i32(nas_flat_in *f, const nas_flat_in_table *t, uint32_t slot, int32_t def);
nas_flat_in_table nas_flat_field_table(nas_flat_in *f, const nas_flat_in_table *t, uint32_t slot);
/* Items of so many bytes, all of them inside the file. */
nas_flat_in_vector nas_flat_field_vector(nas_flat_in *f, const nas_flat_in_table *t, uint32_t slot,
                                         size_t bytes);
nas_flat_in_table nas_flat_item_table(nas_flat_in *f, const nas_flat_in_vector *v, uint32_t i);

#endif
