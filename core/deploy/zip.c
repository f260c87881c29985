/* core/deploy/zip.c - the zlib stream of a file. RFC 1950, RFC 1951.
 *
 * A model's file is tables, kernels, scales and biases one after the other, each with byte
 * frequencies of its own, while zlib ends a block when its buffer is full. So the stream is made in
 * several ways and the shortest is kept: in one piece with buffers of several sizes, and in
 * segments of even byte frequencies, each with the strategy that suits it. */
#include "core/deploy/deploy.h"
#include "core/deploy/segments.h"

#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

enum {
    MOST_CHAIN = 128, /* candidates for a match: runs of zeros make chains of thousands */
    LEVEL_9_CHAIN = 4096,
    MEMORY = 8,  /* of segments, which end blocks themselves */
    WINDOW = 13, /* farther matches are seldom worth their distance */
    MOST_WINDOW = 15,
    SMALL = 6000,
    MOST_CUT = 1 << 22 /* bytes of a file that is cut */
};

static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE};

typedef struct packer {
    const uint8_t *bytes;
    size_t n;
    uint8_t *trial, *best;
    size_t room, best_n;
} packer;

static int start(z_stream *s, int strategy, int memory, int window, int chain) {
    memset(s, 0, sizeof *s);
    const int rc = deflateInit2(s, Z_BEST_COMPRESSION, Z_DEFLATED, window, memory, strategy);
    return rc == Z_OK ? deflateTune(s, 32, 258, 258, chain) : rc;
}

/* Takes what lies in p->trial if it is shorter than all before. */
static void keep(packer *p, size_t n) {
    if (n >= p->best_n) return;
    uint8_t *shorter = p->trial;
    p->trial = p->best;
    p->best = shorter;
    p->best_n = n;
}

static int pack_whole(packer *p, int strategy, int memory, int window) {
    const int chain = p->n <= SMALL ? LEVEL_9_CHAIN : MOST_CHAIN;
    z_stream s;
    int rc = start(&s, strategy, memory, window, chain);
    if (rc != Z_OK) return rc;
    s.next_in = p->bytes;
    s.avail_in = (uInt)p->n;
    s.next_out = p->trial;
    s.avail_out = (uInt)p->room;
    rc = deflate(&s, Z_FINISH);
    if (rc == Z_STREAM_END) keep(p, s.total_out);
    deflateEnd(&s);
    return rc == Z_STREAM_END ? Z_OK : rc;
}

/* Compresses one segment; the bits of the stream so far. */
static int add_segment(z_stream *s, int strategy, const uint8_t *bytes, size_t n, bool last,
                       uint64_t *bits) {
    unsigned pending = 0;
    int more = 0;
    int rc = deflateParams(s, Z_BEST_COMPRESSION, strategy);
    if (rc != Z_OK) return rc;
    s->next_in = bytes;
    s->avail_in = (uInt)n;
    rc = deflate(s, last ? Z_FINISH : Z_BLOCK);
    if (rc != Z_OK && rc != Z_STREAM_END) return rc;
    if (s->avail_in || (last && rc == Z_OK)) return Z_BUF_ERROR;
    deflatePending(s, &pending, &more);
    *bits = 8 * ((uint64_t)s->total_out + pending) + (uint64_t)more;
    return Z_OK;
}

/* The strategy that makes the stream with this segment shortest. */
static int choose(packer *p, z_stream *s, const uint8_t *bytes, size_t n, bool last, int *best) {
    uint64_t least = UINT64_MAX, bits;
    for (size_t k = 0; k < sizeof strategies / sizeof *strategies; k++) {
        z_stream copy;
        int rc = deflateCopy(&copy, s);
        if (rc != Z_OK) return rc;
        copy.next_out = p->trial + s->total_out;
        rc = add_segment(&copy, strategies[k], bytes, n, last, &bits);
        deflateEnd(&copy);
        if (rc != Z_OK) return rc;
        if (bits >= least) continue;
        least = bits;
        *best = strategies[k];
    }
    return Z_OK;
}

static int pack_segments(packer *p, const nas_segments *cuts, int window) {
    z_stream s;
    int rc = start(&s, Z_DEFAULT_STRATEGY, MEMORY, window, MOST_CHAIN);
    if (rc != Z_OK) return rc;
    s.next_out = p->trial;
    s.avail_out = (uInt)p->room;
    size_t from = 0;
    for (int32_t k = 0; rc == Z_OK && k < cuts->n; k++) {
        const bool last = k == cuts->n - 1;
        uint64_t bits;
        int strategy = Z_DEFAULT_STRATEGY;
        rc = choose(p, &s, p->bytes + from, cuts->end[k] - from, last, &strategy);
        if (rc == Z_OK)
            rc = add_segment(&s, strategy, p->bytes + from, cuts->end[k] - from, last, &bits);
        from = cuts->end[k];
    }
    if (rc == Z_OK) keep(p, s.total_out);
    deflateEnd(&s);
    return rc;
}

/* Notes the penalty that gave the shortest. A stream that grows beyond its room is none. */
static int pack_cut(packer *p, const nas_segmenter *segmenter, int penalty, int window, int *best) {
    nas_segments cuts;
    const size_t before = p->best_n;
    nas_segmenter_cut(segmenter, penalty, &cuts);
    const int rc = pack_segments(p, &cuts, window);
    if (p->best_n < before) *best = penalty;
    return rc == Z_BUF_ERROR ? Z_OK : rc;
}

/* In one piece. A small file is worth its tables' bytes: all sizes of buffers are tried. */
static int pack_wholes(packer *p) {
    int rc = pack_whole(p, Z_DEFAULT_STRATEGY, MEMORY, MOST_WINDOW);
    for (int memory = 2; rc == Z_OK && p->n <= SMALL && memory <= MEMORY; memory++)
        for (int k = 0; rc == Z_OK && k < 2; k++) rc = pack_whole(p, strategies[k], memory, WINDOW);
    return rc;
}

static int pack_all(packer *p, const nas_segmenter *segmenter) {
    static const int penalty[] = {50, 100, 200, 400};
    int best = penalty[0];
    const int whole = pack_wholes(p);
    if (whole != Z_OK || !segmenter) return whole;
    for (size_t k = 0; k < sizeof penalty / sizeof *penalty; k++) {
        const int rc = pack_cut(p, segmenter, penalty[k], WINDOW, &best);
        if (rc != Z_OK) return rc;
    }
    return pack_cut(p, segmenter, best, MOST_WINDOW, &best);
}

nas_status nas_zlib_stream(const uint8_t *bytes, size_t n, nas_arena *a, uint8_t **out,
                           size_t *out_n, nas_err *err) {
    packer p = {.bytes = bytes, .n = n, .best_n = SIZE_MAX};
    nas_arena *scratch;
    *out = NULL;
    *out_n = 0;
    if (n > UINT32_MAX / 4)
        return nas_fail(err, NAS_EINVAL, "zlib: %zu bytes are too many for one stream", n);
    NAS_TRY(nas_arena_open(&scratch, err));
    /* A flush costs a few bytes. */
    p.room = compressBound((uLong)n) + 64 * NAS_SEGMENTS;
    p.trial = nas_arena_alloc(scratch, p.room, err);
    p.best = nas_arena_alloc(scratch, p.room, err);
    const bool cut = n > 0 && n <= MOST_CUT;
    const nas_segmenter *segmenter = cut ? nas_segmenter_open(bytes, n, scratch, err) : NULL;
    nas_status st = p.trial && p.best && (segmenter || !cut) ? NAS_OK : NAS_ENOMEM;
    if (st == NAS_OK) {
        const int rc = pack_all(&p, segmenter);
        if (rc != Z_OK)
            st = nas_fail(err, rc == Z_MEM_ERROR ? NAS_ENOMEM : NAS_EBUG,
                          "zlib: %zu bytes could not be compressed (%d)", n, rc);
    }
    if (st == NAS_OK && !(*out = nas_arena_alloc(a, p.best_n, err))) st = NAS_ENOMEM;
    if (st == NAS_OK) {
        memcpy(*out, p.best, p.best_n);
        *out_n = p.best_n;
    }
    nas_arena_close(scratch);
    return st;
}

const char *nas_zlib_version(void) {
    return zlibVersion();
}
