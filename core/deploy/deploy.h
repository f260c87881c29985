/* core/deploy/deploy.h - from a float graph to the bytes that ship, and back: number formats, the
 * TFLite writer and reader, the interpreter of the exported file, its zlib stream and its latency.
 * Thread safety: no shared state; distinct graphs, arenas and interpreters may be used by distinct
 * threads. */
#ifndef NAS_CORE_DEPLOY_DEPLOY_H
#define NAS_CORE_DEPLOY_DEPLOY_H

#include "base/log.h"
#include "core/graph/graph.h"
#include "core/graph/rounding.h"

/* Number formats: each is one file in core/deploy/format that fills one row. Their numbers stand
 * nowhere but in memory; the words are the rows' names. The first is what is meant where none is
 * named. */
#define NAS_FORMAT_LIST(X) \
    X(FLOAT32, float32)    \
    X(FLOAT16, float16)    \
    X(DYNAMIC, dynamic)    \
    X(INT8, int8)

#define NAS_FORMAT_NUMBER(NUMBER, name) NAS_FORMAT_##NUMBER,
typedef enum nas_format { NAS_FORMAT_LIST(NAS_FORMAT_NUMBER) NAS_FORMATS } nas_format;
#undef NAS_FORMAT_NUMBER
#define NAS_FORMAT_EXACT NAS_FORMAT_FLOAT32 /* its file holds a float graph as it is */

typedef nas_status nas_format_fn(const nas_graph *g, const float *x, int32_t n, nas_graph *out,
                                 nas_err *err);

typedef struct nas_format_ops {
    const char *name;
    /* g was checked and is float32, out is empty. See nas_format_apply. */
    nas_format_fn *apply;
    nas_weight_rounding rounding; /* of weights */
    int64_t least;                /* NAS_ROUND_CODES: kernels of fewer weights stay float32 */
    bool integer;                 /* activations are int8 and sums int32 */
} nas_format_ops;

/* NULL: there is no such format. */
const nas_format_ops *nas_format_at(nas_format format);
/* Of the rows in turn; NULL at the end. */
extern const char *const nas_format_names[];

/* A folded float graph -> the graph of that number format, in out's arena (out comes from
 * nas_graph_start and is empty).
 * - float32 copies.
 * - float16: every float constant as float16 (nearest, halves to even, clamped to +-65504), which a
 *   DEQUANTIZE turns back when the model is loaded.
 * - dynamic: kernels alone as int8, with scales as those of int8.
 * - int8: full integer, int8 in and out, symmetric weights per output channel (of a FULLY_CONNECTED
 *   per tensor, unless g->dense_by_channel), asymmetric activations per tensor from the minimum and
 *   maximum over the calibration inputs (x [n][input elements]), int32 bias: TFLite's arithmetic
 *   (Jacob et al. 2018).
 * Given scales: a kernel of g with n_scale > 0 gets exactly these (codes: w / scale, halves away
 * from zero, clamped to +-127); only where all codes are 0 may int8 raise one, for the bias to fit.
 * In int8 an activation with n_scale 1 gets exactly that scale and zero point, except where the
 * runtime forces others: outputs of pools, RESHAPE and RELU6 have their input's, SOFTMAX its own.
 * The float formats drop scales. Errors: NAS_EINVAL no such format, no calibration inputs for int8,
 * not a float graph, weights or calibrated values that are not finite, scales along another axis;
 * NAS_EFORMAT g, or what was made of it, does not pass nas_graph_check; NAS_EUNSUPPORTED the
 * interpreter refuses to calibrate it; NAS_ENOMEM. *out is then not to be used. */
NAS_NODISCARD nas_status nas_format_apply(const nas_graph *g, nas_format format, const float *x,
                                          int32_t n, nas_graph *out, nas_err *err);

/* Changes the units of the activations inside an int8 graph, so that most kernels and their biases
 * have equal scales, which the file then holds once. Codes, zero points and ratios of scales stay,
 * so the outputs do (but for a multiplier's last bits); input and output keep their scales.
 * Other graphs stay as they are. New constants live in g's arena. Errors: NAS_EFORMAT g does not
 * pass nas_graph_check; NAS_ENOMEM, and g is not to be used any more. */
NAS_NODISCARD nas_status nas_int8_units(nas_graph *g, nas_err *err);

/* The graph of the file that ships: as nas_format_apply and nas_int8_units make it, but scales that
 * nobody gave to a kernel of dynamic or int8, nor to the input of int8, are raised, by 3.1 % at the
 * most, to those with 6 significant bits in the file: a compressor sees the zeros. The channels of
 * int8 stand in an order that compresses (core/deploy/format/reorder.h). Errors: those of
 * nas_format_apply; NAS_EBUG zlib failed without a reason. */
NAS_NODISCARD nas_status nas_format_ship(const nas_graph *g, nas_format format, const float *x,
                                         int32_t n, nas_graph *out, nas_err *err);

/* What a file holds for tools and people beside names of its tensors and the signature
 * "serving_default" (ports "input" and "output"). */
typedef struct nas_notes {
    const char *description; /* the model's; NULL: none */
    const char *input;       /* of the metadata: what the input is; NULL: not said */
    int32_t n_labels;        /* of the metadata: the output's classes; 0: none */
    const char *const *labels;
} nas_notes;

/* Metadata is written where its bytes are at most this part of the constants' bytes. */
enum { NAS_METADATA_PART = 32 };

/* The file. Without notes (NULL) it has nothing but what runtimes compute with. Bytes live in arena
 * a. The same graph and notes give the same bytes on every machine. Errors: NAS_EFORMAT g does not
 * pass nas_graph_check; NAS_ENOMEM, also beyond NAS_TFLITE_MOST. Then *bytes is NULL, *n 0. */
NAS_NODISCARD nas_status nas_tflite_write_noted(const nas_graph *g, const nas_notes *notes,
                                                nas_arena *a, uint8_t **bytes, size_t *n,
                                                nas_err *err);
NAS_NODISCARD nas_status nas_tflite_write(const nas_graph *g, nas_arena *a, uint8_t **bytes,
                                          size_t *n, nas_err *err);

/* The longest file that is written, in bytes. */
enum { NAS_TFLITE_MOST = 1 << 30 };

/* Every offset and size is checked against n before it is used. out comes from nas_graph_start and
 * is empty. Its constants point into bytes, which must outlive it, or lie in its arena. What
 * converters leave around a net is folded away (g->changes says what): the tensors keep the file's
 * numbers, those that nobody names are empty, made ones come after them. Errors: NAS_EFORMAT the
 * file is damaged, or its graph does not pass nas_graph_check; NAS_EUNSUPPORTED an operator or type
 * that the project lacks, by name; NAS_ENOMEM. *out is then not to be used. */
NAS_NODISCARD nas_status nas_tflite_read(const uint8_t *bytes, size_t n, nas_graph *out,
                                         nas_err *err);

/* What a bit of g->changes means to who runs the file, as half a sentence. */
const char *nas_tflite_change_text(uint32_t bit);

typedef enum nas_zlib_effort {
    NAS_ZLIB_QUICK, /* up to 3 % longer: for the bytes of files that do not ship */
    NAS_ZLIB_SHORT,
} nas_zlib_effort;

/* The zlib stream (RFC 1950) that export writes beside the file. Any zlib reader inflates it, and
 * its header asks for the smallest window that holds the file. The matches are those that cost
 * least under the codes of the blocks that they make, and blocks end where that pays; several
 * beginnings are tried. In integers: the same stream on every machine. About 0.15 s for 20 kB,
 * 1 s for 100 kB, 0.5 s for 400 kB of float32; quick a fifth of that. Bytes live in arena a.
 * Errors: NAS_EINVAL n is above UINT32_MAX / 4; NAS_ENOMEM. Then *out is NULL, *out_n 0. */
NAS_NODISCARD nas_status nas_zlib_stream(const uint8_t *bytes, size_t n, nas_zlib_effort effort,
                                         nas_arena *a, uint8_t **out, size_t *out_n, nas_err *err);

/* The length of the archive that `zip -9 model.zip model.tflite` writes of these bytes (Info-ZIP's
 * Zip 3.0 on Linux: method, extra fields and all), where the file's name has `name` bytes. zlib and
 * other zips give other lengths. Errors: NAS_EINVAL above NAS_TFLITE_MOST; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_zip_length(const uint8_t *bytes, size_t n, size_t name, size_t *out,
                                        nas_err *err);

/* The version of the zlib in use: the orders of channels that it finds short may differ from one to
 * the next. */
const char *nas_zlib_version(void);

/* The graph as C99 source that needs no runtime: model.h and model.c, texts in arena a. In int8 and
 * dynamic its outputs are the interpreter's to the bit, in float but for the order of sums; float16
 * becomes float32. Errors: NAS_EUNSUPPORTED with the operator, or what the interpreter refuses;
 * NAS_EFORMAT g does not pass nas_graph_check; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_c_source(const nas_graph *g, nas_arena *a, const char **header,
                                      const char **source, nas_err *err);

/* model_test.c, to be compiled with these two: it holds inputs (at most four, drawn from a fixed
 * seed, 8 kB with their outputs where one is not larger) and the interpreter's outputs, compares
 * them with those of model_run, says so and exits with 0 or 1. To the bit; where an operator sums
 * in float up to a share of the largest output, which is told. Lives in arena a. Errors:
 * NAS_ENOMEM, those of nas_interp_open. */
NAS_NODISCARD nas_status nas_c_test(const nas_graph *g, nas_arena *a, const char **test,
                                    nas_err *err);

/* Whose arithmetic it is, in int8 to the bit. They differ in two operators. FULLY_CONNECTED: what
 * scales its sums is an integer with tflite-micro (TensorFlow's reference before 2.20 and LiteRT's
 * before 1.3 too), a double with LiteRT's reference since then. RELU6 by itself: tflite-micro does
 * not see that input and output have other scales; those of exported files have the same. */
typedef enum nas_runtime { NAS_RUNTIME_TFLM = 0, NAS_RUNTIME_LITERT = 1 } nas_runtime;
extern const char *const nas_runtime_names[]; /* tflite-micro, litert; NULL at the end */

/* The interpreter, with tflite-micro's arithmetic or with that which is named. Borrows g, which
 * must outlive it. One interpreter is for one thread. Owner: the caller closes it. Errors:
 * NAS_EFORMAT g does not pass nas_graph_check; NAS_EUNSUPPORTED input or output is neither float32
 * nor int8 with one scale, or a step wants far more memory than the graph declares; NAS_ENOMEM,
 * also where a map with its padding is too large. Then *out is NULL. */
typedef struct nas_interp nas_interp;
NAS_NODISCARD nas_status nas_interp_open(const nas_graph *g, nas_interp **out, nas_err *err);
NAS_NODISCARD nas_status nas_interp_open_as(const nas_graph *g, nas_runtime runtime,
                                            nas_interp **out, nas_err *err);
void nas_interp_close(nas_interp *it);

/* One example in, one out: input and output elements as float. An int8 graph quantises its input
 * and dequantises its output here; the raw forms take and give the graph's own type. */
void nas_interp_run(nas_interp *it, const float *x, float *y);
void nas_interp_run_raw(nas_interp *it, const void *x, void *y);

/* The class of one example: the largest output, the lowest index among equals. *share (may be NULL)
 * is that output. */
int32_t nas_interp_class(nas_interp *it, const float *x, float *share);

/* Milliseconds of one thing done again and again: median; the ends of the 95 % interval of the
 * median; the 95th percentile of the runs. */
typedef struct nas_latency {
    double median_ms, lo_ms, hi_ms, p95_ms;
    int32_t runs;
} nas_latency;

/* Sorts n > 0 times. The interval is from the k-th shortest to the k-th longest run, with the
 * largest k for which at least k of n fair coins show heads in 97.5 % of all cases (Conover,
 * Practical Nonparametric Statistics, 3.2); below 6 runs there is none, and k is 1. The percentile
 * is the shortest run that 95 % of the runs do not exceed: number ceil(0.95 n) from below. */
void nas_latency_summarise(double *ms, int32_t n, nas_latency *out);

/* Warms up, then calls once(ctx) at least `runs` times (and at least for about 20 ms), pinned to
 * one processor for the time being. Who calls sees to it that nobody else measures. Errors:
 * NAS_EINVAL runs below 1 or above a million; NAS_ENOMEM. Then *out is all zeros. */
NAS_NODISCARD nas_status nas_latency_measure(void (*once)(void *ctx), void *ctx, int32_t runs,
                                             nas_latency *out, nas_err *err);

enum { NAS_DEPLOY_VERSION = 5 };

#endif
