/* core/nn/whiten.h - kernels that read the examples move as if what they read were uncorrelated.
 * Neighbouring rows of a series are nearly equal, and what tells the future is in their small
 * differences: steps of one size for all weights are far too large for the sum of such inputs and
 * far too small for their differences. With C the covariance of what a kernel reads, L L' = C +
 * ridge I and A = the inverse of L, the kernel W is A' V, where V is the kernel of the whitened
 * inputs A x: gradients become A times themselves, and what the optimiser makes of them comes back
 * by A' (LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998, sections 4.3 and 5). */
#ifndef NAS_CORE_NN_WHITEN_H
#define NAS_CORE_NN_WHITEN_H

#include "core/data/batch.h"
#include "core/nn/net.h"

typedef struct nas_whitener nas_whitener;

/* For all conv1d, and dense behind flatten, that read the net's input: from up to 4,096 of the
 * examples, evenly spread. Initial weights become those of V. Nothing remembers anything from step
 * to step. Borrows the net. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_whitener_open(nas_net *net, const nas_examples *e, nas_whitener **out,
                                           nas_err *err);
void nas_whitener_close(nas_whitener *w);
/* W = A' W: what was drawn for V. */
void nas_whitener_begin(nas_whitener *w);
/* Around the optimiser's update of the net's weights. */
void nas_whitener_before(nas_whitener *w);
void nas_whitener_after(nas_whitener *w);

#endif
