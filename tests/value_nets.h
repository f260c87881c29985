/* tests/value_nets.h - small nets that end in plain values, on a window of 6 x 2. */
#ifndef NAS_TESTS_VALUE_NETS_H
#define NAS_TESTS_VALUE_NETS_H

#include "core/nn/net/net.h"
#include "tests/nets.h"

enum { VALUE_WINDOW = 6, VALUE_INPUTS = 2, VALUE_HORIZON = 4, VALUE_TARGETS = 2 };
enum { VALUES = VALUE_HORIZON * VALUE_TARGETS };

#define VALUES_END \
    { .ops = &nas_layer_error }

/* Net number i; *own: its kernels take the units of inputs and outputs. */
enum { VALUE_NETS = 8 };
static inline nas_model value_net(int i, bool *own) {
    static nas_layer_spec dense[] = {FLATTEN, DENSE(VALUES), VALUES_END};
    static nas_layer_spec two[] = {FLATTEN, DENSE(9), RELU, DENSE(VALUES), VALUES_END};
    static nas_layer_spec conv[] = {CONV1D(5, 3, 1, 1, NAS_VALID), RELU, FLATTEN, DENSE(VALUES),
                                    VALUES_END};
    static nas_layer_spec pooled[] = {CONV1D(4, 2, 1, 2, NAS_VALID),
                                      BN,
                                      RELU,
                                      MAX_POOL(2, 1, 2, 1, NAS_VALID),
                                      FLATTEN,
                                      DENSE(VALUES),
                                      RESHAPE(4, 1, 2),
                                      VALUES_END};
    static nas_layer_spec map[] = {CONV1D(7, 3, 1, 1, NAS_SAME), RELU,
                                   CONV1D(VALUE_TARGETS, 3, 1, 1, NAS_VALID), VALUES_END};
    static nas_layer_spec causal[] = {CONV1D(4, 3, 1, 2, 2), RELU, FLATTEN, DENSE(VALUES),
                                      VALUES_END};
    static nas_layer_spec body[] = {DENSE(6), RELU, DENSE(12)};
    static nas_layer_spec other[] = {DENSE(6), RELU, DENSE(VALUES)};
    static nas_layer_spec around[] = {FLATTEN,
                                      {.ops = &nas_layer_residual, .n_layers = 3, .layers = body},
                                      DENSE(VALUES),
                                      VALUES_END};
    static nas_layer_spec beside[] = {CONV1D(6, 2, 1, 1, NAS_VALID),
                                      RELU,
                                      FLATTEN,
                                      {.ops = &nas_layer_residual,
                                       .shortcut = NAS_SHORTCUT_PROJECT,
                                       .n_layers = 3,
                                       .layers = other},
                                      VALUES_END};
#define NET(x) \
    { x, sizeof x / sizeof *x }
    static const struct {
        nas_layer_spec *layers;
        int32_t n;
    } nets[VALUE_NETS] = {NET(dense), NET(two),    NET(conv),   NET(pooled),
                          NET(map),   NET(causal), NET(around), NET(beside)};
#undef NET
    *own = i < 4;
    return (nas_model){
        .input = {VALUE_WINDOW, 1, VALUE_INPUTS}, .n_layers = nets[i].n, .layers = nets[i].layers};
}

#endif
