/* search/task/keywords/deployed/beside.c - C of the front end and the labels of any .tflite file.
 */
#include "search/deployed/model.h"
#include "search/task/keywords/deployed/deployed.h"

#include <math.h>

static nas_status add_frontend(const nas_deployed *d, nas_arena *a, nas_beside *out, nas_err *err) {
    const int32_t samples = (int32_t)lround(d->hearing.seconds * d->frontend.sample_rate_hz);
    const char *header, *source;
    NAS_TRY(nas_frontend_source(&d->frontend, samples, d->mean, d->deviation, a, &header, &source,
                                err));
    nas_beside_add(out, "frontend.h", header, "from sound to the input of model_run");
    nas_beside_add(out, "frontend.c", source, NULL);
    out->input = true;
    return NAS_OK;
}

nas_status nas_keywords_beside(const nas_model_place *place, const nas_graph *g, nas_arena *a,
                               nas_beside *out, nas_err *err) {
    const nas_deployed_paths paths = {place->model, nas_named_path(place, "frontend.json"),
                                      nas_named_path(place, "labels.txt")};
    nas_deployed d;
    const char *text;
    (void)g;
    out->input_hint = "Of sound, --frontend FILE says it, and C is written of that.";
    out->output_hint = "; of classes, --labels FILE names them";
    NAS_TRY(nas_deployed_parts(a, &paths, &d, err));
    if (d.frames) NAS_TRY(add_frontend(&d, a, out, err));
    if (!d.n_labels) return NAS_OK;
    NAS_TRY(nas_labels_source(d.labels, d.n_labels, a, &text, err));
    nas_beside_add(out, "labels.h", text, "what the outputs of model_run mean");
    out->output = true;
    return NAS_OK;
}
