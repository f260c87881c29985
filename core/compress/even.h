/* core/compress/even.h - dense kernels whose outputs are of one size, which one scale serves.
 * Thread safety: one thread at a time for each net. */
#ifndef NAS_CORE_COMPRESS_EVEN_H
#define NAS_CORE_COMPRESS_EVEN_H

#include "core/nn/net/net.h"

/* Between two dense layers with a ReLU between them a hidden value may be counted in any unit: a
 * column of the first kernel and its bias times s, the row of the second divided by s. s is chosen
 * so that the largest weight of either is the same. What the net computes stays, but for rounding;
 * zeros stay zeros. For number formats with one scale for all of a dense kernel, on a folded net,
 * before anything rounds its weights. Source: Nagel, van Baalen, Blankevoort, Welling, "Data-free
 * quantization through weight equalization and bias correction", ICCV 2019, section 4.1. */
void nas_net_even(nas_net *net);

#endif
