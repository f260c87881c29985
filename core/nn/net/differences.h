/* core/nn/net/differences.h - kernels that read the examples move as if they read differences.
 * Neighbouring rows of a series are nearly equal, and what tells the future is in how little they
 * differ: a step of one size is far too large for the sum of such weights and far too small for
 * what they make of a difference. So a kernel W that reads frames x is taken for A' V, where V
 * reads A x: the last frame as it is, and before it the differences of each frame and the next,
 * divided by their deviation. Gradients become those of V, the optimiser moves V, and what it does
 * comes back to W, which is all that there is: the file knows nothing of it. LeCun, Bottou, Orr,
 * Mueller, "Efficient BackProp", 1998, sections 4.3 and 5: inputs of one size, uncorrelated.
 * Thread safety: no shared state; one thread at a time for each net. */
#ifndef NAS_CORE_NN_NET_DIFFERENCES_H
#define NAS_CORE_NN_NET_DIFFERENCES_H

#include "core/nn/net/examples.h"
#include "core/nn/net/net.h"

typedef struct nas_differences nas_differences;

/* Of what is moved so, and by which deviations, where the examples are features. */
enum { NAS_DIFFERENCES_VERSION = 1 };

/* For all conv1d, and dense behind flatten, that read the net's input; deviations are those of up
 * to 4,096 of the examples, evenly spread. Nothing is remembered from step to step. Borrows the
 * net. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_differences_open(nas_net *net, const nas_examples *e,
                                              nas_differences **out, nas_err *err);
void nas_differences_close(nas_differences *d);
/* Initial weights, drawn for V, become those of W. */
void nas_differences_begin(const nas_differences *d);
/* Around the optimiser's update of the net's weights. */
void nas_differences_before(const nas_differences *d);
void nas_differences_after(const nas_differences *d);
/* Zeros in `moments`, which lie as the net's weights do, for these kernels. */
void nas_differences_forget(const nas_differences *d, float *moments);

#endif
