/* search/sampler/table.c - the table of samplers. */
#include "search/sampler/sampler_int.h"

const nas_sampler *nas_sampler_at(int32_t i) {
    static const nas_sampler *const rows[] = {
#define X(name) &nas_sampler_##name,
        NAS_SAMPLER_LIST
#undef X
    };
    return i >= 0 && i < (int32_t)(sizeof rows / sizeof *rows) ? rows[i] : NULL;
}

const char *nas_sampler_name(int32_t i) {
    const nas_sampler *row = nas_sampler_at(i);
    return row ? row->name : NULL;
}

const nas_block *nas_sampler_block(int32_t i, size_t *own_bytes) {
    const nas_sampler *row = nas_sampler_at(i);
    if (row && own_bytes) *own_bytes = row->own_bytes;
    return row ? row->block : NULL;
}
