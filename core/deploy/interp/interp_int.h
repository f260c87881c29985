/* core/deploy/interp/interp_int.h - the interpreter's inside: a list of steps, prepared once.
 * Thread safety: no shared state; one thread at a time for each interpreter and its steps.
 * Errors, where none are named: NAS_ENOMEM; what was to be filled is then not to be used. */
#ifndef NAS_CORE_DEPLOY_INTERP_INTERP_INT_H
#define NAS_CORE_DEPLOY_INTERP_INTERP_INT_H

#include "core/deploy/deploy.h"
#include "core/deploy/fixed.h"
#include "core/kernel/infer.h"

/* One operator with its operands found: in[k] and out describe x[k] and y. state is the family's.
 */
typedef struct nas_step {
    void (*run)(const struct nas_step *s);
    const nas_op *op;
    nas_runtime runtime;
    const nas_infer *kernel;
    const nas_tensor *in[NAS_OP_INPUTS], *out; /* NULL: left out */
    const void *x[NAS_OP_INPUTS];
    void *y;
    void *state;
} nas_step;

/* Prepares a step: fills run and state; memory from arena a. The graph has passed its check.
 * Errors: NAS_ENOMEM, also where a map with its padding is too large. */
typedef nas_status nas_step_open(nas_step *s, nas_arena *a, nas_err *err);
nas_step_open nas_step_conv, nas_step_fully_connected, nas_step_depthwise, nas_step_pool,
    nas_step_mean, nas_step_add, nas_step_mul, nas_step_relu, nas_step_softmax, nas_step_reshape,
    nas_step_pad, nas_step_quantize, nas_step_dequantize;

/* Is a CONV_2D cheaper at the points of tiles? The same answer for float on every row of kernels,
 * but for the plain one, whose sums are those of windows. */
bool nas_tiles_suit(const nas_step *s);
nas_step_open nas_step_tiles;

/* As nas_interp_open, but floats are summed one by one, as exported C does it: its bits. Errors:
 * those of nas_interp_open. */
nas_status nas_interp_open_plain(const nas_graph *g, nas_interp **out, nas_err *err);

/* Runs on a float input; seen (may be NULL) hears of the input and of each operator's output as it
 * is made. */
typedef void (*nas_seen_fn)(void *ctx, int32_t tensor, const void *values);
void nas_interp_watch(nas_interp *it, const float *x, nas_seen_fn seen, void *ctx);

/* Clamps of a fused activation. */
void nas_clamp_f32(nas_activation a, float *lo, float *hi);
void nas_clamp_i8(nas_activation a, const nas_tensor *y, int32_t *lo, int32_t *hi);

/* What a step's scales come to: the multiplier of channel c of a weighted operator, and the number
 * that it stands for; of ADD's operands and of their sum; of MUL; from the input to the output of
 * RELU and of QUANTIZE. */
nas_fixed nas_weighted_scale(const nas_step *s, int32_t c);
double nas_weighted_ratio(const nas_step *s, int32_t c);
void nas_add_scales(const nas_step *s, nas_fixed scale[3]);
nas_fixed nas_mul_scale(const nas_step *s);
nas_fixed nas_relu_scale(const nas_step *s);
/* The tensor in whose scale and zero point the output of an int8 RELU or RELU6 is counted. */
const nas_tensor *nas_relu_units(const nas_step *s);
nas_fixed nas_quantize_scale(const nas_step *s);

/* The output's dimensions of ADD and MUL with leading ones, and each operand's step along them, 0
 * where it is broadcast. */
void nas_pair_steps(const nas_step *s, int32_t dims[4], int32_t step[2][4]);

/* MEAN: the input's dimensions with leading ones, the output's step along them, 0 if reduced. */
typedef struct nas_mean {
    int32_t dims[4], step[4];
    int32_t count; /* values in one mean */
    int64_t outputs;
    int32_t pixels;  /* where the last axis stays and all others go: those; else 0 */
    nas_fixed scale; /* of int8 */
} nas_mean;
nas_mean nas_mean_of(const nas_step *s);

/* SOFTMAX in int8: exp of a difference to the largest code, as a fraction of 31 bits; 0 below. */
int32_t nas_softmax_exp(const nas_step *s, int32_t difference);

/* PAD: sizes as of rank 4, leading ones added; the last axis counts bytes. */
typedef struct nas_pad {
    int64_t in[4], out[4], before[4];
    int fill;
} nas_pad;
nas_pad nas_pad_of(const nas_step *s);

/* The values of an int8 tensor with one scale, or of a float16 one. */
void nas_dequantize(const nas_tensor *t, const void *x, float *y);

int8_t nas_quantize_i8(float v, float scale, int32_t zero_point);

/* A window operator's map of c channels with its border and, but for lanes and weights, the window
 * over it. whole: a run is all channels of one or more taps; else one tap's. Errors: NAS_ENOMEM
 * when the map with its border is unreasonable. */
nas_status nas_window_open(const nas_step *s, int32_t c, bool whole, nas_arena *a, nas_padded *map,
                           nas_window *win, nas_err *err);
bool nas_padded_is_plain(const nas_padded *map); /* no border */
/* Inputs of map->c channels. */
void nas_pad_f32(const nas_padded *map, const float *x, float *out);
void nas_pad_i8(const nas_padded *map, const nas_infer *k, const int8_t *x, int32_t zero_point,
                int16_t *out);

/* c channels as vectors of a row, `unit` channels (a multiple of the width) at a time where there
 * are that many. The channel of a lane; -1: none. Values of channels in the order of lanes, zeros
 * where there is none (values may be NULL: all zero); NULL with *err. */
nas_status nas_lanes_open(int32_t c, int32_t width, int32_t unit, nas_arena *a, nas_lanes *out,
                          nas_err *err);
/* Its vectors from..to - 1. */
nas_lanes nas_lanes_part(const nas_lanes *l, int32_t from, int32_t to);
int32_t nas_lanes_channel(const nas_lanes *l, int32_t lane);
float *nas_lanes_f32(const nas_lanes *l, const float *values, nas_arena *a, nas_err *err);

/* The numbers of a weighted int8 operator. */
nas_status nas_requant_open(const nas_step *s, const nas_lanes *l, nas_arena *a, nas_requant *q,
                            nas_err *err);
/* Those of the lanes from `lane` on. */
nas_requant nas_requant_part(const nas_requant *q, int32_t lane);

/* ADD by floats; false: they do not give the same for all codes. */
bool nas_add_near(const nas_add *add, nas_add_floats *out);

/* What a weighted int8 operator has where its row of kernels sums products of bytes (dense_u8). */
typedef struct nas_bytes {
    const int8_t *weights;
    uint8_t *room;        /* of dense_u8 */
    const int32_t *first; /* what sums of input + 128 begin with; with the bias if floats */
    bool floats;          /* rounding gives what requant does, whatever the input */
    nas_rounding rounding;
} nas_bytes;

/* Is the step an int8 one whose products can be so summed? */
bool nas_bytes_suit(const nas_step *s);
/* All but weights; channel[lanes]: of each lane, -1 for none. Not floats for FULLY_CONNECTED as
 * LiteRT rounds it. */
nas_status nas_bytes_open(const nas_step *s, int32_t channels, int32_t lanes,
                          const int32_t *channel, nas_arena *a, nas_bytes *b, nas_err *err);
/* The same with weights [out][n_seg][run], as dense_u8 wants them; win->run becomes a multiple of
 * run_unit. */
nas_status nas_bytes_pack(const nas_step *s, nas_window *win, nas_arena *a, nas_bytes *b,
                          nas_err *err);

/* CONV_2D where nas_bytes_suit, and DEPTHWISE_CONV_2D; `there` false: the step was left as it was,
 * another way is to be taken. */
nas_step_open nas_step_conv_bytes;
nas_status nas_step_strips(nas_step *s, nas_arena *a, bool *there, nas_err *err);

#endif
