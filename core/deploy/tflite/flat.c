/* core/deploy/tflite/flat.c - flatbuffers, as flatbuffers.dev/internals describes them. */
#include "core/deploy/tflite/flat.h"

#include "core/deploy/deploy.h"

#include <assert.h>
#include <string.h>

enum { FILE_ALIGN = 16 };

typedef enum seen_kind { SEEN_VECTOR, SEEN_TEXT, SEEN_TABLE, SEEN_VTABLE } seen_kind;

/* Something that may be used again: a vector by its bytes, a table by its fields, a vtable. A text
 * is a vector with a byte 0 behind it. */
typedef struct nas_flat_seen {
    struct nas_flat_seen *next;
    seen_kind kind;
    nas_flat_ref ref;
    size_t count, bytes, align;                   /* of a vector */
    int32_t n_fields;                             /* of a table */
    const nas_flat_item *fields;                  /* of a table */
    uint16_t n_slots, slots[NAS_FLAT_FIELDS + 2]; /* of a vtable */
} seen;

nas_flat nas_flat_start(nas_arena *a, nas_err *err) {
    return (nas_flat){.arena = a, .err = err};
}

static void put_u16(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put_u32(uint8_t *p, uint32_t v) {
    put_u16(p, v & 0xffff);
    put_u16(p + 2, v >> 16);
}

/* n zeroed bytes before all others; NULL after a failure and for none. */
static uint8_t *push(nas_flat *f, size_t n) {
    if (f->status != NAS_OK || n == 0) return NULL;
    if (f->room - f->used < n) {
        size_t room = f->room ? f->room * 2 : 4096;
        while (room - f->used < n) room *= 2;
        uint8_t *buf = room > NAS_TFLITE_MOST ? NULL : nas_arena_alloc(f->arena, room, f->err);
        if (!buf) {
            f->status = nas_fail(f->err, NAS_ENOMEM, "flatbuffer: no room for %zu bytes", room);
            return NULL;
        }
        if (f->used) memcpy(buf + room - f->used, f->buf + f->room - f->used, f->used);
        f->buf = buf;
        f->room = room;
    }
    f->used += n;
    return memset(f->buf + f->room - f->used, 0, n);
}

/* Zeros, so that what is pushed to `extra` bytes from here is aligned. */
static void align_for(nas_flat *f, size_t align, size_t extra) {
    (void)push(f, (align - (f->used + extra) % align) % align);
}

static const uint8_t *at(const nas_flat *f, nas_flat_ref ref) {
    return f->buf + f->room - ref;
}

static seen *remember(nas_flat *f, seen_kind kind, nas_flat_ref ref) {
    seen *s = nas_arena_alloc(f->arena, sizeof *s, f->err);
    if (!s) {
        f->status = NAS_ENOMEM;
        return NULL;
    }
    *s = (seen){.next = f->seen, .kind = kind, .ref = ref};
    f->seen = s;
    return s;
}

static nas_flat_ref put_vector(nas_flat *f, seen_kind kind, const void *items, size_t count,
                               size_t bytes, size_t align) {
    const size_t n = count * bytes, whole = kind == SEEN_TEXT ? n + 1 : n;
    for (const seen *s = f->seen; s; s = s->next)
        if (s->kind == kind && s->count == count && s->bytes == bytes && s->align == align &&
            (n == 0 || memcmp(at(f, s->ref) + 4, items, n) == 0))
            return s->ref;
    align_for(f, align < 4 ? 4 : align, whole);
    uint8_t *p = push(f, whole);
    if (p && n) memcpy(p, items, n);
    uint8_t *length = push(f, 4);
    if (!length) return 0;
    put_u32(length, (uint32_t)count);
    const nas_flat_ref ref = (nas_flat_ref)f->used;
    seen *s = remember(f, kind, ref);
    if (!s) return 0;
    s->count = count;
    s->bytes = bytes;
    s->align = align;
    return ref;
}

nas_flat_ref nas_flat_vector(nas_flat *f, const void *items, size_t count, size_t bytes,
                             size_t align) {
    return put_vector(f, SEEN_VECTOR, items, count, bytes, align);
}

nas_flat_ref nas_flat_text(nas_flat *f, const char *text) {
    return put_vector(f, SEEN_TEXT, text, strlen(text), 1, 4);
}

/* An offset says how far its target lies behind the offset itself. */
static void push_ref(nas_flat *f, nas_flat_ref target) {
    uint8_t *p = push(f, 4);
    if (p) put_u32(p, (uint32_t)f->used - target);
}

nas_flat_ref nas_flat_refs(nas_flat *f, const nas_flat_ref *refs, size_t count) {
    align_for(f, 4, 0);
    for (size_t i = count; i > 0; i--) push_ref(f, refs[i - 1]);
    uint8_t *length = push(f, 4);
    if (!length) return 0;
    put_u32(length, (uint32_t)count);
    return (nas_flat_ref)f->used;
}

static void add_field(nas_flat *f, int slot, int bytes, bool is_ref, uint32_t value) {
    assert(f->n_fields < NAS_FLAT_FIELDS);
    f->fields[f->n_fields++] = (nas_flat_item){
        .slot = (uint16_t)slot, .bytes = (uint16_t)bytes, .is_ref = is_ref, .value = value};
}

void nas_flat_u8(nas_flat *f, int slot, uint8_t value, uint8_t def) {
    if (value != def) add_field(f, slot, 1, false, value);
}

void nas_flat_i32(nas_flat *f, int slot, int32_t value, int32_t def) {
    if (value != def) add_field(f, slot, 4, false, (uint32_t)value);
}

void nas_flat_f32(nas_flat *f, int slot, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    add_field(f, slot, 4, false, bits);
}

void nas_flat_link(nas_flat *f, int slot, nas_flat_ref ref) {
    if (ref) add_field(f, slot, 4, true, ref);
}

static bool same_fields(const nas_flat *f, const seen *s) {
    if (s->kind != SEEN_TABLE || s->n_fields != f->n_fields) return false;
    for (int32_t i = 0; i < f->n_fields; i++) {
        const nas_flat_item *p = &f->fields[i], *q = &s->fields[i];
        if (p->slot != q->slot || p->bytes != q->bytes || p->is_ref != q->is_ref ||
            p->value != q->value)
            return false;
    }
    return true;
}

/* A vtable: its own bytes, the table's bytes, where each slot's field is. */
static nas_flat_ref push_vtable(nas_flat *f, uint16_t n_slots, const uint16_t *slots) {
    for (const seen *s = f->seen; s; s = s->next)
        if (s->kind == SEEN_VTABLE && s->n_slots == n_slots &&
            memcmp(s->slots, slots, n_slots * sizeof *slots) == 0)
            return s->ref;
    uint8_t *p = push(f, n_slots * sizeof *slots);
    if (!p) return 0;
    for (uint16_t i = 0; i < n_slots; i++) put_u16(p + 2 * i, slots[i]);
    seen *s = remember(f, SEEN_VTABLE, (nas_flat_ref)f->used);
    if (!s) return 0;
    s->n_slots = n_slots;
    memcpy(s->slots, slots, n_slots * sizeof *slots);
    return s->ref;
}

/* Pushes the fields, the widest first, and the room for the vtable's offset. */
static void push_fields(nas_flat *f, uint16_t *n_slots, uint16_t *slots) {
    nas_flat_ref place[NAS_FLAT_FIELDS];
    align_for(f, 4, 0);
    const size_t end = f->used;
    for (uint16_t bytes = 4; bytes >= 1; bytes /= 4)
        for (int32_t i = 0; i < f->n_fields; i++) {
            const nas_flat_item *field = &f->fields[i];
            if (field->bytes != bytes) continue;
            uint8_t *p = field->is_ref ? NULL : push(f, bytes);
            if (field->is_ref) push_ref(f, field->value);
            if (p && bytes == 4) put_u32(p, field->value);
            if (p && bytes == 1) *p = (uint8_t)field->value;
            place[i] = (nas_flat_ref)f->used;
        }
    align_for(f, 4, 0);
    (void)push(f, 4);
    *n_slots = 2;
    for (int32_t i = 0; i < f->n_fields; i++) {
        const uint16_t slot = f->fields[i].slot / 2;
        slots[slot] = (uint16_t)(f->used - place[i]);
        if (slot >= *n_slots) *n_slots = (uint16_t)(slot + 1);
    }
    slots[0] = (uint16_t)(*n_slots * 2);
    slots[1] = (uint16_t)(f->used - end);
}

nas_flat_ref nas_flat_table(nas_flat *f) {
    uint16_t n_slots, slots[NAS_FLAT_FIELDS + 2] = {0};
    for (const seen *s = f->seen; s; s = s->next)
        if (same_fields(f, s)) {
            f->n_fields = 0;
            return s->ref;
        }
    nas_flat_item *kept = nas_arena_array(f->arena, (size_t)f->n_fields, sizeof *kept, f->err);
    if (!kept) f->status = NAS_ENOMEM;
    push_fields(f, &n_slots, slots);
    const nas_flat_ref ref = (nas_flat_ref)f->used;
    const nas_flat_ref vtable = push_vtable(f, n_slots, slots);
    seen *s = f->status == NAS_OK ? remember(f, SEEN_TABLE, ref) : NULL;
    if (s) {
        put_u32(f->buf + f->room - ref, vtable - ref);
        memcpy(kept, f->fields, (size_t)f->n_fields * sizeof *kept);
        s->fields = kept;
        s->n_fields = f->n_fields;
    }
    f->n_fields = 0;
    return s ? ref : 0;
}

nas_status nas_flat_end(nas_flat *f, nas_flat_ref root, const char id[4], uint8_t **bytes,
                        size_t *n) {
    align_for(f, FILE_ALIGN, 8);
    uint8_t *p = push(f, 4);
    if (p) memcpy(p, id, 4);
    push_ref(f, root);
    *bytes = NULL;
    *n = 0;
    if (f->status != NAS_OK) return f->status;
    uint8_t *whole = nas_arena_alloc(f->arena, f->used, f->err);
    if (!whole) return NAS_ENOMEM;
    memcpy(whole, f->buf + f->room - f->used, f->used);
    *bytes = whole;
    *n = f->used;
    return NAS_OK;
}
