/* core/deploy/zip/info_zip.h - what a block of Info-ZIP's deflate takes.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_DEPLOY_ZIP_INFO_ZIP_H
#define NAS_CORE_DEPLOY_ZIP_INFO_ZIP_H

#include "core/deploy/zip/int.h"

/* The better of a block with codes of its own and of one with the fixed codes, compared in whole
 * bytes; in bits with its head of 3. */
typedef struct nas_info_block {
    uint64_t bits, bytes;
} nas_info_block;

/* The end of the block is not among the counts. Their sum is below 2^16. */
nas_info_block nas_info_block_plan(const nas_zip_counts *counts);

#endif
