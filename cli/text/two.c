/* cli/text/two.c - what comparisons of two models print alike, whatever their task. */
#include "cli/text/two.h"

#include "cli/cli.h"
#include "core/deploy/deploy.h"
#include "search/json/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER = 40 };

static void number(const char *unit, double v, char out[NUMBER]) {
    if (strcmp(unit, "points") == 0)
        snprintf(out, NUMBER, "%.2f", v);
    else
        snprintf(out, NUMBER, "%.4g", v);
}

void cli_two_verdict(double better, double low, double high, const char *what, const char *unit,
                     char out[CLI_VERDICT]) {
    char by[NUMBER], from[NUMBER], to[NUMBER];
    const bool a = high<0, b = low> 0, none = isnan(low) || isnan(high);
    const char *blank = *unit ? " " : "";
    number(unit, a ? -better : better, by);
    number(unit, a ? -high : low, from);
    number(unit, a ? -low : high, to);
    if (a || b)
        snprintf(out, CLI_VERDICT, "%s is better by %s%s%s [%s, %s]", a ? "A" : "B", by, blank,
                 unit, from, to);
    else if (none)
        snprintf(out, CLI_VERDICT, "not told apart: %s is %s%s%s, without an interval", what, by,
                 blank, unit);
    else
        snprintf(out, CLI_VERDICT, "not told apart: %s is %s%s%s [%s, %s]", what, by, blank, unit,
                 from, to);
}

const char *cli_two_p(double p, char out[32]) {
    out[0] = '\0';
    if (p < 1e-4)
        snprintf(out, 32, "p < 0.0001");
    else if (!isnan(p))
        snprintf(out, 32, "p = %.2g", p);
    return out;
}

nas_status cli_two_sizes(nas_arena *a, const uint8_t *p, size_t n, cli_two_bytes *out,
                         nas_err *err) {
    uint8_t *stream;
    size_t length;
    NAS_TRY(nas_zlib_stream(p, n, NAS_ZLIB_SHORT, a, &stream, &length, err));
    *out = (cli_two_bytes){(int64_t)n, (int64_t)length};
    return NAS_OK;
}

void cli_two_number(const char *key, double v, const char *after) {
    char text[32];
    nas_json_number(v, text);
    printf("\"%s\": %s%s", key, text, after);
}

void cli_two_json_model(const char *name, const cli_two_bytes *b) {
    fputs("\"model\": ", stdout);
    cli_print_json_text(name);
    printf(", \"tflite_bytes\": %" PRId64 ", \"zlib_bytes\": %" PRId64, b->tflite, b->zlib);
}
