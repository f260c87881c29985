/* tests/sim/spaces.c - what is searched: a row each. Formulas take milliseconds, so thousands of
 * them fit into an hour; the rows with clips and a table go through stages and the cache. */
#include "tests/sim/sim.h"

#define FORMULA(name, seconds)                                                              \
    "{ \"schema\": 1, \"name\": \"" name "\",\n  \"task\": { \"kind\": \"test_function\", " \
    "\"function\": \"rosenbrock\", \"dimensions\": 2, \"seconds\": " seconds " },\n"

#define TRAIN                                                                      \
    "  \"train\": { \"epochs\": 2, \"batch_size\": 10, \"optimizer\": \"adam\",\n" \
    "    \"learning_rate\": { \"schedule\": \"polynomial\", \"from\": 0.01, \"to\": 0.0001 } },\n"

const sim_space sim_spaces[] = {
    {"grid", "score, value", 44, 12, false,
     FORMULA("grid", "0") "  \"point\": { \"x1\": { \"range\": [-2, 2], \"step\": 0.4 }, "
                          "\"x2\": { \"range\": [-1, 3], \"step\": 1.25 } },\n"
                          "  \"objective\": { \"minimize\": \"value\" },\n"
                          "  \"search\": { \"sampler\": \"grid\" } }\n"},
    {"random", "score, value", 48, 12, false,
     FORMULA("random", "0.003") "  \"point\": { \"x1\": { \"range\": [-2, 2] }, "
                                "\"x2\": { \"range\": [-1, 3] } },\n"
                                "  \"objective\": { \"minimize\": \"value\" },\n"
                                "  \"search\": { \"sampler\": \"random\", \"trials\": 48, "
                                "\"seed\": 4 } }\n"},
    {"bounded", "score, value, slack", 60, 8, false,
     "{ \"schema\": 1, \"name\": \"bounded\",\n  \"task\": { \"kind\": \"test_function\", "
     "\"function\": \"constrained\", \"dimensions\": 3 },\n"
     "  \"point\": { \"x1\": { \"range\": [-1, 1] }, \"x2\": { \"range\": [-1, 1] }, "
     "\"x3\": { \"same_as\": \"point.x2\" } },\n"
     "  \"objective\": { \"minimize\": \"value\" },\n  \"constraints\": [\"slack >= 0\"],\n"
     "  \"search\": { \"sampler\": \"random\", \"trials\": 60, \"seed\": 1 } }\n"},
    {"words",
     "accuracy, test_accuracy, tflite_bytes, zlib_bytes, params, nonzero_params, macs, "
     "ram_bytes",
     4, 3, true,
     "{ \"schema\": 1, \"name\": \"words\",\n"
     "  \"task\": { \"kind\": \"keywords\", \"data\": \"clips\", "
     "\"labels\": [\"go\", \"stop\", \"yes\"],\n"
     "    \"split\": { \"by\": \"file\", \"validation\": 0.2, \"test\": 0.2 } },\n"
     "  \"frontend\": { \"kind\": \"mfcc\", \"frame_length_ms\": 64, \"frame_step_ms\": 32,\n"
     "    \"mel_bins\": 20, \"lower_hz\": 20, \"upper_hz\": 4000, \"coefficients\": 8 },\n"
     "  \"model\": { \"layers\": [\n"
     "    { \"op\": \"conv2d\", \"filters\": { \"choice\": [4, 8] }, \"kernel\": [3, 3], "
     "\"stride\": [2, 2], \"bias\": false },\n"
     "    { \"op\": \"batch_norm\" }, { \"op\": \"relu\" }, { \"op\": \"global_average_pool\" },\n"
     "    { \"op\": \"dense\", \"units\": \"classes\" }, { \"op\": \"softmax\" } ] },\n" TRAIN
     "  \"quantize\": { \"choice\": [\"float32\", \"int8\"] },\n"
     "  \"objective\": { \"maximize\": \"accuracy\" },\n"
     "  \"constraints\": [\"zlib_bytes < 100000\"],\n"
     "  \"search\": { \"sampler\": \"grid\", \"seed\": 3 } }\n"},
    {"weather", "skill_mean, mae_a, rmse_b, tflite_bytes, zlib_bytes, params, macs", 4, 3, false,
     "{ \"schema\": 1, \"name\": \"weather\",\n"
     "  \"task\": { \"kind\": \"forecast\", \"data\": \"weather.csv\", \"inputs\": [\"a\", "
     "\"b\"],\n"
     "    \"targets\": { \"a\": \"a\", \"b\": \"b\" }, \"window\": 6, \"horizon\": 3 },\n"
     "  \"model\": { \"layers\": [ { \"op\": \"conv1d\", \"filters\": { \"choice\": [2, 4] }, "
     "\"kernel\": 3 },\n    { \"op\": \"relu\" }, { \"op\": \"flatten\" }, "
     "{ \"op\": \"dense\", \"units\": \"outputs\" } ] },\n"
     "  \"train\": { \"epochs\": 2, \"batch_size\": 16, \"loss\": \"absolute\",\n"
     "    \"learning_rate\": { \"schedule\": \"cosine\", \"from\": 0.02 } },\n"
     "  \"quantize\": { \"choice\": [\"float32\", \"int8\"] },\n"
     "  \"constraints\": [\"zlib_bytes < 4000\"],\n"
     "  \"search\": { \"sampler\": \"grid\", \"seed\": 5 } }\n"},
};
const int32_t sim_n_spaces = sizeof sim_spaces / sizeof *sim_spaces;
