/* core/graph/rounding.h - how a number format rounds weights: fine-tuning goes through it. */
#ifndef NAS_CORE_GRAPH_ROUNDING_H
#define NAS_CORE_GRAPH_ROUNDING_H

typedef enum nas_weight_rounding {
    NAS_ROUND_NONE,
    NAS_ROUND_CODES, /* symmetric int8, codes in +-127, one scale for each output channel; of a
                        dense kernel one for all of it, unless it is asked for more */
    NAS_ROUND_HALF   /* float16: every weight and bias */
} nas_weight_rounding;

#endif
