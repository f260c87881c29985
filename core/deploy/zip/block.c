/* core/deploy/zip/block.c - one block: how it is written shortest, and the writing.
 *
 * A table of code lengths is run-length coded itself, so that lengths a little worse but more alike
 * may be shorter as a whole: several are tried. */
#include "core/deploy/zip/int.h"

#include <string.h>

enum { LONGEST = 15, STORED = 65535, FIXED = 288, ROUNDS = 3 };

static const uint8_t code_order[NAS_ZIP_CODE] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                 11, 4,  12, 3, 13, 2, 14, 1, 15};

static const uint8_t least_count[] = {3, 3, 11}; /* of the steps 16, 17 and 18 */

/* --- the table -------------------------------------------------------------------------------- */

/* Bits of the extra part of each step. */
static int32_t step_extra(int32_t step) {
    return step == 16 ? 2 : step == 17 ? 3 : step == 18 ? 7 : 0;
}

typedef struct way {
    uint32_t cost;
    uint8_t step, count;
} way;

static void try_step(const uint8_t *code, int32_t step, int32_t count, uint32_t rest, way *w) {
    const uint32_t cost = rest + code[step] + (uint32_t)step_extra(step);
    if (cost < w->cost) *w = (way){cost, (uint8_t)step, (uint8_t)count};
}

/* A repetition at its longest, or little shorter: then another can end the run. */
static void try_counts(const uint8_t *code, int32_t step, int32_t most, int32_t run, way *w,
                       int32_t at) {
    const int32_t longest = run < most ? run : most, least = least_count[step - 16];
    for (int32_t k = longest; k >= least && k > longest - 4; k--)
        try_step(code, step, k, w[at + k].cost, &w[at]);
}

/* The cheapest steps under given lengths of their code. */
static void walk(nas_zip_block *p, const uint8_t *code) {
    const int32_t n = p->litlens + p->dists;
    way w[NAS_ZIP_TABLE + 1];
    int32_t run = 0;
    w[n].cost = 0;
    for (int32_t i = n; i-- > 0;) {
        const uint8_t length = p->lengths[i];
        run = i + 1 < n && p->lengths[i + 1] == length ? run + 1 : 1;
        w[i].cost = UINT32_MAX;
        try_step(code, length, 1, w[i + 1].cost, &w[i]);
        if (length == 0) try_counts(code, 17, 10, run, w, i);
        if (length == 0) try_counts(code, 18, 138, run, w, i);
        if (i > 0 && p->lengths[i - 1] == length) try_counts(code, 16, 6, run, w, i);
    }
    p->steps = 0;
    for (int32_t i = 0; i < n; i += w[i].count) {
        const uint8_t step = w[i].step;
        p->step[p->steps] = step;
        p->extra[p->steps++] = step < 16 ? 0 : (uint8_t)(w[i].count - least_count[step - 16]);
    }
}

static int32_t codes_written(const nas_zip_block *p) {
    int32_t n = NAS_ZIP_CODE;
    while (n > 4 && p->code[code_order[n - 1]] == 0) n--;
    return n;
}

/* The code of p's steps; bits of the whole table. */
static uint64_t finish_table(nas_zip_block *p) {
    uint32_t counts[NAS_ZIP_CODE] = {0};
    int32_t kinds = 0;
    for (int32_t i = 0; i < p->steps; i++) counts[p->step[i]]++;
    for (int32_t i = 0; i < NAS_ZIP_CODE; i++) kinds += counts[i] > 0;
    if (kinds == 1) counts[p->step[0] == 0 ? 1 : 0]++; /* this code must be complete */
    nas_zip_lengths(counts, NAS_ZIP_CODE, 7, p->code);
    uint64_t bits = 14 + 3 * (uint64_t)codes_written(p);
    for (int32_t i = 0; i < p->steps; i++)
        bits += p->code[p->step[i]] + (uint64_t)step_extra(p->step[i]);
    return bits;
}

/* Lengths -> their table; its bits. */
static uint64_t make_table(nas_zip_block *p) {
    uint8_t code[NAS_ZIP_CODE];
    nas_zip_block best;
    uint64_t least = UINT64_MAX;
    memset(code, 4, sizeof code);
    for (int32_t round = 0; round < ROUNDS; round++) {
        walk(p, code);
        const uint64_t bits = finish_table(p);
        if (bits < least) best = *p;
        if (bits >= least) break;
        least = bits;
        for (int32_t i = 0; i < NAS_ZIP_CODE; i++) code[i] = p->code[i] ? p->code[i] : 7;
    }
    *p = best;
    return least;
}

/* --- lengths ---------------------------------------------------------------------------------- */

static uint32_t apart(uint32_t a, uint32_t b) {
    return a > b ? a - b : b - a;
}

/* Neighbours that are alike get their mean: within `near` of the run's first four's mean, or within
 * a share of it. */
static void smooth(uint32_t *c, int32_t n, uint32_t near, uint32_t share) {
    uint32_t limit = 0, sum = 0;
    int32_t run = 0;
    while (n > 0 && c[n - 1] == 0) n--;
    for (int32_t i = 0; i <= n; i++) {
        const uint32_t most = share && limit / share > near ? limit / share : near;
        if (i == n || run == 0 || apart(c[i], limit) >= most) {
            if (run >= 4 || (run == 3 && sum == 0)) {
                const uint32_t mean = (sum + (uint32_t)run / 2) / (uint32_t)run;
                for (int32_t k = 1; k <= run; k++) c[i - k] = sum == 0 ? 0 : mean ? mean : 1;
            }
            run = 0;
            sum = limit = 0;
            for (int32_t k = 0; i < n && k < 4 && i + k < n; k++) limit += c[i + k];
            limit = i + 3 < n ? (limit + 2) / 4 : i < n ? c[i] : 0;
        }
        run++;
        if (i < n) sum += c[i];
    }
}

static uint64_t data_bits(const nas_zip_counts *c, const uint8_t *litlen, const uint8_t *dist) {
    uint64_t bits = 0;
    for (int32_t i = 0; i < NAS_ZIP_LITLEN; i++)
        bits += (uint64_t)c->litlen[i] * (litlen[i] + (uint32_t)nas_zip_length_extra(i));
    for (int32_t i = 0; i < NAS_ZIP_DIST; i++)
        bits += (uint64_t)c->dist[i] * (dist[i] + (uint32_t)nas_zip_dist_extra(i));
    return bits;
}

/* How the lengths of a dynamic block are made. */
typedef struct recipe {
    uint32_t near, share; /* near 0: not smoothed */
    int32_t longest;
} recipe;

static void try_recipe(const nas_zip_counts *c, recipe r, nas_zip_block *best) {
    nas_zip_counts s = *c;
    nas_zip_block p = {.kind = 2, .litlens = NAS_ZIP_LITLEN, .dists = NAS_ZIP_DIST};
    uint8_t dist[NAS_ZIP_DIST];
    int32_t used = 0;
    if (r.near) smooth(s.litlen, NAS_ZIP_LITLEN, r.near, r.share);
    if (r.near) smooth(s.dist, NAS_ZIP_DIST, r.near, r.share);
    for (int32_t i = 0; i < NAS_ZIP_LITLEN; i++) used += s.litlen[i] > 0;
    if (used > 1 << r.longest) return;
    nas_zip_lengths(s.litlen, NAS_ZIP_LITLEN, r.longest, p.lengths);
    nas_zip_lengths(s.dist, NAS_ZIP_DIST, r.longest, dist);
    p.bits = 3 + data_bits(c, p.lengths, dist);
    if (p.bits >= best->bits) return;
    while (p.litlens > 257 && p.lengths[p.litlens - 1] == 0) p.litlens--;
    while (p.dists > 1 && dist[p.dists - 1] == 0) p.dists--;
    memcpy(p.lengths + p.litlens, dist, (size_t)p.dists);
    p.bits += make_table(&p);
    if (p.bits < best->bits) *best = p;
}

static void fixed_lengths(uint8_t *l) {
    memset(l, 8, 144);
    memset(l + 144, 9, 112);
    memset(l + 256, 7, 24);
    memset(l + 280, 8, FIXED - 280);
}

void nas_zip_block_plan(const nas_zip_counts *c, size_t bytes, bool thorough, nas_zip_block *out) {
    static const recipe recipes[] = {{0, 0, 15}, {4, 0, 15}, {2, 0, 15}, {8, 0, 15},  {3, 4, 15},
                                     {4, 2, 15}, {4, 0, 9},  {4, 0, 8},  {16, 0, 15}, {0, 0, 9},
                                     {0, 0, 8},  {4, 2, 9},  {8, 2, 8},  {4, 0, 7},   {0, 0, 7}};
    const size_t n = thorough ? sizeof recipes / sizeof *recipes : 2;
    const size_t pieces = (bytes + STORED - 1) / STORED;
    uint8_t fixed[FIXED], five[NAS_ZIP_DIST];
    *out = (nas_zip_block){.kind = 0, .bits = 8 * bytes + 42 * (pieces ? pieces : 1)};
    fixed_lengths(fixed);
    memset(five, 5, sizeof five);
    const uint64_t bits = 3 + data_bits(c, fixed, five);
    if (bits < out->bits) *out = (nas_zip_block){.kind = 1, .bits = bits};
    for (size_t i = 0; i < n; i++) try_recipe(c, recipes[i], out);
}

/* --- writing ---------------------------------------------------------------------------------- */

void nas_zip_put(nas_zip_bits *b, uint32_t value, int32_t bits) {
    b->held |= (uint64_t)value << b->holds;
    for (b->holds += bits; b->holds >= 8; b->holds -= 8, b->held >>= 8)
        b->out[b->n++] = (uint8_t)b->held;
}

static void align(nas_zip_bits *b) {
    if (b->holds) nas_zip_put(b, 0, 8 - b->holds);
}

static void write_stored(nas_zip_bits *b, const uint8_t *bytes, size_t n, bool last) {
    do {
        const size_t now = n < STORED ? n : STORED;
        nas_zip_put(b, last && now == n, 3);
        align(b);
        nas_zip_put(b, (uint32_t)now, 16);
        nas_zip_put(b, (uint32_t)now ^ 0xffff, 16);
        memcpy(b->out + b->n, bytes, now);
        b->n += now;
        bytes += now;
        n -= now;
    } while (n > 0);
}

static void write_table(nas_zip_bits *b, const nas_zip_block *p) {
    const int32_t codes = codes_written(p);
    uint16_t words[NAS_ZIP_CODE];
    nas_zip_put(b, (uint32_t)p->litlens - 257, 5);
    nas_zip_put(b, (uint32_t)p->dists - 1, 5);
    nas_zip_put(b, (uint32_t)codes - 4, 4);
    for (int32_t i = 0; i < codes; i++) nas_zip_put(b, p->code[code_order[i]], 3);
    nas_zip_words(p->code, NAS_ZIP_CODE, words);
    for (int32_t i = 0; i < p->steps; i++) {
        nas_zip_put(b, words[p->step[i]], p->code[p->step[i]]);
        nas_zip_put(b, p->extra[i], step_extra(p->step[i]));
    }
}

typedef struct coder {
    uint8_t litlen[FIXED], dist[NAS_ZIP_DIST];
    uint16_t litlen_words[FIXED], dist_words[NAS_ZIP_DIST];
} coder;

static void open_coder(const nas_zip_block *p, coder *c) {
    memset(c, 0, sizeof *c);
    if (p->kind == 1) {
        fixed_lengths(c->litlen);
        memset(c->dist, 5, sizeof c->dist);
    } else {
        memcpy(c->litlen, p->lengths, (size_t)p->litlens);
        memcpy(c->dist, p->lengths + p->litlens, (size_t)p->dists);
    }
    nas_zip_words(c->litlen, FIXED, c->litlen_words);
    nas_zip_words(c->dist, NAS_ZIP_DIST, c->dist_words);
}

static void write_match(nas_zip_bits *b, const coder *c, nas_zip_token t) {
    const int32_t length = nas_zip_length_symbol(t.length), dist = nas_zip_dist_symbol(t.distance);
    const int32_t length_extra = nas_zip_length_extra(length),
                  dist_extra = nas_zip_dist_extra(dist);
    nas_zip_put(b, c->litlen_words[length], c->litlen[length]);
    nas_zip_put(b, (uint32_t)(t.length - NAS_ZIP_LEAST) & ((1u << length_extra) - 1), length_extra);
    nas_zip_put(b, c->dist_words[dist], c->dist[dist]);
    nas_zip_put(b, (uint32_t)(t.distance - 1) & ((1u << dist_extra) - 1), dist_extra);
}

void nas_zip_block_write(nas_zip_bits *b, const nas_zip_block *p, const nas_zip_token *tokens,
                         size_t n, const uint8_t *bytes, size_t bytes_n, bool last) {
    coder c;
    if (p->kind == 0) {
        write_stored(b, bytes, bytes_n, last);
        return;
    }
    nas_zip_put(b, last | (uint32_t)p->kind << 1, 3);
    if (p->kind == 2) write_table(b, p);
    open_coder(p, &c);
    for (size_t i = 0; i < n; i++) {
        if (tokens[i].distance)
            write_match(b, &c, tokens[i]);
        else
            nas_zip_put(b, c.litlen_words[tokens[i].length], c.litlen[tokens[i].length]);
    }
    nas_zip_put(b, c.litlen_words[NAS_ZIP_END], c.litlen[NAS_ZIP_END]);
}
