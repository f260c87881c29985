/* core/deploy/interp/lanes.c - per-channel values in the order of a row's vectors. */
#include "core/deploy/interp/interp_int.h"

nas_status nas_lanes_open(int32_t c, int32_t width, int32_t unit, nas_arena *a, nas_lanes *out,
                          nas_err *err) {
    if (c < unit) unit = width;
    const int32_t units = (c + unit - 1) / unit, vectors = units * (unit / width);
    int32_t *start = nas_arena_array(a, (size_t)vectors, sizeof *start, err);
    if (!start) return NAS_ENOMEM;
    for (int32_t j = 0; j < vectors; j++) {
        const int32_t first = j * width / unit * unit;
        const int32_t begin = first + unit > c && c >= unit ? c - unit : first;
        start[j] = begin + j * width % unit;
    }
    *out = (nas_lanes){.c = c, .room = vectors * width, .vectors = vectors, .start = start};
    return NAS_OK;
}

nas_lanes nas_lanes_part(const nas_lanes *l, int32_t from, int32_t to) {
    nas_lanes part = *l;
    part.vectors = to - from;
    part.room = l->room / l->vectors * part.vectors;
    part.start += from;
    return part;
}

int32_t nas_lanes_channel(const nas_lanes *l, int32_t lane) {
    const int32_t width = l->room / l->vectors, c = l->start[lane / width] + lane % width;
    return c < l->c ? c : -1;
}

float *nas_lanes_f32(const nas_lanes *l, const float *values, nas_arena *a, nas_err *err) {
    float *out = nas_arena_array(a, (size_t)l->room, sizeof *out, err);
    for (int32_t i = 0; out && values && i < l->room; i++) {
        const int32_t c = nas_lanes_channel(l, i);
        if (c >= 0) out[i] = values[c];
    }
    return out;
}

/* May a lane be scaled without a left shift, and can no sum overflow on the way, whatever the bias
 * (of a damaged file) is: sum + bias, then its high half + 2^(after - 1)? */
static bool is_plain(int32_t bias, nas_fixed f) {
    const int64_t most_sum = (int64_t)NAS_MOST_INT8_SUM * 255 * 128, b = bias;
    if (f.shift >= 0) return false;
    return (b < 0 ? -b : b) + most_sum + (INT64_C(1) << (-f.shift - 1)) <= INT32_MAX;
}

nas_status nas_requant_open(const nas_step *s, const nas_lanes *l, nas_arena *a, nas_requant *q,
                            nas_err *err) {
    const int32_t *from = s->x[2];
    int32_t *rows[5];
    for (int32_t k = 0; k < 5; k++) {
        rows[k] = nas_arena_array(a, (size_t)l->room, sizeof **rows, err);
        if (!rows[k]) return NAS_ENOMEM;
    }
    *q = (nas_requant){.bias = rows[0],
                       .mult = rows[1],
                       .before = rows[2],
                       .after = rows[3],
                       .half = rows[4],
                       .plain = true,
                       .zero_point = s->out->zero_point[0]};
    for (int32_t i = 0; i < l->room; i++) {
        const int32_t c = nas_lanes_channel(l, i);
        if (c < 0) continue;
        const nas_fixed f = nas_weighted_scale(s, c);
        rows[0][i] = from ? from[c] : 0;
        rows[1][i] = f.mult;
        rows[2][i] = f.shift > 0 ? f.shift : 0;
        rows[3][i] = f.shift > 0 ? 0 : -f.shift;
        rows[4][i] = f.shift < 0 ? (int32_t)(1u << (-f.shift - 1)) : 0;
        if (!is_plain(rows[0][i], f)) q->plain = false;
    }
    nas_clamp_i8(s->op->activation, s->out, &q->lo, &q->hi);
    return NAS_OK;
}

nas_requant nas_requant_part(const nas_requant *q, int32_t lane) {
    nas_requant part = *q;
    part.bias += lane;
    part.mult += lane;
    part.before += lane;
    part.after += lane;
    part.half += lane;
    return part;
}
