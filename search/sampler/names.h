/* search/sampler/names.h - what samplers are called, for those who read a space file. */
#ifndef NAS_SEARCH_SAMPLER_NAMES_H
#define NAS_SEARCH_SAMPLER_NAMES_H

#include <stdint.h>

/* In the order of nas_search_config.sampler; NULL past the end. */
const char *nas_sampler_name(int32_t i);

#endif
