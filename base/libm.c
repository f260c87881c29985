/* base/libm.c - FNV-1a of answers at places as they occur. Two variants of a function differ at one
 * place of some thousand, so a function that is computed in another way shows. */
#include "base/libm.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stddef.h>
#include <string.h>

/* Raise NAS_TRAIN_VERSION and NAS_FRONTEND_VERSION with it: it says which answers theirs are. */
static const uint32_t usual = 0xf95ed77bU;

static uint32_t found;

static uint32_t add(uint32_t hash, double v) {
    uint8_t b[sizeof v];
    memcpy(b, &v, sizeof v);
    for (size_t i = 0; i < sizeof v; i++) hash = (hash ^ b[i]) * 0x01000193U;
    return hash;
}

static void look(void) {
    enum { PLACES = 3000 };
    uint32_t h = 0x811c9dc5U;
    for (int i = 1; i <= PLACES; i++) {
        const double x = i / 1024.0;
        h = add(h, exp(-x));
        h = add(h, log(20 + x));
        h = add(h, pow(0.9, x));
        h = add(h, pow(0.999, i));
        h = add(h, pow(10, -x));
        h = add(h, cos(x));
        h = add(h, sin(x));
        h = add(h, log1p(x));
        h = add(h, expm1(x));
        h = add(h, (double)expf((float)-x));
        h = add(h, (double)logf((float)x));
    }
    found = h;
}

uint32_t nas_libm(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, look);
    return found == usual ? 0 : found ? found : 1;
}

void nas_libm_text(const char *after, char out[NAS_LIBM_TEXT]) {
    const uint32_t n = nas_libm();
    out[0] = '\0';
    if (n) snprintf(out, NAS_LIBM_TEXT, "libm %08x%s", n, after);
}
