/* core/deploy/tflite/read_parts.c - texts of a file, and tensors that an operator cannot do
 * without.
 */
#include "base/text/visible.h"
#include "core/deploy/tflite/names.h"
#include "core/deploy/tflite/read_int.h"
#include "core/deploy/tflite/tflite.h"

#include <stdio.h>
#include <string.h>

const char *nas_read_tensor_text(const nas_reader *r, uint32_t number, char out[NAS_READ_NAME]) {
    nas_flat_in quiet = {.p = r->f.p, .n = r->f.n};
    char name[NAS_READ_NAME] = "";
    if (number < r->tensors.count) {
        const nas_flat_in_table t = nas_flat_item_table(&quiet, &r->tensors, number);
        if (quiet.status == NAS_OK) (void)nas_read_text(r, &t, TFL_TENSOR_NAME, name);
    }
    if (*name)
        snprintf(out, NAS_READ_NAME, "tensor %u (\"%.50s\")", number, name);
    else
        snprintf(out, NAS_READ_NAME, "tensor %u", number);
    return out;
}

const char *nas_read_text(const nas_reader *r, const nas_flat_in_table *t, uint32_t slot,
                          char out[NAS_READ_NAME]) {
    nas_flat_in quiet = {.p = r->f.p, .n = r->f.n};
    char text[NAS_READ_NAME / 2] = "";
    const nas_flat_in_vector v = nas_flat_field_vector(&quiet, t, slot, 1);
    const size_t n = v.count < sizeof text - 1 ? v.count : sizeof text - 1;
    out[0] = '\0';
    if (quiet.status != NAS_OK || v.count == 0) return out;
    memcpy(text, r->f.p + v.at, n);
    size_t used = 0;
    for (const char *s = text; *s;) {
        char shown[NAS_VISIBLE];
        s += nas_visible(s, shown);
        if (used + strlen(shown) >= NAS_READ_NAME) break;
        memcpy(out + used, shown, strlen(shown) + 1);
        used += strlen(shown);
    }
    return out;
}

void nas_read_demand(nas_reader *r, int32_t number, const char *who) {
    char text[NAS_READ_NAME];
    const nas_unfit why =
        number >= 0 && number < r->l.n_read ? (nas_unfit)r->unfit[number] : NAS_FIT;
    const char *what = NULL;
    if (number < 0 || number >= r->l.n_read) {
        nas_flat_fail(&r->f, NAS_EFORMAT, "%s names tensor %d of %d", who, number, r->l.n_read);
        return;
    }
    switch (why) {
    case NAS_FIT: return;
    case NAS_UNFIT_TYPE: what = tfl_type_name(r->types[number]); break;
    case NAS_UNFIT_SPARSE: what = "sparse"; break;
    case NAS_UNFIT_VARIABLE: what = "a variable"; break;
    case NAS_UNFIT_RANK: what = "of more than 4 dimensions"; break;
    case NAS_UNFIT_QUANTISATION: what = "quantised in a way of its own"; break;
    case NAS_UNFIT_PLACE: what = "stored outside the flatbuffer"; break;
    }
    nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "%s: %s is %s, which nas does not run", who,
                  nas_read_tensor_text(r, (uint32_t)number, text), what);
}
