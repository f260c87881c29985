/* search/task/keywords/refresh.c - the row's training examples under augmentation of clips. */
#include "search/task/keywords/augmented.h"
#include "search/task/keywords/keywords.h"

static void add_hash(const void *ctx, nas_hasher *h) {
    nas_augmented_hash(ctx, h);
}

static void close_rows(void *ctx) {
    nas_augmented_close(ctx);
}

nas_status nas_keywords_refresh(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                                const nas_training *t, nas_refresh *out, nas_err *err) {
    nas_augmented *g;
    NAS_TRY(nas_augmented_open(d, c, f, t->cache, t->seed, t->replicate, t->log, &g, err));
    *out = (nas_refresh){0};
    if (!g) return NAS_OK;
    *out = (nas_refresh){.ctx = g,
                         .examples = nas_augmented_examples(g),
                         .epoch = nas_augmented_epoch,
                         .hash = add_hash,
                         .close = close_rows};
    return NAS_OK;
}
