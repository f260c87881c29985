/* core/deploy/format_int.h - one function per number format. */
#ifndef NAS_CORE_DEPLOY_FORMAT_INT_H
#define NAS_CORE_DEPLOY_FORMAT_INT_H

#include "core/deploy/deploy.h"

typedef nas_status nas_format_fn(const nas_graph *g, const float *x, int32_t n, nas_graph *out,
                                 nas_err *err);
nas_format_fn nas_format_float32, nas_format_float16, nas_format_int8;

#endif
