/* core/deploy/format/int.h - what number formats share.
 * Thread safety: the rows are constant; functions share no state. */
#ifndef NAS_CORE_DEPLOY_FORMAT_INT_H
#define NAS_CORE_DEPLOY_FORMAT_INT_H

#include "core/deploy/deploy.h"

/* The float32 constant *t becomes int8, in a's memory: one scale for each channel of axis, the
 * given ones of *t (codes: w / scale, halves away from zero) or else its largest |w| / 127; codes
 * in +-127. whole: one scale for all of it, unless different ones were given. least (may be NULL),
 * one a channel: no scale is below those of its channels, unless it was given and matters.
 * Errors: NAS_EINVAL given scales along another axis; NAS_ENOMEM. *t is then as it was. */
nas_status nas_quantize_kernel(nas_tensor *t, int32_t axis, bool whole, const float *least,
                               nas_arena *a, nas_err *err);
/* Does g's operator o get one scale for all of its kernel? */
static inline bool nas_kernel_is_whole(const nas_graph *g, const nas_op *o) {
    return o->kind == NAS_OP_FULLY_CONNECTED && !g->dense_by_channel;
}
bool nas_scales_are_equal(const nas_tensor *t); /* all of them; also where there are none */
bool nas_all_finite(const nas_tensor *t);       /* of a float32 constant */

/* The next float32 that is not below v and has 6 significant bits; and that next to v, if v is but
 * rounding away from it, else v. v > 0. */
float nas_scale_short(float v);
float nas_scale_snap(float v);

/* Copies g, without scales, into the empty out. x and n mean nothing. Errors: NAS_ENOMEM. */
nas_format_fn nas_format_copy;

#define NAS_FORMAT_DECLARE(NUMBER, name) extern const nas_format_ops nas_format_##name;
NAS_FORMAT_LIST(NAS_FORMAT_DECLARE)
#undef NAS_FORMAT_DECLARE

#endif
