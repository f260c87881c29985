/* core/nn/train/sgd.c - gradient descent with momentum, in the order of operations of Keras: the
 * velocity holds the rate. momentum 0 is plain gradient descent. */
#include "core/nn/train/optimizer.h"

static void sgd_update(const nas_kernel *k, size_t all, size_t from, size_t n, float *w,
                       const float *g, float *moments, double rate, int64_t step, double momentum) {
    (void)all;
    (void)step;
    k->sgd(n, w + from, g + from, moments + from, (float)rate, (float)momentum);
}

const nas_optimizer nas_optimizer_sgd = {.name = "sgd", .moments = 1, .update = sgd_update};
