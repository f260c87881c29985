/* tests/space_texts.h - small space files for tests: one part changed, the others as here. */
#ifndef NAS_TESTS_SPACE_TEXTS_H
#define NAS_TESTS_SPACE_TEXTS_H

#include "base/arena.h"

typedef struct space_parts {
    const char *task, *frontend, *augment, *width, *layers, *train, *quantize, *rest, *search;
} space_parts;

#define LAYERS_END                                                         \
    "{\"op\": \"flatten\"}, {\"op\": \"dense\", \"units\": \"classes\"}, " \
    "{\"op\": \"softmax\"}"

static const char *or_else(const char *text, const char *other) {
    return text ? text : other;
}

/* Lines: 1 name, 2 task, 3 frontend, 4 augment, 5 model, 6 train, 7 quantize, then the rest, if
 * any, and search. */
static const char *space_text(nas_arena *a, space_parts p) {
    return nas_arena_format(
        a, NULL,
        "{\"name\": \"t\",\n\"task\": {\"kind\": \"keywords\", \"data\": \"d\"%s},\n\"frontend\": "
        "%s,\n\"augment\": %s,\n\"model\": {\"width\": %s, \"layers\": %s},\n\"train\": %s,\n"
        "\"quantize\": %s,\n%s\"search\": %s}\n",
        or_else(p.task, ", \"labels\": [\"a\", \"b\", \"c\"]"),
        or_else(p.frontend,
                "{\"kind\": \"mfcc\", \"frame_length_ms\": 40, \"frame_step_ms\": 40, "
                "\"mel_bins\": 20, \"lower_hz\": 20, \"upper_hz\": 4000, \"coefficients\": 10}"),
        or_else(p.augment, "{}"), or_else(p.width, "1"), or_else(p.layers, "[" LAYERS_END "]"),
        or_else(p.train, "{\"epochs\": 1, \"batch_size\": 2, \"learning_rate\": 0.01}"),
        or_else(p.quantize, "\"float32\""), or_else(p.rest, ""),
        or_else(p.search, "{\"sampler\": \"grid\"}"));
}

#endif
