/* cli/text/two.h - nas eval of two models: which is better, and is that told.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_TEXT_TWO_H
#define NAS_CLI_TEXT_TWO_H

#include "cli/text/task.h"

#include <stdbool.h>

int cli_two_clips(const cli_models *q, const cli_scratch *s);
int cli_two_forecasts(const cli_models *q, const cli_scratch *s);

enum { CLI_VERDICT = 200 };

/* "B is better by 1.20 points [0.30, 2.10]", "not told apart: B - A is ..." into out. better: by
 * how much B is, with its interval, all in `unit`: "points" have two digits behind the point,
 * others four in all. what: the difference that is above 0 where B is better, "B - A" or "A - B".
 */
void cli_two_verdict(double better, double low, double high, const char *what, const char *unit,
                     char out[CLI_VERDICT]);

/* "p = 0.012", "p < 0.0001", "" for NaN. */
const char *cli_two_p(double p, char out[32]);

/* Bytes of a model's file, and of its zlib stream as nas show counts it. a: scratch. Errors: those
 * of nas_zlib_stream. */
typedef struct cli_two_bytes {
    int64_t tflite, zlib;
} cli_two_bytes;
NAS_NODISCARD nas_status cli_two_sizes(nas_arena *a, const uint8_t *p, size_t n, cli_two_bytes *out,
                                       nas_err *err);

/* "key": number, then `after`. */
void cli_two_number(const char *key, double v, const char *after);
/* "model": "name", "tflite_bytes": n, "zlib_bytes": n */
void cli_two_json_model(const char *name, const cli_two_bytes *b);

#endif
