/* core/deploy/tflite/read_int.h - what the parts of the reader share.
 * Thread safety: no shared state; one thread at a time for each reader. */
#ifndef NAS_CORE_DEPLOY_TFLITE_READ_INT_H
#define NAS_CORE_DEPLOY_TFLITE_READ_INT_H

#include "core/deploy/tflite/flat_read.h"
#include "core/deploy/tflite/loose.h"

/* Why a tensor cannot be taken, should an operator name it. */
typedef enum nas_unfit {
    NAS_FIT = 0,
    NAS_UNFIT_TYPE,
    NAS_UNFIT_SPARSE,
    NAS_UNFIT_VARIABLE,
    NAS_UNFIT_RANK,
    NAS_UNFIT_QUANTISATION,
    NAS_UNFIT_PLACE
} nas_unfit;

typedef struct nas_reader {
    nas_flat_in f;
    nas_loose l; /* its arena lives as long as the reader */
    nas_flat_in_vector tensors, codes, ops;
    uint8_t *unfit, *types;  /* a nas_unfit, the file's TensorType; of each tensor */
    const uint8_t **shifted; /* of each buffer: its bytes as int8, if some tensor is uint8 */
    size_t scales;
} nas_reader;

enum { NAS_READ_NAME = 80 };

/* "tensor 3 (\"dense/MatMul\")", as far as it has a name that fits. */
const char *nas_read_tensor_text(const nas_reader *r, uint32_t number, char out[NAS_READ_NAME]);

/* The first letters of a text of the file, made visible; "" if it has none. */
const char *nas_read_text(const nas_reader *r, const nas_flat_in_table *t, uint32_t slot,
                          char out[NAS_READ_NAME]);

/* Fails if the tensor that `who` names cannot be taken. */
void nas_read_demand(nas_reader *r, int32_t number, const char *who);

/* Refuses what no operator here does, before anything else is looked at. */
void nas_read_codes(nas_reader *r);
/* Into r->l. */
void nas_read_ops(nas_reader *r);

#endif
