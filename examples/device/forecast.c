/* examples/device/forecast.c - an exported forecaster as firmware would hold it, with no library of
 * ours:
 *
 *   M=climate_a_best
 *   cc -O2 -I $M -o build/forecast examples/device/forecast.c $M/model.c -lm
 *
 *   build/forecast <rows.txt
 *
 * Rows: the inputs of forecast.h in their order, numbers with spaces between. From the row that
 * fills the window on, each is answered by a line: the targets of the next row, then of the one
 * after. Ends with 1 where something is no number, or a row is cut off. */
#include "forecast.h"
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of a counter of 48,123,456 that rises by 0.2, float does not hold the 0.2. */
#ifdef FORECAST_DOUBLE
typedef double wide;
#define READ "%lf"
#else
typedef float wide;
#define READ "%f"
#endif

static const wide mean[] = {FORECAST_MEAN}, target_mean[] = {FORECAST_TARGET_MEAN};
static const float deviation[] = {FORECAST_DEVIATION};
static const float target_deviation[] = {FORECAST_TARGET_DEVIATION};

#ifdef MODEL_INPUT_SCALE /* int8 */
typedef int8_t number;
static number number_of(float v) {
    const float q = roundf(v / MODEL_INPUT_SCALE) + (float)MODEL_INPUT_ZERO_POINT;
    return (number)(!(q > -128) ? -128 : q > 127 ? 127 : q); /* NaN too */
}
static float value_of(number y) {
    return (float)(y - MODEL_OUTPUT_ZERO_POINT) * MODEL_OUTPUT_SCALE;
}
#else
typedef float number;
static number number_of(float v) {
    return v;
}
static float value_of(number y) {
    return y;
}
#endif

int main(void) {
    static number x[MODEL_INPUT], y[MODEL_OUTPUT];
    enum { KEPT = MODEL_INPUT - FORECAST_INPUTS };
    for (long rows = 1;; rows++) {
        memmove(x, x + FORECAST_INPUTS, KEPT * sizeof *x);
        for (int i = 0; i < FORECAST_INPUTS; i++) {
            wide v;
            if (scanf(READ, &v) != 1) return feof(stdin) && i == 0 ? 0 : 1;
            const float z = (float)(v - mean[i]) / deviation[i];
            x[KEPT + i] = number_of(FORECAST_STANDARDISED ? z : (float)v);
        }
        if (rows < FORECAST_WINDOW) continue;
        model_run(x, y);
        for (int i = 0; i < MODEL_OUTPUT; i++) {
            const int t = i % FORECAST_TARGETS;
            const wide v = value_of(y[i]);
            printf("%s%.*g", i ? " " : "", sizeof v > sizeof(float) ? 15 : 6,
                   (double)(FORECAST_STANDARDISED ? v * target_deviation[t] + target_mean[t] : v));
        }
        putchar('\n');
    }
}
