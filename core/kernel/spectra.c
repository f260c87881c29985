/* core/kernel/spectra.c - the choice of a row. */
#include "core/kernel/spectra.h"

#include "core/kernel/infer.h"

#include <string.h>

static const nas_spectra *const rows[] = {
    &nas_spectra_generic,
#ifdef __x86_64__
    &nas_spectra_avx2,
    &nas_spectra_avx512,
#endif
};

const nas_spectra *nas_spectra_find(const char *name) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i]->name, name) == 0) return nas_infer_find(name) ? rows[i] : NULL;
    return NULL;
}

/* The reference row has the vectors that every processor has. */
const nas_spectra *nas_spectra_choose(void) {
    const nas_spectra *row = nas_spectra_find(nas_infer_choose()->name);
    return row ? row : &nas_spectra_generic;
}
