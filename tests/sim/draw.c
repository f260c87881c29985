/* tests/sim/draw.c - numbers from a seed (splitmix64, https://prng.di.unimi.it/splitmix64.c), and
 * text. */
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void sim_print(char *out, size_t n, const char *form, ...) {
    va_list ap;
    va_start(ap, form);
    const int length = vsnprintf(out, n, form, ap);
    va_end(ap);
    if (length >= 0 && (size_t)length < n) return;
    fprintf(stderr, "sim: a name is too long: %.80s\n", out);
    exit(2);
}

uint64_t sim_draw(sim_dice *d, uint64_t below) {
    uint64_t z = (d->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % below;
}

int32_t sim_between(sim_dice *d, int32_t from, int32_t to) {
    return from + (int32_t)sim_draw(d, (uint64_t)(to - from + 1));
}

int32_t sim_log_between(sim_dice *d, int32_t from, int32_t to) {
    int32_t most = from;
    while (most < to && sim_draw(d, 5) != 0) most = most > to / 2 ? to : 2 * most;
    return sim_between(d, from, most);
}
