/* search/sampler/sobol.h - Sobol's sequence in base 2, integers of 32 bits.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_SEARCH_SAMPLER_SOBOL_H
#define NAS_SEARCH_SAMPLER_SOBOL_H

#include <stdint.h>

enum { NAS_SOBOL_DIMENSIONS = 256, NAS_SOBOL_BITS = 32 };

/* Of each dimension from the second on: the primitive polynomial, x^0 in the lowest bit, and as
 * many first direction numbers as its degree. Source: S. Joe and F. Y. Kuo, "Constructing Sobol
 * sequences with better two-dimensional projections", SIAM J. Sci. Comput. 30 (2008),
 * new-joe-kuo-6.21201. */
extern const uint16_t nas_sobol_numbers[];

/* Direction numbers of the first n dimensions, 1 .. NAS_SOBOL_DIMENSIONS, the highest bit first. */
void nas_sobol_directions(int32_t n, uint32_t v[][NAS_SOBOL_BITS]);
/* Coordinate of point i in units of 2^-32, in the order of Gray codes (Antonov and Saleev 1979). */
uint32_t nas_sobol_at(const uint32_t v[NAS_SOBOL_BITS], uint32_t i);
/* Owen's nested scrambling by a hash: S. Laine and T. Karras, "Stratified sampling for stochastic
 * transparency" (2011), with the constants of B. Burley, "Practical hash-based Owen scrambling",
 * JCGT 9(4), 2020, listing 3. A bijection that keeps nets nets. */
uint32_t nas_sobol_owen(uint32_t x, uint32_t seed);

#endif
