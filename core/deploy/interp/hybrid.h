/* core/deploy/interp/hybrid.h - operators with int8 weights on float activations: the input is
 * quantised as it comes, in the form that TFLite's builds for x86 use.
 * Thread safety: no shared state; one thread at a time for each step. */
#ifndef NAS_CORE_DEPLOY_INTERP_HYBRID_H
#define NAS_CORE_DEPLOY_INTERP_HYBRID_H

#include "core/deploy/interp/interp_int.h"

/* x[n] as codes q of one scale: x = scale * (q - zero_point). symmetric: zero point 0 and codes in
 * +-127. Values that are all 0 give codes 0 and scale 1. */
void nas_hybrid_quantize(const nas_infer *k, int64_t n, const float *x, bool symmetric, int8_t *q,
                         float *scale, int32_t *zero_point);

/* The numbers of one operator, in the order of lanes. */
typedef struct nas_hybrid {
    bool symmetric;      /* of the input */
    bool apart;          /* sums are multiplied by kernel and input scale one after the other */
    int8_t *codes;       /* of the input */
    const float *kernel; /* scales */
    float *factor;
    nas_rescale rescale;
} nas_hybrid;

static inline bool nas_step_is_hybrid(const nas_step *s) {
    return s->in[0]->dtype == NAS_F32 && s->in[1]->dtype == NAS_I8;
}

/* Of a hybrid step: is its input coded without a zero point, and are its sums multiplied by kernel
 * and input scale one after the other? */
bool nas_hybrid_symmetric(const nas_step *s);
bool nas_hybrid_apart(const nas_step *s);

/* s is CONV_2D, DEPTHWISE_CONV_2D or FULLY_CONNECTED; codes will be `most` at a time. Lives in
 * arena a. Errors: NAS_ENOMEM. */
nas_status nas_hybrid_open(const nas_step *s, const nas_lanes *l, int64_t most, nas_arena *a,
                           nas_hybrid *h, nas_err *err);

/* Those of the lanes from `lane` on. */
nas_hybrid nas_hybrid_part(const nas_hybrid *h, int32_t lane);

/* Sums of an input of this scale -> outputs. */
void nas_hybrid_finish(const nas_hybrid *h, const nas_step *s, int32_t n_pix, const nas_lanes *l,
                       float scale, const int32_t *acc, float *y);

#endif
