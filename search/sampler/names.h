/* search/sampler/names.h - what samplers and their keys are called, for those who read a space
 * file.
 * Thread safety: the tables are constant; functions share no state. */
#ifndef NAS_SEARCH_SAMPLER_NAMES_H
#define NAS_SEARCH_SAMPLER_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct nas_block;

/* In the order of nas_search_config.sampler; NULL past the end. */
const char *nas_sampler_name(int32_t i);

/* The block "search" of sampler i, where it has keys of its own: they are tables[1], and fill a
 * struct of *own_bytes (may be NULL). NULL: it has none. */
const struct nas_block *nas_sampler_block(int32_t i, size_t *own_bytes);

#endif
