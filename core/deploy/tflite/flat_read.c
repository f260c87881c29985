/* core/deploy/tflite/flat_read.c - reading a flatbuffer, as flatbuffers.dev/internals describes it.
 */
#include "core/deploy/tflite/flat_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void nas_flat_fail(nas_flat_in *f, nas_status code, const char *fmt, ...) {
    char text[512];
    if (f->status != NAS_OK) return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    f->status = nas_fail(f->err, code, "tflite: %s", text);
}

static bool fits(nas_flat_in *f, size_t at, size_t bytes) {
    if (f->status != NAS_OK) return false;
    if (at <= f->n && bytes <= f->n - at) return true;
    nas_flat_fail(f, NAS_EFORMAT, "cut off or damaged: %zu bytes at %zu of a file of %zu", bytes,
                  at, f->n);
    return false;
}

static uint32_t get_u16(nas_flat_in *f, size_t at) {
    return fits(f, at, 2) ? (uint32_t)f->p[at] | (uint32_t)f->p[at + 1] << 8 : 0;
}

uint32_t nas_flat_get_u32(nas_flat_in *f, size_t at) {
    return fits(f, at, 4) ? get_u16(f, at) | get_u16(f, at + 2) << 16 : 0;
}

int64_t nas_flat_get_i64(nas_flat_in *f, size_t at) {
    return (int64_t)(nas_flat_get_u32(f, at) | (uint64_t)nas_flat_get_u32(f, at + 4) << 32);
}

float nas_flat_get_f32(nas_flat_in *f, size_t at) {
    const uint32_t bits = nas_flat_get_u32(f, at);
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

size_t nas_flat_follow(nas_flat_in *f, size_t at) {
    const uint32_t offset = nas_flat_get_u32(f, at);
    return fits(f, at, offset) ? at + offset : 0;
}

nas_flat_in_table nas_flat_table_at(nas_flat_in *f, size_t at) {
    nas_flat_in_table t = {.at = at};
    const int64_t vtable = (int64_t)at - (int32_t)nas_flat_get_u32(f, at);
    if (vtable < 0) nas_flat_fail(f, NAS_EFORMAT, "damaged: a table at %zu without a vtable", at);
    if (f->status != NAS_OK) return (nas_flat_in_table){0};
    t.vtable = (size_t)vtable;
    t.vtable_bytes = get_u16(f, t.vtable);
    t.bytes = get_u16(f, t.vtable + 2);
    if (t.vtable_bytes < 4 || t.bytes < 4)
        nas_flat_fail(f, NAS_EFORMAT, "damaged: a vtable at %zu", t.vtable);
    if (!fits(f, t.vtable, t.vtable_bytes) || !fits(f, at, t.bytes)) return (nas_flat_in_table){0};
    return t;
}

size_t nas_flat_field(nas_flat_in *f, const nas_flat_in_table *t, uint32_t slot, uint32_t bytes) {
    if (t->at == 0 || slot + 2 > t->vtable_bytes) return 0;
    const uint32_t offset = get_u16(f, t->vtable + slot);
    if (offset == 0) return 0;
    if (offset < 4 || offset + bytes > t->bytes) {
        nas_flat_fail(f, NAS_EFORMAT, "damaged: a field outside its table at %zu", t->at);
        return 0;
    }
    return t->at + offset;
}

uint32_t nas_flat_field_u8(nas_flat_in *f, const nas_flat_in_table *t, uint32_t slot) {
    const size_t at = nas_flat_field(f, t, slot, 1);
    return at ? f->p[at] : 0;
}

int32_t nas_flat_field_i32(nas_flat_in *f, const nas_flat_in_table *t, uint32_t slot, int32_t def) {
    const size_t at = nas_flat_field(f, t, slot, 4);
    return at ? (int32_t)nas_flat_get_u32(f, at) : def;
}

nas_flat_in_table nas_flat_field_table(nas_flat_in *f, const nas_flat_in_table *t, uint32_t slot) {
    const size_t at = nas_flat_field(f, t, slot, 4);
    return at ? nas_flat_table_at(f, nas_flat_follow(f, at)) : (nas_flat_in_table){0};
}

nas_flat_in_vector nas_flat_field_vector(nas_flat_in *f, const nas_flat_in_table *t, uint32_t slot,
                                         size_t bytes) {
    const size_t at = nas_flat_field(f, t, slot, 4);
    if (!at) return (nas_flat_in_vector){0};
    const size_t start = nas_flat_follow(f, at);
    const nas_flat_in_vector v = {.at = start + 4, .count = nas_flat_get_u32(f, start)};
    if (v.count > f->n / bytes || !fits(f, v.at, v.count * bytes)) {
        nas_flat_fail(f, NAS_EFORMAT, "damaged: a list of %u items at %zu", v.count, start);
        return (nas_flat_in_vector){0};
    }
    return v;
}

nas_flat_in_table nas_flat_item_table(nas_flat_in *f, const nas_flat_in_vector *v, uint32_t i) {
    return nas_flat_table_at(f, nas_flat_follow(f, v->at + 4 * (size_t)i));
}
