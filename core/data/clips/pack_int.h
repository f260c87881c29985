/* core/data/clips/pack_int.h - between who writes packs and who reads them: the end of the file,
 * and its sums. Numbers are this machine's; the tail shows it.
 * Thread safety: no shared state; one thread at a time for each pack. */
#ifndef NAS_CORE_DATA_CLIPS_PACK_INT_H
#define NAS_CORE_DATA_CLIPS_PACK_INT_H

#include "core/data/clips/int.h"

typedef struct nas_pack_tail {
    char magic[8];
    uint32_t version, byte_order;
    nas_hash key;
    uint64_t n, n_bad, text_bytes, pcm_bytes, file_bytes;
    uint64_t sum; /* of the tables, the texts and the tail up to here */
} nas_pack_tail;

extern const nas_pack_tail nas_pack_blank;
/* Why a clip that is such a link is left out. */
extern const char nas_pack_nowhere[];

/* A checksum against damage, not against malice: each step is a bijection of the state. bytes: a
 * multiple of 8. */
uint64_t nas_pack_sum(uint64_t state, const void *p, size_t bytes);
/* The same of samples, filled up with zeros. */
uint64_t nas_pack_sum_clip(const void *pcm, size_t bytes);

#endif
