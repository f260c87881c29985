/* core/kernel/vec_pool.c - pools: channels are the lanes. */
#include "core/kernel/pool.h"
#include "core/kernel/row.h"

#define EACH_PIXEL(m, n)                     \
    for (int32_t i = 0; i < (n); i++)        \
        for (int32_t y = 0; y < (m)->h; y++) \
            for (int32_t x = 0; x < (m)->w; x++)

INLINE float *pixel(const nas_map *m, int32_t i, int32_t y, int32_t x) {
    return m->at + i * m->image + y * m->row + (ptrdiff_t)x * m->cs;
}

static void zero(const nas_map *m, int32_t n) {
    EACH_PIXEL(m, n) {
        float *to = pixel(m, i, y, x);
        for (int32_t c = 0; c < m->cs; c += LANES) store(to + c, (vec){0});
    }
}

/* A NaN stays. */
void ROW(nas_max_pool)(const nas_pool *p, const nas_map *m, int32_t n, const nas_map *out) {
    EACH_PIXEL(out, n) {
        const pool_window r = pool_at(p, m->h, m->w, y, x);
        float *to = pixel(out, i, y, x);
        for (int32_t c = 0; c < m->cs; c += LANES) {
            vec most = load(pixel(m, i, r.top, r.left) + c);
            for (int32_t a = r.top; a < r.bottom; a++) {
                const float *from = pixel(m, i, a, r.left) + c;
                for (int32_t b = r.left; b < r.right; b++, from += m->cs) {
                    const vec v = load(from);
                    const mask keep = (v <= most) | (most != most);
                    most = (vec)((keep & (mask)most) | (~keep & (mask)v));
                }
            }
            store(to + c, most);
        }
    }
}

void ROW(nas_max_pool_grad)(const nas_pool *p, const nas_map *m, const nas_map *out,
                            const nas_map *dy, int32_t n, const nas_map *dx) {
    zero(dx, n);
    EACH_PIXEL(out, n) {
        const pool_window r = pool_at(p, m->h, m->w, y, x);
        for (int32_t c = 0; c < m->cs; c += LANES) {
            const vec most = load(pixel(out, i, y, x) + c), d = load(pixel(dy, i, y, x) + c);
            mask left = ~(mask){0};
            for (int32_t a = r.top; a < r.bottom; a++)
                for (int32_t b = r.left; b < r.right; b++) {
                    const mask here = (load(pixel(m, i, a, b) + c) == most) & left;
                    float *to = pixel(dx, i, a, b) + c;
                    store(to, load(to) + only(here, d));
                    left &= ~here;
                }
        }
    }
}

void ROW(nas_average_pool)(const nas_pool *p, const nas_map *m, int32_t n, const nas_map *out) {
    EACH_PIXEL(out, n) {
        const pool_window r = pool_at(p, m->h, m->w, y, x);
        const vec part = splat(pool_part(r));
        float *to = pixel(out, i, y, x);
        for (int32_t c = 0; c < m->cs; c += LANES) {
            vec sum = {0};
            for (int32_t a = r.top; a < r.bottom; a++) {
                const float *from = pixel(m, i, a, r.left) + c;
                for (int32_t b = r.left; b < r.right; b++, from += m->cs) sum += load(from);
            }
            store(to + c, sum * part);
        }
    }
}

void ROW(nas_average_pool_grad)(const nas_pool *p, const nas_map *dy, int32_t n,
                                const nas_map *dx) {
    zero(dx, n);
    EACH_PIXEL(dy, n) {
        const pool_window r = pool_at(p, dx->h, dx->w, y, x);
        const vec part = splat(pool_part(r));
        for (int32_t c = 0; c < dx->cs; c += LANES) {
            const vec d = load(pixel(dy, i, y, x) + c) * part;
            for (int32_t a = r.top; a < r.bottom; a++) {
                float *to = pixel(dx, i, a, r.left) + c;
                for (int32_t b = r.left; b < r.right; b++, to += dx->cs) store(to, load(to) + d);
            }
        }
    }
}
