/* core/deploy/format/reorder.c - orders of channels for a short zlib stream. */
#include "core/deploy/format/reorder.h"
#include "core/graph/graph_int.h"

#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

enum {
    CHAIN = 32,  /* candidates for a match: this many orders are compared */
    WINDOW = 13, /* as the stream's own */
    MEMORY = 8,
    MOST_PACKED = 12 << 20, /* bytes that all trials together may pack */
    MOST_LIKENESS = 1 << 26 /* bytes that are compared to put like beside like */
};

/* How a set may be ordered. */
typedef enum order_kind {
    BY_SCALE,
    BY_ZEROS_MADE,
    BY_ZEROS_READ,
    BY_SCALE_AND_ZEROS,
    LIKE_BESIDE_LIKE,
    SCALE_THEN_LIKE,
    ORDER_KINDS
} order_kind;

typedef struct channel {
    int32_t index;
    float scale;
    int64_t made, read; /* zeros */
} channel;

typedef struct shuffler {
    nas_graph *g;
    nas_arena *scratch;
    z_stream z;
    uint8_t *in, *out; /* of one set's constants, and what zlib makes of them */
    size_t room, out_room;
    int64_t packed, compared;
    nas_err *err;
} shuffler;

/* --- what is known of a channel --------------------------------------------------------------- */

static int64_t zeros_of(const nas_tensor *t, const nas_channel_axis *a, int32_t c, int32_t step) {
    int64_t zeros = 0;
    if (t->dtype != NAS_I8) return 0;
    for (int64_t o = 0; o < a->outer; o++)
        for (int64_t i = c; i < a->length; i += step) {
            const int8_t *p = (const int8_t *)t->data + (o * a->length + i) * a->inner;
            for (int64_t k = 0; k < a->inner; k++) zeros += p[k] == 0;
        }
    return zeros;
}

static bool is_made(const nas_channel_axis *a) {
    return a->scaled || a->inner > 1;
}

static void describe(const shuffler *s, const nas_channel_set *set, channel *c) {
    for (int32_t i = 0; i < set->channels; i++) c[i] = (channel){.index = i};
    for (int32_t k = 0; k < set->n_axes; k++) {
        const nas_channel_axis *a = &set->axes[k];
        const nas_tensor *t = &s->g->tensors[a->tensor];
        for (int32_t i = 0; i < set->channels; i++) {
            const int64_t zeros = zeros_of(t, a, i, set->channels);
            if (is_made(a))
                c[i].made += zeros;
            else
                c[i].read += zeros;
            if (a->scaled && c[i].scale == 0) c[i].scale = t->scale[i];
        }
    }
}

static int by_scale(const void *p, const void *q) {
    const channel *a = p, *b = q;
    if (a->scale != b->scale) return a->scale < b->scale ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static int by_made(const void *p, const void *q) {
    const channel *a = p, *b = q;
    if (a->made != b->made) return a->made < b->made ? -1 : 1;
    return by_scale(p, q);
}

static int by_read(const void *p, const void *q) {
    const channel *a = p, *b = q;
    if (a->read != b->read) return a->read < b->read ? -1 : 1;
    return by_scale(p, q);
}

static int by_scale_and_zeros(const void *p, const void *q) {
    const channel *a = p, *b = q;
    if (a->scale != b->scale) return a->scale < b->scale ? -1 : 1;
    return by_made(p, q);
}

/* --- like beside like ------------------------------------------------------------------------- */

/* Bytes that channels p and q have in common, along all axes of the set. */
static int64_t likeness(const shuffler *s, const nas_channel_set *set, int32_t p, int32_t q) {
    int64_t same = 0;
    for (int32_t k = 0; k < set->n_axes; k++) {
        const nas_channel_axis *a = &set->axes[k];
        const nas_tensor *t = &s->g->tensors[a->tensor];
        const int64_t blocks = a->length / set->channels * a->outer;
        if (t->dtype != NAS_I8) continue;
        for (int64_t b = 0; b < blocks; b++) {
            const int8_t *base = (const int8_t *)t->data + b * set->channels * a->inner;
            const int8_t *x = base + p * a->inner, *y = base + q * a->inner;
            for (int64_t i = 0; i < a->inner; i++) same += x[i] == y[i];
        }
    }
    return same;
}

static int64_t bytes_each(const shuffler *s, const nas_channel_set *set) {
    int64_t n = 0;
    for (int32_t k = 0; k < set->n_axes; k++)
        n += set->axes[k].outer * set->axes[k].length * set->axes[k].inner / set->channels;
    (void)s;
    return n;
}

/* From the first channel on, each is followed by the one most like it; scaled: among those of its
 * scale, where some are left. */
static void chain_likes(shuffler *s, const nas_channel_set *set, channel *c, bool scaled) {
    const int32_t n = set->channels;
    for (int32_t i = 0; i + 1 < n; i++) {
        int32_t best = i + 1;
        int64_t most = -1;
        for (int32_t k = i + 1; k < n; k++) {
            if (scaled && c[i + 1].scale != c[k].scale) break;
            const int64_t same = likeness(s, set, c[i].index, c[k].index);
            if (same <= most) continue;
            most = same;
            best = k;
        }
        const channel chosen = c[best];
        memmove(&c[i + 2], &c[i + 1], (size_t)(best - i - 1) * sizeof *c);
        c[i + 1] = chosen;
    }
}

/* False: this order would cost more time than it may. */
static bool propose(shuffler *s, const nas_channel_set *set, order_kind kind, channel *c) {
    static int (*const compare[ORDER_KINDS])(const void *, const void *) = {
        [BY_SCALE] = by_scale,        [BY_ZEROS_MADE] = by_made,
        [BY_ZEROS_READ] = by_read,    [BY_SCALE_AND_ZEROS] = by_scale_and_zeros,
        [LIKE_BESIDE_LIKE] = by_made, [SCALE_THEN_LIKE] = by_scale,
    };
    const bool likes = kind == LIKE_BESIDE_LIKE || kind == SCALE_THEN_LIKE;
    const int64_t work = (int64_t)set->channels * set->channels / 2 * bytes_each(s, set);
    if (likes && s->compared + work > MOST_LIKENESS) return false;
    describe(s, set, c);
    qsort(c, (size_t)set->channels, sizeof *c, compare[kind]);
    if (likes) {
        s->compared += work;
        chain_likes(s, set, c, kind == SCALE_THEN_LIKE);
    }
    return true;
}

/* --- what zlib makes of it -------------------------------------------------------------------- */

static size_t add(shuffler *s, size_t at, const void *p, size_t n) {
    memcpy(s->in + at, p, n);
    return at + n;
}

/* The set's constants as a file has them: those of one type together, then scales. */
static size_t gather(shuffler *s, const nas_channel_set *set) {
    static const nas_dtype order[] = {NAS_I8, NAS_I32};
    size_t n = 0;
    for (size_t d = 0; d < 2; d++)
        for (int32_t k = 0; k < set->n_axes; k++) {
            const nas_tensor *t = &s->g->tensors[set->axes[k].tensor];
            if (t->dtype == order[d]) n = add(s, n, t->data, (size_t)nas_tensor_bytes(t));
        }
    for (int32_t k = 0; k < set->n_axes; k++) {
        const nas_tensor *t = &s->g->tensors[set->axes[k].tensor];
        if (set->axes[k].scaled) n = add(s, n, t->scale, (size_t)t->n_scale * sizeof *t->scale);
    }
    return n;
}

static nas_status weigh(shuffler *s, const nas_channel_set *set, size_t *out) {
    const size_t n = gather(s, set);
    s->packed += (int64_t)n;
    if (deflateReset(&s->z) != Z_OK || deflateTune(&s->z, 32, 258, 258, CHAIN) != Z_OK)
        return nas_fail(s->err, NAS_EBUG, "zlib: a stream could not begin again");
    s->z.next_in = s->in;
    s->z.avail_in = (uInt)n;
    s->z.next_out = s->out;
    s->z.avail_out = (uInt)s->out_room;
    if (deflate(&s->z, Z_FINISH) != Z_STREAM_END)
        return nas_fail(s->err, NAS_EBUG, "zlib: %zu bytes could not be compressed", n);
    *out = s->z.total_out;
    return NAS_OK;
}

/* --- trials ----------------------------------------------------------------------------------- */

static nas_status move_all(shuffler *s, const nas_channel_set *set, const channel *c) {
    int32_t *from = nas_arena_array(s->scratch, (size_t)set->channels, sizeof *from, s->err);
    if (!from) return NAS_ENOMEM;
    for (int32_t i = 0; i < set->channels; i++) from[i] = c[i].index;
    for (int32_t k = 0; k < set->n_axes; k++) {
        nas_tensor *t = &s->g->tensors[set->axes[k].tensor];
        NAS_TRY(nas_channels_move(t, &set->axes[k], from, set->channels, s->g->arena, t, s->err));
    }
    return NAS_OK;
}

/* The tensors of a set as they were. */
static void keep(const shuffler *s, const nas_channel_set *set, nas_tensor *kept) {
    for (int32_t k = 0; k < set->n_axes; k++) kept[k] = s->g->tensors[set->axes[k].tensor];
}

static void restore(shuffler *s, const nas_channel_set *set, const nas_tensor *kept) {
    for (int32_t k = 0; k < set->n_axes; k++) s->g->tensors[set->axes[k].tensor] = kept[k];
}

static nas_status order_set(shuffler *s, const nas_channel_set *set) {
    nas_tensor *first = nas_arena_array(s->scratch, (size_t)set->n_axes, sizeof *first, s->err);
    nas_tensor *best = nas_arena_array(s->scratch, (size_t)set->n_axes, sizeof *best, s->err);
    channel *c = nas_arena_array(s->scratch, (size_t)set->channels, sizeof *c, s->err);
    size_t least, n;
    if (!first || !best || !c) return NAS_ENOMEM;
    keep(s, set, first);
    keep(s, set, best);
    NAS_TRY(weigh(s, set, &least));
    for (int kind = 0; kind < ORDER_KINDS && s->packed < MOST_PACKED; kind++) {
        if (!propose(s, set, (order_kind)kind, c)) continue;
        NAS_TRY(move_all(s, set, c));
        NAS_TRY(weigh(s, set, &n));
        if (n < least) keep(s, set, best);
        if (n < least) least = n;
        restore(s, set, first);
    }
    restore(s, set, best);
    return NAS_OK;
}

static size_t most_bytes(const nas_graph *g, const nas_channel_sets *sets) {
    size_t most = 0;
    for (int32_t i = 0; i < sets->n; i++) {
        size_t n = 0;
        for (int32_t k = 0; k < sets->sets[i].n_axes; k++) {
            const nas_tensor *t = &g->tensors[sets->sets[i].axes[k].tensor];
            n += (size_t)nas_tensor_bytes(t) + (size_t)t->n_scale * sizeof *t->scale;
        }
        if (n > most) most = n;
    }
    return most;
}

static nas_status order_all(shuffler *s, const nas_channel_sets *sets) {
    s->room = most_bytes(s->g, sets);
    if (deflateInit2(&s->z, Z_BEST_COMPRESSION, Z_DEFLATED, WINDOW, MEMORY, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return nas_fail(s->err, NAS_ENOMEM, "zlib: out of memory");
    /* compressBound is for the usual window only. */
    s->out_room = deflateBound(&s->z, (uLong)s->room);
    s->in = nas_arena_alloc(s->scratch, s->room, s->err);
    s->out = nas_arena_alloc(s->scratch, s->out_room, s->err);
    nas_status st = s->in && s->out ? NAS_OK : NAS_ENOMEM;
    for (int32_t i = 0; st == NAS_OK && i < sets->n; i++) st = order_set(s, &sets->sets[i]);
    deflateEnd(&s->z);
    return st;
}

nas_status nas_channels_reorder(nas_graph *g, nas_err *err) {
    shuffler s = {.g = g, .err = err};
    nas_channel_sets sets;
    NAS_TRY(nas_graph_check(g, err));
    NAS_TRY(nas_arena_open(&s.scratch, err));
    nas_status st = nas_channel_sets_find(g, s.scratch, &sets, err);
    if (st == NAS_OK && sets.n > 0) st = order_all(&s, &sets);
    nas_arena_close(s.scratch);
    return st == NAS_OK ? nas_graph_check(g, err) : st;
}
