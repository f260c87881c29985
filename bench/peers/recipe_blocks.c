/* bench/peers/recipe_blocks.c - BC-ResNet's operators, forward and backward, for one thread:
 * PyTorch's take several times as long. Arrays are dense float32; recipe_blocks.py compiles and
 * calls this, and compares. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef ptrdiff_t i64;

/* Along the middle axis: x [maps][in][t] -> y [maps][out][t], w [c][taps], map i of channel i % c.
 * out = (in - 1) / stride + 1; dilation d; zeros outside. With stride 2, d is 1. */
typedef struct tap {
    i64 off, first, rows, run; /* from output row `first` on, `rows` runs of `run` floats each */
} tap;

static tap tap_at(int k, int taps, i64 in, i64 out, i64 t, i64 stride, i64 d) {
    const i64 off = (k - taps / 2) * d, first = off < 0 ? (-off + stride - 1) / stride : 0;
    i64 end = (in - 1 - off) / stride + 1;
    end = end < first ? first : end < out ? end : out;
    if (stride == 1) return (tap){off, first, 1, (end - first) * t};
    return (tap){off, first, end - first, t};
}

void depthwise_forward(int maps, int c, int taps, int in, int out, int t, int stride, int d,
                       const float *x, const float *w, float *y) {
    memset(y, 0, (size_t)maps * (size_t)out * (size_t)t * sizeof *y);
    for (i64 i = 0; i < maps; i++)
        for (int k = 0; k < taps; k++) {
            const float v = w[i % c * taps + k];
            const tap a = tap_at(k, taps, in, out, t, stride, d);
            for (i64 o = a.first; o < a.first + a.rows; o++) {
                const float *from = x + (i * in + o * stride + a.off) * t;
                float *to = y + (i * out + o) * t;
                for (i64 j = 0; j < a.run; j++) to[j] += v * from[j];
            }
        }
}

void depthwise_backward(int maps, int c, int taps, int in, int out, int t, int stride, int d,
                        const float *x, const float *w, const float *gy, float *gx, float *gw) {
    memset(gx, 0, (size_t)maps * (size_t)in * (size_t)t * sizeof *gx);
    for (i64 i = 0; i < maps; i++)
        for (int k = 0; k < taps; k++) {
            const float v = w[i % c * taps + k];
            const tap a = tap_at(k, taps, in, out, t, stride, d);
            float sum = 0;
            for (i64 o = a.first; o < a.first + a.rows; o++) {
                const i64 at = (i * in + o * stride + a.off) * t;
                const float *from = gy + (i * out + o) * t, *mine = x + at;
                float *to = gx + at;
                for (i64 j = 0; j < a.run; j++) {
                    to[j] += v * from[j];
                    sum += from[j] * mine[j];
                }
            }
            gw[i % c * taps + k] += sum;
        }
}

/* x, y [n][c][run]; y is max(y, 0) with relu. */
void norm_forward(int n, int c, int run, int relu, const float *x, const float *gamma,
                  const float *beta, float eps, float *mean, float *var, float *y) {
    double *sum = calloc((size_t)c * 2, sizeof *sum);
    for (i64 i = 0; i < (i64)n * c; i++) {
        float s = 0, q = 0;
        for (i64 j = 0; j < run; j++) s += x[i * run + j], q += x[i * run + j] * x[i * run + j];
        sum[i % c * 2] += (double)s;
        sum[i % c * 2 + 1] += (double)q;
    }
    for (i64 g = 0; g < c; g++) {
        const double of = (double)n * (double)run, mu = sum[2 * g] / of;
        mean[g] = (float)mu;
        var[g] = (float)(sum[2 * g + 1] / of - mu * mu);
        if (var[g] < 0) var[g] = 0;
    }
    free(sum);
    for (i64 i = 0; i < (i64)n * c; i++) {
        const i64 g = i % c;
        const float scale = gamma[g] / __builtin_sqrtf(var[g] + eps);
        const float shift = beta[g] - mean[g] * scale, low = relu ? 0.0f : -3e38f;
        for (i64 j = i * run; j < (i + 1) * run; j++) {
            const float v = x[j] * scale + shift;
            y[j] = v > low ? v : low;
        }
    }
}

void norm_backward(int n, int c, int run, int relu, const float *x, const float *y,
                   const float *gamma, float eps, const float *mean, const float *var,
                   const float *gy, float *gx, float *ggamma, float *gbeta) {
    double *sum = calloc((size_t)c * 2, sizeof *sum);
    for (i64 i = 0; i < (i64)n * c; i++) {
        const float mu = mean[i % c];
        float s = 0, q = 0;
        for (i64 j = i * run; j < (i + 1) * run; j++) {
            const float g = !relu || y[j] > 0 ? gy[j] : 0;
            s += g;
            q += g * (x[j] - mu);
        }
        sum[i % c * 2] += (double)s;
        sum[i % c * 2 + 1] += (double)q;
    }
    for (i64 g = 0; g < c; g++) {
        gbeta[g] = (float)sum[2 * g];
        ggamma[g] = (float)sum[2 * g + 1] / __builtin_sqrtf(var[g] + eps);
    }
    for (i64 i = 0; i < (i64)n * c; i++) {
        const i64 g = i % c;
        const float of = (float)n * (float)run, rstd = 1 / __builtin_sqrtf(var[g] + eps);
        const float scale = gamma[g] * rstd, slope = -scale * ggamma[g] * rstd / of;
        const float offset = -scale * gbeta[g] / of - slope * mean[g];
        for (i64 j = i * run; j < (i + 1) * run; j++)
            gx[j] = (!relu || y[j] > 0 ? scale * gy[j] : 0) + slope * x[j] + offset;
    }
    free(sum);
}

/* The rest is of a whole block: z [n][c][out][t] is the depthwise convolution of x [n][c][in][t]
 * over bands, computed again in each pass; 5 parts of its bands. */
enum { PARTS = 5 };

/* rows [n][c][5][t]: sums of z over the bands of a part; sums [c][5][2]: of z and of its squares.
 */
void block_sums(int n, int c, int in, int out, int t, int stride, const float *x, const float *w,
                float *rows, double *sums) {
    const i64 part = out / PARTS, run = part * t;
    float z[out * t];
    memset(rows, 0, (size_t)n * (size_t)c * PARTS * (size_t)t * sizeof *rows);
    for (i64 i = 0; i < (i64)n * c; i++) {
        depthwise_forward(1, 1, 3, in, out, t, stride, 1, x + i * in * t, w + i % c * 3, z);
        for (i64 p = 0; p < PARTS; p++) {
            float s = 0, q = 0, *to = rows + (i * PARTS + p) * t;
            for (i64 r = p * part; r < (p + 1) * part; r++)
                for (i64 j = 0; j < t; j++) to[j] += z[r * t + j];
            for (i64 j = p * run; j < (p + 1) * run; j++) s += z[j], q += z[j] * z[j];
            sums[(i % c * PARTS + p) * 2] += (double)s;
            sums[(i % c * PARTS + p) * 2 + 1] += (double)q;
        }
    }
}

/* m [n][c][t]: the mean over bands of z * scale + shift. */
void block_mean(int n, int c, int out, int t, const float *rows, const float *scale,
                const float *shift, float *m) {
    for (i64 i = 0; i < (i64)n * c; i++) {
        memset(m + i * t, 0, (size_t)t * sizeof *m);
        for (i64 p = 0; p < PARTS; p++) {
            const float *from = rows + (i * PARTS + p) * t;
            const float v = scale[i % c * PARTS + p] / (float)out;
            const float more = shift[i % c * PARTS + p] / PARTS;
            for (i64 j = 0; j < t; j++) m[i * t + j] += v * from[j] + more;
        }
    }
}

/* What the gradient gm of m adds to the sums of block_back_sums. */
void block_mean_sums(int n, int c, int out, int t, const float *rows, const float *gm,
                     double *sums) {
    for (i64 i = 0; i < (i64)n * c; i++)
        for (i64 p = 0; p < PARTS; p++) {
            const float *from = rows + (i * PARTS + p) * t;
            float s = 0, q = 0;
            for (i64 j = 0; j < t; j++) s += gm[i * t + j], q += gm[i * t + j] * from[j];
            sums[(i % c * PARTS + p) * 2] += (double)(s / PARTS);
            sums[(i % c * PARTS + p) * 2 + 1] += (double)(q / (float)out);
        }
}

/* y = max(z * scale + shift + a (+ x), 0); scale, shift [c][5], a [n][c][t]. */
void block_forward(int n, int c, int in, int out, int t, int stride, int plus_x, const float *x,
                   const float *w, const float *scale, const float *shift, const float *a,
                   float *y) {
    const i64 part = out / PARTS;
    float z[out * t];
    for (i64 i = 0; i < (i64)n * c; i++) {
        depthwise_forward(1, 1, 3, in, out, t, stride, 1, x + i * in * t, w + i % c * 3, z);
        for (i64 r = 0; r < out; r++) {
            const i64 g = i % c * PARTS + r / part;
            const float *from = z + r * t, *add = a + i * t, *same = x + (i * in + r) * t;
            float *to = y + (i * out + r) * t;
            for (i64 j = 0; j < t; j++) {
                float v = from[j] * scale[g] + shift[g] + add[j];
                if (plus_x) v += same[j];
                to[j] = v > 0 ? v : 0;
            }
        }
    }
}

/* With g = gy where y > 0: ga [n][c][t], its sums over bands; sums [c][5][2], of g and of g * z. */
void block_back_sums(int n, int c, int in, int out, int t, int stride, const float *x,
                     const float *w, const float *y, const float *gy, float *ga, double *sums) {
    const i64 part = out / PARTS;
    float z[out * t];
    memset(ga, 0, (size_t)n * (size_t)c * (size_t)t * sizeof *ga);
    for (i64 i = 0; i < (i64)n * c; i++) {
        depthwise_forward(1, 1, 3, in, out, t, stride, 1, x + i * in * t, w + i % c * 3, z);
        for (i64 r = 0; r < out; r++) {
            const i64 at = (i * out + r) * t, k = (i % c * PARTS + r / part) * 2;
            float s = 0, q = 0;
            for (i64 j = 0; j < t; j++) {
                const float g = y[at + j] > 0 ? gy[at + j] : 0;
                ga[i * t + j] += g;
                s += g;
                q += g * z[r * t + j];
            }
            sums[k] += (double)s;
            sums[k + 1] += (double)q;
        }
    }
}

/* The gradient of z is scale * (g + gm / out) + slope * z + offset, of [c][5] each; gw is added to.
 */
void block_backward(int n, int c, int in, int out, int t, int stride, int plus_x, const float *x,
                    const float *w, const float *y, const float *gy, const float *gm,
                    const float *scale, const float *slope, const float *offset, float *gx,
                    float *gw) {
    const i64 part = out / PARTS;
    const float share = 1.0f / (float)out;
    float z[out * t];
    for (i64 i = 0; i < (i64)n * c; i++) {
        float *to = gx + i * in * t;
        depthwise_forward(1, 1, 3, in, out, t, stride, 1, x + i * in * t, w + i % c * 3, z);
        for (i64 r = 0; r < out; r++) {
            const i64 at = (i * out + r) * t, k = i % c * PARTS + r / part;
            for (i64 j = 0; j < t; j++) {
                const float g = y[at + j] > 0 ? gy[at + j] : 0;
                z[r * t + j] =
                    scale[k] * (g + gm[i * t + j] * share) + slope[k] * z[r * t + j] + offset[k];
            }
        }
        depthwise_backward(1, 1, 3, in, out, t, stride, 1, x + i * in * t, w + i % c * 3, z, to,
                           gw + i % c * 3);
        for (i64 j = 0; plus_x && j < (i64)out * t; j++)
            to[j] += y[i * out * t + j] > 0 ? gy[i * out * t + j] : 0;
    }
}

/* 1x1: x [n][in][run] -> y [n][out][run], w [out][in]. */
enum { AT_ONCE = 256 };
static i64 least(i64 a, i64 b) {
    return a < b ? a : b;
}

void mix_forward(int n, int in, int out, int run, const float *x, const float *w, float *y) {
    for (i64 i = 0; i < n; i++)
        for (i64 j0 = 0; j0 < run; j0 += AT_ONCE) {
            const i64 m = least(AT_ONCE, run - j0);
            for (i64 o = 0; o < out; o++) {
                float sum[AT_ONCE] = {0};
                for (i64 k = 0; k < in; k++)
                    for (i64 j = 0; j < m; j++)
                        sum[j] += w[o * in + k] * x[(i * in + k) * run + j0 + j];
                memcpy(y + (i * out + o) * run + j0, sum, (size_t)m * sizeof *sum);
            }
        }
}

void mix_backward(int n, int in, int out, int run, const float *x, const float *w, const float *gy,
                  float *gx, float *gw) {
    for (i64 i = 0; i < n; i++)
        for (i64 j0 = 0; j0 < run; j0 += AT_ONCE) {
            const i64 m = least(AT_ONCE, run - j0);
            for (i64 k = 0; k < in; k++) {
                const float *mine = x + (i * in + k) * run + j0;
                float sum[AT_ONCE] = {0};
                for (i64 o = 0; o < out; o++) {
                    const float *g = gy + (i * out + o) * run + j0;
                    float dot = 0;
                    for (i64 j = 0; j < m; j++) {
                        sum[j] += w[o * in + k] * g[j];
                        dot += g[j] * mine[j];
                    }
                    gw[o * in + k] += dot;
                }
                memcpy(gx + (i * in + k) * run + j0, sum, (size_t)m * sizeof *sum);
            }
        }
}

/* 5x5, one channel, stride 2 over bands, to c channels, a multiple of 4: x [n][2 out + 4][padded],
 * zeros around it and padded at least t rounded up to 32, and 4 -> y [n][c][out][t]. */
enum { WIDE = 32, DEEP = 4 };

void stem_forward(int n, int c, int out, int t, int padded, const float *x, const float *w,
                  float *y) {
    for (i64 i = 0; i < (i64)n * out; i++)
        for (i64 j0 = 0; j0 < t; j0 += WIDE)
            for (i64 q = 0; q < c; q += DEEP) {
                float sum[DEEP][WIDE] = {0};
                for (i64 k = 0; k < 25; k++) {
                    const i64 row = i / out * (2 * out + 4) + i % out * 2 + k / 5;
                    const float *from = x + row * padded + k % 5 + j0;
                    for (i64 d = 0; d < DEEP; d++)
                        for (i64 j = 0; j < WIDE; j++) sum[d][j] += w[(q + d) * 25 + k] * from[j];
                }
                for (i64 d = 0; d < DEEP; d++)
                    memcpy(y + ((i / out * c + q + d) * out + i % out) * t + j0, sum[d],
                           (size_t)least(WIDE, t - j0) * sizeof *y);
            }
}

void stem_backward(int n, int c, int out, int t, int padded, const float *x, const float *gy,
                   float *gw) {
    for (i64 i = 0; i < (i64)n * out; i++)
        for (i64 q = 0; q < c; q += DEEP)
            for (i64 k = 0; k < 25; k++) {
                const i64 row = i / out * (2 * out + 4) + i % out * 2 + k / 5;
                const float *from = x + row * padded + k % 5;
                const float *g = gy + ((i / out * c + q) * out + i % out) * t;
                const i64 next = (i64)out * t;
                float dot[DEEP] = {0};
                for (i64 j = 0; j < t; j++) {
                    dot[0] += g[j] * from[j];
                    dot[1] += g[next + j] * from[j];
                    dot[2] += g[2 * next + j] * from[j];
                    dot[3] += g[3 * next + j] * from[j];
                }
                for (i64 d = 0; d < DEEP; d++) gw[(q + d) * 25 + k] += dot[d];
            }
}
