/* core/data/clips/made.c - keys of classes without a folder, and their sizes. */
#include "core/data/clips/made.h"

#include <math.h>

#define SHARE(type)                                                                           \
    {                                                                                         \
        .name = "share", .kind = NAS_KEY_FLOAT, .offset = offsetof(type, share), .lo = 0.001, \
        .hi = 0.9, .def = "null", .flags = NAS_KEY_NULLABLE,                                  \
        .help = "of all clips, a fraction; null: as many clips as a label has in the mean"    \
    }

const nas_key nas_unknown_keys[] = {
    {.name = "label",
     .kind = NAS_KEY_TEXT,
     .offset = offsetof(nas_unknown_config, label),
     .def = "\"_unknown_\"",
     .help = "one of task.labels; where the data has a folder of that name, that is read instead"},
    {.name = "folders",
     .kind = NAS_KEY_BLOCK,
     .def = "\"others\"",
     .help = "list of class folders that its clips are taken from; \"others\": all that are no "
             "label"},
    SHARE(nas_unknown_config),
    NAS_KEY_END,
};

const nas_key nas_silence_keys[] = {
    {.name = "label",
     .kind = NAS_KEY_TEXT,
     .offset = offsetof(nas_silence_config, label),
     .def = "\"_silence_\"",
     .help = "one of task.labels; where the data has a folder of that name, that is read instead"},
    SHARE(nas_silence_config),
    {.name = "volume",
     .kind = NAS_KEY_SPAN,
     .offset = offsetof(nas_silence_config, volume),
     .lo = 0,
     .hi = 100,
     .def = "[0, 1]",
     .help = "each cut is multiplied by a number drawn between the two"},
    NAS_KEY_END,
};

int32_t nas_made_count(int64_t clips, int32_t n_labels, double share, double other) {
    const double mean = n_labels > 0 ? (double)clips / n_labels : 0;
    if (isnan(share)) return (int32_t)floor(mean + 0.5);
    const double fixed = (double)clips + (isnan(other) ? mean : 0);
    const double rest = 1 - share - (isnan(other) ? 0 : other);
    const double n = rest > 1e-9 ? share * fixed / rest : 0;
    return n < 1e9 ? (int32_t)floor(n + 0.5) : 0;
}
