/* base/text/digits.h - large numbers as people read them. Nothing here fails.
 * Thread safety: any thread may call these. */
#ifndef NAS_BASE_TEXT_DIGITS_H
#define NAS_BASE_TEXT_DIGITS_H

#include <stdint.h>

/* 12,345 into out[32], which it returns. */
const char *nas_thousands(int64_t v, char out[32]);

#endif
