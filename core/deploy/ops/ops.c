/* core/deploy/ops/ops.c - the table of operators. */
#include "core/deploy/ops/op.h"

#define ROW(NAME, name, code) extern const nas_deploy_op nas_deploy_##name;
NAS_OP_LIST(ROW)
#undef ROW

#define ROW(NAME, name, code) [NAS_OP_##NAME] = &nas_deploy_##name,
static const nas_deploy_op *const rows[] = {NAS_OP_LIST(ROW)};
#undef ROW

const nas_deploy_op *nas_deploy_op_of(int32_t code) {
    return code >= 0 && code < (int32_t)(sizeof rows / sizeof *rows) ? rows[code] : NULL;
}
