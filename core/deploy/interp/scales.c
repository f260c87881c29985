/* core/deploy/interp/scales.c - what the scales of a step's tensors come to: its multipliers. Types
 * as in TFLite, where float and double differ in the last bit (kernels/kernel_util.cc, add.cc,
 * mul.cc, activations.cc, quantize.cc). */
#include "core/deploy/interp/interp_int.h"

double nas_weighted_ratio(const nas_step *s, int32_t c) {
    const nas_tensor *w = s->in[1];
    return (double)s->in[0]->scale[0] * (double)w->scale[w->n_scale == 1 ? 0 : c] /
           (double)s->out->scale[0];
}

/* With one scale FULLY_CONNECTED multiplies in float first (kernels/kernel_util.cc,
 * GetQuantizedConvolutionMultipler). */
nas_fixed nas_weighted_scale(const nas_step *s, int32_t c) {
    const nas_tensor *w = s->in[1];
    if (s->op->kind != NAS_OP_FULLY_CONNECTED || w->n_scale > 1)
        return nas_fixed_of(nas_weighted_ratio(s, c));
    const float product = s->in[0]->scale[0] * w->scale[0];
    return nas_fixed_of((double)product / (double)s->out->scale[0]);
}

void nas_add_scales(const nas_step *s, nas_fixed scale[3]) {
    const float p = s->in[0]->scale[0], q = s->in[1]->scale[0];
    const double twice = (double)(2 * (p > q ? p : q));
    scale[0] = nas_fixed_of((double)p / twice);
    scale[1] = nas_fixed_of((double)q / twice);
    scale[2] = nas_fixed_of(twice / (double)((float)(1 << NAS_ADD_BITS) * s->out->scale[0]));
}

nas_fixed nas_mul_scale(const nas_step *s) {
    const float ratio = s->in[0]->scale[0] * s->in[1]->scale[0] / s->out->scale[0];
    return nas_fixed_of((double)ratio);
}

/* tflite-micro's RELU6 takes codes as they are (kernels/activations.cc, Relu6Quantized). */
const nas_tensor *nas_relu_units(const nas_step *s) {
    const bool kept = s->op->kind == NAS_OP_RELU6 && s->runtime == NAS_RUNTIME_TFLM;
    return kept ? s->in[0] : s->out;
}

nas_fixed nas_relu_scale(const nas_step *s) {
    return nas_fixed_of((double)(s->in[0]->scale[0] / nas_relu_units(s)->scale[0]));
}

nas_fixed nas_quantize_scale(const nas_step *s) {
    return nas_fixed_of((double)s->in[0]->scale[0] / (double)s->out->scale[0]);
}
