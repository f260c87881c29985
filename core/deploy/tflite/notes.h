/* core/deploy/tflite/notes.h - what a .tflite file holds for tools and people: names of tensors, a
 * signature, metadata. No runtime computes with them.
 * Thread safety: no shared state; one thread at a time for each builder.
 * Errors, where none are named: NAS_ENOMEM; *bytes is then NULL, *n 0. */
#ifndef NAS_CORE_DEPLOY_TFLITE_NOTES_H
#define NAS_CORE_DEPLOY_TFLITE_NOTES_H

#include "core/deploy/deploy.h"
#include "core/deploy/tflite/flat.h"

/* names[t] of each tensor of g: "input", "output"; "k3", "b3", "c3": kernel, bias, another constant
 * of operator 3; "t3": what it makes. 0: a tensor that no operator knows. */
void nas_notes_names(const nas_graph *g, nas_flat *f, nas_flat_ref *names);

/* The list of one signature, "serving_default", with ports of the names of input and output. */
nas_flat_ref nas_notes_signatures(const nas_graph *g, nas_flat *f);

/* The bytes of a metadata buffer (schema metadata_schema.fbs of TFLite Support, "M001"), in arena
 * a; none where the notes have nothing for it. */
nas_status nas_notes_metadata(const nas_notes *notes, nas_arena *a, uint8_t **bytes, size_t *n,
                              nas_err *err);

/* The zip archive with labels.txt that stands behind a flatbuffer of `before` bytes; none without
 * labels. */
nas_status nas_notes_archive(const nas_notes *notes, size_t before, nas_arena *a, uint8_t **bytes,
                             size_t *n, nas_err *err);

#endif
