/* search/task/forecast/source.c - forecast.h: what the numbers are that a forecaster's model.c
 * takes and gives. */
#include "base/text/c_text.h"
#include "search/json/json_int.h"
#include "search/task/forecast/forecast.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void put_number(FILE *out, const cJSON *root, const char *key, const char *name,
                       const char *what) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(root, key);
    fprintf(out, "#define FORECAST_%s %d /* %s */\n", name, v ? v->valueint : 0, what);
}

/* Has a list a number that float does not hold? */
static bool needs_double(const cJSON *root, const char *key) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, key), *v;
    cJSON_ArrayForEach(v, list) {
        const double off = fabs((double)(float)v->valuedouble - v->valuedouble);
        if (off > 0) return true;
    }
    return false;
}

/* A list as an initialiser: of numbers, of texts, or of an object's names. */
static void put_list(FILE *out, const cJSON *root, const char *key, const char *name) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, key), *v;
    const bool wide = needs_double(root, key);
    fprintf(out, "#define FORECAST_%s", name);
    cJSON_ArrayForEach(v, list) {
        const char *text = v->string ? v->string : v->valuestring;
        fputs(v == list->child ? " " : ", ", out);
        if (text) {
            nas_c_string(out, text, strlen(text));
        } else {
            char number[NAS_C_NUMBER];
            if (wide)
                snprintf(number, sizeof number, "%.17g", v->valuedouble);
            else
                nas_c_float(number, (float)v->valuedouble);
            fputs(number, out);
        }
    }
    fputc('\n', out);
}

static void write_header(FILE *out, const cJSON *root) {
    const cJSON *units = cJSON_GetObjectItemCaseSensitive(root, "units");
    const bool own = cJSON_IsString(units) && strcmp(units->valuestring, "own") == 0;
    fputs(
        "/* forecast.h - what model.h takes and gives: FORECAST_WINDOW rows, oldest first, each of "
        "the inputs\n * in this order; FORECAST_HORIZON rows of the targets, the next one first. "
        "Lists are for\n * initialisers: static const float mean[] = {FORECAST_MEAN}; */\n"
        "#ifndef FORECAST_H\n#define FORECAST_H\n\n",
        out);
    put_number(out, root, "window", "WINDOW", "rows");
    put_number(out, root, "horizon", "HORIZON", "rows");
    fprintf(out, "#define FORECAST_INPUTS %d\n#define FORECAST_TARGETS %d\n",
            cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(root, "inputs")),
            cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(root, "targets")));
    put_list(out, root, "inputs", "INPUT_NAMES");
    put_list(out, root, "targets", "TARGET_NAMES");
    fprintf(out,
            "\n/* 1: inputs are (x - mean) / deviation, forecasts y * target deviation + target "
            "mean. 0: the\n * model does that itself. */\n#define FORECAST_STANDARDISED %d\n",
            !own);
    if (needs_double(root, "mean") || needs_double(root, "target_mean"))
        fputs(
            "/* Means have more digits than float: keep them, x - mean and the sum with the target "
            "mean in\n * double, or count in integers. */\n#define FORECAST_DOUBLE 1\n",
            out);
    put_list(out, root, "mean", "MEAN");
    put_list(out, root, "deviation", "DEVIATION");
    put_list(out, root, "target_mean", "TARGET_MEAN");
    put_list(out, root, "target_deviation", "TARGET_DEVIATION");
    fputs("\n#endif\n", out);
}

nas_status nas_forecast_emit(const char *const *text, nas_arena *a, const char **out,
                             nas_err *err) {
    nas_json *j = NULL;
    nas_stream t = {0};
    NAS_TRY(nas_json_parse_made(a, "forecast.json", text[0], &j, err));
    nas_status st = nas_stream_open(&t, err);
    if (st == NAS_OK) {
        write_header(t.to, nas_json_root(j));
        st = nas_stream_take(&t, a, out, err);
    }
    nas_stream_drop(&t);
    nas_json_close(j);
    return st;
}
