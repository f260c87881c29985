/* core/deploy/plain/model_test.c - the program that is written beside a model.c: C99. What
 * core/deploy/emit/program.c copies, as plain/kernels.c. `value` is the type of the outputs. */

/* part test_head */
/* model_test.c - does model.c give here what nas computed? Written by nas.
 *
 *   cc -O2 -ffp-contract=off -o model_test model_test.c model.c -lm && ./model_test
 *
 * It holds inputs, made at random, and what nas' interpreter of the same .tflite file makes of
 * them. Outputs are compared to the bit.
 *
 * In firmware: compile it with -DMODEL_TEST_NO_MAIN and call model_test(), which prints nothing and
 * returns how many outputs are wrong. */
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
/* end */

/* part test_exact */
/* All arithmetic of this model is that of integers: every machine has the same bits. */
#define PASSES 0
#define HINT   ""
/* end */

/* part test_floats */
/* The last bits of this model's floats are the compiler's, where it makes one instruction of a
 * product and a sum, and those of the C library's expf. So what is off by no more than this share
 * of the largest output passes, and is told; -DTOLERANCE=0 asks for the bits. */
#ifndef TOLERANCE
#define TOLERANCE 2e-5
#endif
#define PASSES (TOLERANCE * LARGEST)
#define HINT   "; without -ffp-contract=off more may differ"
/* end */

/* part model_test */
int model_test(void);

static int others, first; /* outputs of other bits; the first that is wrong, below 0: none is */
static double off;        /* the largest difference that passed */
static value y[MODEL_OUTPUT];

static int is_right(value got, value want) {
    const double d = fabs((double)got - (double)want);
    if (memcmp(&got, &want, sizeof got) == 0) return 1;
    if (isnan((double)got) && isnan((double)want)) return 1;
    others++;
    if (!(d <= PASSES)) return 0;
    if (d > off) off = d;
    return 1;
}

int model_test(void) {
    int wrong = 0;
    others = 0;
    first = -1;
    off = 0;
    for (int k = 0; k < EXAMPLES; k++) {
        const value *want = expected + k * MODEL_OUTPUT;
        model_run(input + k * MODEL_INPUT, y);
        for (int i = 0; i < MODEL_OUTPUT; i++) {
            if (is_right(y[i], want[i])) continue;
            if (first < 0) first = k * MODEL_OUTPUT + i;
            wrong++;
        }
    }
    return wrong;
}

#ifndef MODEL_TEST_NO_MAIN
int main(void) {
    const int wrong = model_test(), all = EXAMPLES * MODEL_OUTPUT;
    if (wrong) {
        const int example = first / MODEL_OUTPUT, output = first % MODEL_OUTPUT;
        model_run(input + example * MODEL_INPUT, y);
        printf("model_test: WRONG: %d of %d outputs; the first is output %d of example %d: "
               "%.9g, expected %.9g%s\n",
               wrong, all, output, example, (double)y[output], (double)expected[first], HINT);
        return 1;
    }
    if (others)
        printf("model_test: right: %d outputs, %d of them other in their last bits, by at most "
               "%.3g\n",
               all, others, off);
    else
        printf("model_test: right: %d outputs, examples: %d, equal to the bit\n", all, EXAMPLES);
    return 0;
}
#endif
/* end */
