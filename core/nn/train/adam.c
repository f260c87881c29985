/* core/nn/train/adam.c - Kingma and Ba 2015, algorithm 1 in the form at the end of section 2, with
 * Keras' constants. */
#include "core/nn/train/optimizer.h"

#include <math.h>

static const double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7;

static void adam_update(const nas_kernel *k, size_t all, size_t from, size_t n, float *w,
                        const float *g, float *moments, double rate, int64_t step,
                        double momentum) {
    (void)momentum;
    const double t = (double)step;
    const double alpha = rate * sqrt(1 - pow(beta2, t)) / (1 - pow(beta1, t));
    float *first = moments + from, *second = first + all;
    k->adam(n, w + from, g + from, first, second, (float)alpha, (float)(1 - beta1),
            (float)(1 - beta2), (float)epsilon);
}

const nas_optimizer nas_optimizer_adam = {.name = "adam", .moments = 2, .update = adam_update};
