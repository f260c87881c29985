/* search/task/keywords/source.c - C that is made of frontend.json and labels.txt. */
#include "search/task/keywords/keywords.h"

#include "base/text/c_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static nas_status frontend_source(const char *text, nas_arena *a, const char **header,
                                  const char **source, nas_err *err) {
    nas_json *j = NULL;
    nas_frontend_config c;
    nas_hearing hearing;
    int32_t frames, bins;
    const float *mean = NULL, *deviation = NULL;
    NAS_TRY(nas_json_parse_made(a, "frontend.json", text, &j, err));
    nas_status st = nas_frontend_decode(a, j, &c, &hearing, err);
    const int32_t samples = st == NAS_OK ? (int32_t)lround(hearing.seconds * c.sample_rate_hz) : 0;
    if (st == NAS_OK) st = nas_frontend_shape(&c, samples, &frames, &bins, err);
    if (st == NAS_OK && c.normalize) st = nas_json_floats(a, j, "mean", bins, &mean, err);
    if (st == NAS_OK && c.normalize) st = nas_json_floats(a, j, "deviation", bins, &deviation, err);
    nas_json_close(j);
    if (st == NAS_OK)
        st = nas_frontend_source(&c, samples, mean, deviation, a, header, source, err);
    return st;
}

nas_status nas_labels_source(const char *const *labels, int32_t n, nas_arena *a, const char **out,
                             nas_err *err) {
    nas_stream t;
    NAS_TRY(nas_stream_open(&t, err));
    fputs("/* labels.h - what the outputs of model.h mean, in their order:\n"
          " * static const char *const labels[MODEL_OUTPUT] = {MODEL_LABELS}; */\n"
          "#ifndef LABELS_H\n#define LABELS_H\n\n#define MODEL_LABELS",
          t.to);
    for (int32_t i = 0; i < n; i++) {
        fputs(i ? ", " : " ", t.to);
        nas_c_string(t.to, labels[i], strlen(labels[i]));
    }
    fputs("\n\n#endif\n", t.to);
    return nas_stream_take(&t, a, out, err);
}

/* The lines of labels.txt. */
static nas_status labels_h(const char *text, nas_arena *a, const char **out, nas_err *err) {
    int32_t n = 0, lines = 0;
    for (const char *p = text; *p; p++) lines += *p == '\n';
    const char **labels = nas_arena_array(a, (size_t)lines, sizeof *labels, err);
    char *copy = nas_arena_text(a, text, err);
    if (!labels || !copy) return NAS_ENOMEM;
    while (n < lines) labels[n++] = strsep(&copy, "\n");
    return nas_labels_source(labels, n, a, out, err);
}

nas_status nas_keywords_emit(const char *const *text, nas_arena *a, const char **out,
                             nas_err *err) {
    NAS_TRY(frontend_source(text[0], a, &out[0], &out[1], err));
    return labels_h(text[1], a, &out[2], err);
}
