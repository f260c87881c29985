/* core/deploy/zip/info_zip.c - how long the archive is that Info-ZIP's `zip -9` writes of one file.
 *
 * The same matches and the same ends of blocks as deflate.c and trees.c of Zip 3.0 at level 9,
 * which are not zlib's: hashes of 15 bits, chains of 4096, blocks of up to 32,767 symbols that end
 * early where what follows seems to be of another kind. Nothing is written: the counts of symbols
 * are all that a length needs. */
#include "core/deploy/zip/info_zip.h"
#include "core/deploy/deploy.h"

#include <stdlib.h>
#include <string.h>

enum {
    WINDOW = NAS_ZIP_WINDOW,
    AHEAD = NAS_ZIP_MOST + NAS_ZIP_LEAST + 1, /* bytes that are read before they are needed */
    FARTHEST = WINDOW - AHEAD,
    TOO_FAR = 4096, /* for a match of 3 bytes */
    HASHES = 1 << 15,
    CHAIN = 4096,
    GOOD = 32, /* after a match of so many bytes a quarter of the chain is looked at */
    SYMBOLS = 0x7fff,
    GLANCE = 0x1000, /* symbols after which a block may end early */
};

typedef struct archive {
    const uint8_t *bytes;
    int32_t n;
    int32_t base; /* where the window of 2 * WINDOW bytes begins; its first byte is never matched */
    int32_t block; /* where the block begins */
    int32_t symbols, matches;
    nas_zip_counts counts;
    uint64_t bits;
    bool any, stored; /* some block is written; the whole file is stored */
    int32_t head[HASHES], prev[WINDOW];
} archive;

static int32_t insert(archive *k, int32_t at) {
    const uint8_t *p = k->bytes + at;
    const uint32_t hash = ((uint32_t)p[0] << 10 ^ (uint32_t)p[1] << 5 ^ p[2]) & (HASHES - 1);
    const int32_t newest = k->head[hash];
    k->prev[at & (WINDOW - 1)] = newest;
    k->head[hash] = at;
    return newest;
}

static uint16_t pair(const uint8_t *p) {
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static int32_t common(const uint8_t *a, const uint8_t *b, int32_t most) {
    int32_t i = 0;
    for (; i + 8 <= most; i += 8) {
        uint64_t x, y;
        memcpy(&x, a + i, sizeof x);
        memcpy(&y, b + i, sizeof y);
        if (x != y) break;
    }
    while (i < most && a[i] == b[i]) i++;
    return i;
}

/* The longest match of more than `best` bytes, the nearest among equals; best where there is none.
 */
static int32_t longest(const archive *k, int32_t at, int32_t from, int32_t best, int32_t *start) {
    const int32_t left = k->n - at, most = left < NAS_ZIP_MOST ? left : NAS_ZIP_MOST;
    const int32_t limit = at - k->base > FARTHEST ? at - FARTHEST : k->base;
    const uint8_t *here = k->bytes + at;
    int32_t chain = best >= GOOD ? CHAIN / 4 : CHAIN;
    if (best >= most) return best;
    do {
        const uint8_t *there = k->bytes + from;
        if (pair(there + best - 1) != pair(here + best - 1) || pair(there) != pair(here)) continue;
        const int32_t length = common(here, there, most);
        if (length <= best) continue;
        *start = from;
        best = length;
        if (best >= most) break;
    } while ((from = k->prev[from & (WINDOW - 1)]) > limit && --chain);
    return best;
}

/* Ends the block at a place of the file. */
static void flush(archive *k, int32_t at, bool last) {
    const uint64_t raw = (uint64_t)(at - k->block);
    const nas_info_block b = nas_info_block_plan(&k->counts);
    const bool stored = raw + 4 <= b.bytes && k->block >= k->base;
    k->stored = last && !k->any && raw <= b.bytes;
    k->bits += stored ? 3 : b.bits;
    if (stored) k->bits = (k->bits + 7) / 8 * 8 + 8 * (raw + 4);
    k->any = true;
    k->block = at;
    k->symbols = k->matches = 0;
    memset(&k->counts, 0, sizeof k->counts);
}

/* Does what is coming look different? A guess that Zip makes from time to time. */
static bool is_worth_an_end(const archive *k, int32_t at) {
    if (k->symbols % GLANCE) return false;
    uint64_t bits = 8 * (uint64_t)k->symbols;
    for (int32_t i = 0; i < NAS_ZIP_DIST; i++)
        bits += k->counts.dist[i] * (uint64_t)(5 + nas_zip_dist_extra(i));
    return k->matches < k->symbols / 2 && bits / 8 < (uint64_t)(at - k->block) / 2;
}

static bool is_full(const archive *k, int32_t at) {
    return is_worth_an_end(k, at) || k->symbols == SYMBOLS;
}

static bool add_byte(archive *k, int32_t at) {
    k->counts.litlen[k->bytes[at - 1]]++;
    k->symbols++;
    return is_full(k, at);
}

static bool add_match(archive *k, int32_t at, int32_t length, int32_t distance) {
    k->counts.litlen[nas_zip_length_symbol(length)]++;
    k->counts.dist[nas_zip_dist_symbol(distance)]++;
    k->symbols++;
    k->matches++;
    return is_full(k, at);
}

/* Moves the window where Zip would, which is also what decides until when a block can be stored. */
static void refill(archive *k, int32_t at, int32_t *read) {
    while (*read - at < AHEAD) {
        if (at - k->base >= WINDOW + FARTHEST) k->base += WINDOW;
        const int32_t room = k->base > k->n - 2 * WINDOW ? k->n : k->base + 2 * WINDOW;
        if (room == *read) return;
        *read = room;
    }
}

/* Matches are taken if the next byte does not begin a longer one. */
static void count(archive *k) {
    int32_t at = 0, read = 0, length = NAS_ZIP_LEAST - 1, start = 0;
    bool waits = false;
    refill(k, at, &read);
    while (at < k->n) {
        const int32_t last = length, last_start = start, old = k->n - NAS_ZIP_LEAST;
        const int32_t from = at <= old ? insert(k, at) : k->base;
        length = NAS_ZIP_LEAST - 1;
        if (from > k->base && at - from <= FARTHEST && last < NAS_ZIP_MOST)
            length = longest(k, at, from, last, &start);
        if (length == NAS_ZIP_LEAST && at - start > TOO_FAR) length = NAS_ZIP_LEAST - 1;
        if (last >= NAS_ZIP_LEAST && length <= last) {
            const bool full = add_match(k, at, last, at - 1 - last_start);
            const int32_t end = at + last - 1;
            while (++at < end)
                if (at <= old) (void)insert(k, at);
            waits = false;
            length = NAS_ZIP_LEAST - 1;
            if (full) flush(k, at, false);
        } else {
            if (waits && add_byte(k, at)) flush(k, at, false);
            waits = true;
            at++;
        }
        refill(k, at, &read);
    }
    if (waits) (void)add_byte(k, at);
    flush(k, at, true);
}

/* Lengths of the local header, of the central one and of the end, and in the first two the extra
 * fields UT (a time of 5 and of 9 bytes) and ux (11 bytes), each with a head of 4 (APPNOTE.TXT and
 * Info-ZIP's extrafld.txt). */
enum { LOCAL = 30 + 13 + 15, CENTRAL = 46 + 9 + 15, END = 22 };

nas_status nas_zip_length(const uint8_t *bytes, size_t n, size_t name, size_t *out, nas_err *err) {
    if (n > NAS_TFLITE_MOST)
        return nas_fail(err, NAS_EINVAL, "zip: %zu bytes, at most %d expected", n, NAS_TFLITE_MOST);
    *out = LOCAL + CENTRAL + END + 2 * name;
    if (n == 0) return NAS_OK;
    archive *k = calloc(1, sizeof *k);
    if (!k) return nas_fail(err, NAS_ENOMEM, "zip: out of memory");
    k->bytes = bytes;
    k->n = (int32_t)n;
    count(k);
    *out += k->stored ? n : (size_t)((k->bits + 7) / 8);
    free(k);
    return NAS_OK;
}
