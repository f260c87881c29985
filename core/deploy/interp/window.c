/* core/deploy/interp/window.c - maps with their borders, so that window loops have no edges. A tap
 * outside the map adds 0 * w, which changes no sum. */
#include "core/deploy/interp/interp_int.h"

#include <string.h>

/* A window far wider than its map, as a damaged file may have it, asks for a border that no tensor
 * of the file declares. */
enum { MOST_ITEMS = 1 << 26, MOST_SHARE = 64, LEAST_ITEMS = 1 << 16 };

/* The extent that all windows along one axis cover, the map itself included. */
static int64_t covered(int32_t in, int32_t out, int32_t before, int32_t stride, int64_t reach) {
    const int64_t windows = (int64_t)(out - 1) * stride + reach, map = (int64_t)in + before;
    return windows > map ? windows : map;
}

/* all: channels of the whole map; c: of those that are held at a time. */
static nas_status plan_border(const nas_step *s, const int32_t *kernel, int32_t all, int32_t c,
                              nas_padded *map, nas_err *err) {
    const nas_op *o = s->op;
    const int32_t *in = s->in[0]->dims, *out = s->out->dims;
    int32_t same, before[2];
    int64_t size[2];
    for (int32_t k = 0; k < 2; k++) {
        nas_window_axis(o->padding, in[1 + k], kernel[k], o->stride[k], o->dilation[k], &same,
                        &before[k]);
        const int64_t reach = (int64_t)(kernel[k] - 1) * o->dilation[k] + 1;
        size[k] = covered(in[1 + k], out[1 + k], before[k], o->stride[k], reach);
    }
    int64_t n;
    const int64_t declared = nas_tensor_count(s->in[0]) + nas_tensor_count(s->in[1]) +
                             nas_tensor_count(s->out) + LEAST_ITEMS;
    if (__builtin_mul_overflow(size[0], size[1], &n) || __builtin_mul_overflow(n, all, &n) ||
        n > MOST_ITEMS || n > MOST_SHARE * declared)
        return nas_fail(err, NAS_ENOMEM, "interpreter: %s: its padded map is too large",
                        nas_op_name(o->kind));
    *map = (nas_padded){.in_h = in[1],
                        .in_w = in[2],
                        .in_c = in[3],
                        .h = (int32_t)size[0],
                        .w = (int32_t)size[1],
                        .c = c,
                        .top = before[0],
                        .left = before[1]};
    return NAS_OK;
}

nas_status nas_window_open(const nas_step *s, int32_t c, bool whole, nas_arena *a, nas_padded *map,
                           nas_window *win, nas_err *err) {
    const nas_op *o = s->op;
    const int32_t *kernel = &s->in[1]->dims[1], *out = s->out->dims;
    NAS_TRY(plan_border(s, kernel, whole || out[3] < c ? c : out[3], c, map, err));
    const bool row = whole && o->dilation[1] == 1; /* a window's row is one run */
    const int32_t runs = row ? 1 : kernel[1];
    int32_t *at = nas_arena_array(a, (size_t)out[1] * (size_t)out[2], sizeof *at, err);
    int32_t *seg = nas_arena_array(a, (size_t)kernel[0] * (size_t)runs, sizeof *seg, err);
    if (!at || !seg) return NAS_ENOMEM;
    *win = (nas_window){.n_pix = out[1] * out[2],
                        .n_seg = kernel[0] * runs,
                        .run = row ? kernel[1] * c : c,
                        .slide = runs == 3 && o->dilation[1] == 1 && o->stride[1] == 1 ? out[2] : 0,
                        .at = at,
                        .seg = seg};
    for (int32_t y = 0; y < out[1]; y++)
        for (int32_t x = 0; x < out[2]; x++)
            *at++ = (y * o->stride[0] * map->w + x * o->stride[1]) * c;
    for (int32_t y = 0; y < kernel[0]; y++)
        for (int32_t x = 0; x < runs; x++)
            *seg++ = (y * o->dilation[0] * map->w + x * o->dilation[1]) * c;
    return NAS_OK;
}

bool nas_padded_is_plain(const nas_padded *map) {
    return map->h == map->in_h && map->w == map->in_w;
}

static int64_t row_start(const nas_padded *map, int32_t y) {
    return ((int64_t)(y + map->top) * map->w + map->left) * map->c;
}

void nas_pad_f32(const nas_padded *map, const float *x, float *out) {
    const int64_t line = (int64_t)map->in_w * map->c;
    for (int32_t y = 0; y < map->in_h; y++, x += line)
        memcpy(out + row_start(map, y), x, (size_t)line * sizeof *x);
}

void nas_pad_i8(const nas_padded *map, const nas_infer *k, const int8_t *x, int32_t zero_point,
                int16_t *out) {
    const int64_t line = (int64_t)map->in_w * map->c;
    for (int32_t y = 0; y < map->in_h; y++, x += line)
        k->widen(line, x, zero_point, out + row_start(map, y));
}
