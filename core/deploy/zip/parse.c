/* core/deploy/zip/parse.c - the cheapest tokens under given costs: a dynamic program over bytes. */
#include "core/deploy/zip/int.h"
#include "core/deploy/zip/log.h"

#include <string.h>

void nas_zip_count(const nas_zip_token *tokens, size_t n, nas_zip_counts *c) {
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < n; i++) {
        const int32_t length = tokens[i].length, distance = tokens[i].distance;
        c->litlen[distance ? nas_zip_length_symbol(length) : length]++;
        if (distance) c->dist[nas_zip_dist_symbol(distance)]++;
    }
    c->litlen[NAS_ZIP_END]++;
}

static void ideal(const uint32_t *counts, int32_t n, uint32_t *costs) {
    uint32_t total = 0;
    for (int32_t i = 0; i < n; i++) total += counts[i];
    const uint32_t all = total ? nas_zip_log(total) : 5 << NAS_ZIP_FRACTION;
    for (int32_t i = 0; i < n; i++) {
        const uint32_t bits = counts[i] ? all - nas_zip_log(counts[i]) : all;
        costs[i] = bits;
    }
}

void nas_zip_costs_of(const nas_zip_counts *c, nas_zip_costs *out) {
    uint32_t litlen[NAS_ZIP_LITLEN];
    ideal(c->litlen, NAS_ZIP_LITLEN, litlen);
    ideal(c->dist, NAS_ZIP_DIST, out->dist);
    memcpy(out->byte, litlen, sizeof out->byte);
    for (int32_t i = NAS_ZIP_LEAST; i <= NAS_ZIP_MOST; i++) {
        const int32_t symbol = nas_zip_length_symbol(i);
        out->length[i] =
            litlen[symbol] + ((uint32_t)nas_zip_length_extra(symbol) << NAS_ZIP_FRACTION);
    }
    for (int32_t i = 0; i < NAS_ZIP_DIST; i++)
        out->dist[i] += (uint32_t)nas_zip_dist_extra(i) << NAS_ZIP_FRACTION;
}

void nas_zip_costs_guess(const uint8_t *bytes, size_t n, uint32_t match, nas_zip_costs *out) {
    uint32_t counts[256] = {0};
    for (size_t i = 0; i < n; i++) counts[bytes[i]]++;
    ideal(counts, 256, out->byte);
    for (int32_t i = NAS_ZIP_LEAST; i <= NAS_ZIP_MOST; i++) {
        const int32_t extra = nas_zip_length_extra(nas_zip_length_symbol(i));
        out->length[i] = (match + (uint32_t)extra) << NAS_ZIP_FRACTION;
    }
    for (int32_t i = 0; i < NAS_ZIP_DIST; i++)
        out->dist[i] = (5 + (uint32_t)nas_zip_dist_extra(i)) << NAS_ZIP_FRACTION;
}

static bool is_full(const nas_zip_matches *m, size_t at) {
    return m->first[at + 1] > m->first[at] && m->of[m->first[at + 1] - 1].length == NAS_ZIP_MOST;
}

/* Matches at `at`, from the longest to the shortest: each length may take the distance of a longer
 * match where that is the cheaper one. */
static void try_matches(const nas_zip_matches *m, size_t at, size_t from, size_t to,
                        const nas_zip_costs *c, nas_zip_ways *w) {
    const uint64_t base = w->cost[at - from];
    const size_t left = to - at;
    /* Inside a long repetition the longest match is enough: its beginning tries all lengths. */
    const bool inside = at > from && left > NAS_ZIP_MOST && is_full(m, at) && is_full(m, at - 1);
    uint64_t best = UINT64_MAX;
    uint16_t distance = 0;
    for (uint32_t k = m->first[at + 1]; k-- > m->first[at];) {
        const nas_zip_token t = m->of[k];
        const size_t shorter = k > m->first[at] ? m->of[k - 1].length : NAS_ZIP_LEAST - 1;
        const size_t less = inside ? NAS_ZIP_MOST - 1 : shorter;
        const uint64_t own = base + c->dist[nas_zip_dist_symbol(t.distance)];
        if (own < best) {
            best = own;
            distance = t.distance;
        }
        for (size_t n = t.length < left ? t.length : left; n > less; n--) {
            const uint64_t cost = best + c->length[n];
            if (cost >= w->cost[at - from + n]) continue;
            w->cost[at - from + n] = cost;
            w->last[at - from + n] = (nas_zip_token){(uint16_t)n, distance};
        }
    }
}

size_t nas_zip_parse(const uint8_t *piece, const nas_zip_matches *m, size_t from, size_t to,
                     const nas_zip_costs *c, nas_zip_ways *w, nas_zip_token *out) {
    const size_t n = to - from;
    size_t tokens = 0;
    memset(w->cost, 0xff, (n + 1) * sizeof *w->cost);
    w->cost[0] = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t byte = piece[from + i];
        const uint64_t cost = w->cost[i] + c->byte[byte];
        if (cost < w->cost[i + 1]) {
            w->cost[i + 1] = cost;
            w->last[i + 1] = (nas_zip_token){byte, 0};
        }
        try_matches(m, from + i, from, to, c, w);
    }
    for (size_t i = n; i > 0; tokens++) i -= w->last[i].distance ? w->last[i].length : 1;
    size_t at = tokens;
    for (size_t i = n; i > 0; i -= w->last[i].distance ? w->last[i].length : 1)
        out[--at] = w->last[i];
    return tokens;
}
