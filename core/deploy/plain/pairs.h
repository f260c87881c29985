/* core/deploy/plain/pairs.h - operands that broadcast, in an exported model.c. */
#ifndef NAS_CORE_DEPLOY_PLAIN_PAIRS_H
#define NAS_CORE_DEPLOY_PLAIN_PAIRS_H

#include "core/deploy/plain/shared.h"

/* part pairs */
/* Two operands of up to four axes; along those that one lacks its step is 0. */
typedef struct pairs {
    int32_t size[4], step[2][4];
} pairs;

#define EACH_PAIR(p)                                   \
    for (int32_t i = 0; i < (p)->size[0]; i++)         \
        for (int32_t j = 0; j < (p)->size[1]; j++)     \
            for (int32_t k = 0; k < (p)->size[2]; k++) \
                for (int32_t c = 0; c < (p)->size[3]; c++)
#define OPERAND(p, n)                                                  \
    ((ptrdiff_t)i * (p)->step[n][0] + (ptrdiff_t)j * (p)->step[n][1] + \
     (ptrdiff_t)k * (p)->step[n][2] + (ptrdiff_t)c * (p)->step[n][3])
/* end */

#endif
