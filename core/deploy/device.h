/* core/deploy/device.h - the text for who puts a file on a device.
 * Thread safety: no shared state. */
#ifndef NAS_CORE_DEPLOY_DEVICE_H
#define NAS_CORE_DEPLOY_DEVICE_H

#include "core/graph/graph.h"

/* DEVICE.md of an exported folder: input, output, operators, RAM, and where the file runs. g: of
 * the file. The text lives in arena a. Errors: NAS_EFORMAT g does not pass nas_graph_check;
 * NAS_ENOMEM. Then *out is NULL. */
NAS_NODISCARD nas_status nas_device_text(const nas_graph *g, nas_arena *a, const char **out,
                                         nas_err *err);

#endif
