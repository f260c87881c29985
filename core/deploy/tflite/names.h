/* core/deploy/tflite/names.h - names of the TFLite schema's numbers (converter/schema/schema.fbs).
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_DEPLOY_TFLITE_NAMES_H
#define NAS_CORE_DEPLOY_TFLITE_NAMES_H

#include <stdint.h>

/* "LOGISTIC", "UINT8", "TANH" of a BuiltinOperator, TensorType or ActivationFunctionType; "of an
 * unknown number" where the schema has none. */
const char *tfl_operator_name(int32_t code);
const char *tfl_type_name(int32_t type);
const char *tfl_activation_name(int32_t activation);

#endif
