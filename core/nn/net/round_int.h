/* core/nn/net/round_int.h - how nas_net_round finds the ranges of its round layers.
 * Thread safety: one thread at a time for each net. */
#ifndef NAS_CORE_NN_NET_ROUND_INT_H
#define NAS_CORE_NN_NET_ROUND_INT_H

#include "core/nn/net/net_int.h"

void nas_round_forget(const nas_node *node);
/* From what it saw since, and from the scales of those before it, which are settled; false: it saw
 * what was not finite. */
bool nas_round_settle(const nas_node *node, const nas_net *net);

#endif
