/* search/task/forecast/deployed/beside.c - C of the units of an exported forecast. */
#include "search/deployed/model.h"
#include "search/task/forecast/deployed/forecaster.h"

enum { JSON_MOST = 1 << 26 };

nas_status nas_forecast_beside(const nas_model_place *place, const nas_graph *g, nas_arena *a,
                               nas_beside *out, nas_err *err) {
    nas_forecaster f;
    uint8_t *json;
    size_t n;
    const char *text;
    (void)g;
    out->input_hint = out->output_hint = "";
    if (!nas_forecaster_is_in(place->model)) return NAS_OK;
    const char *path = nas_arena_format(a, err, "%s/forecast.json", place->model);
    if (!path) return NAS_ENOMEM;
    NAS_TRY(nas_forecaster_open(a, place->model, &f, err));
    NAS_TRY(nas_file_read(a, path, JSON_MOST, &json, &n, err));
    NAS_TRY(nas_forecast_emit(&(const char *){(const char *)json}, a, &text, err));
    nas_beside_add(out, "forecast.h", text, "what the input and output of model_run mean");
    out->input = out->output = true;
    return NAS_OK;
}
