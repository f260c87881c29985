/* search/task/keywords/audit_say.c - findings in words. */
#include "search/task/keywords/audit_int.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

nas_status nas_audit_say(const nas_auditing *w, const char *about, const char *fmt, ...) {
    char text[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    assert(w->out->n < NAS_FINDINGS_MOST);
    nas_finding *f = &w->out->v[w->out->n++];
    *f = (nas_finding){about, nas_arena_format(w->a, w->err, "%s: %s", about, text)};
    return f->text ? NAS_OK : NAS_ENOMEM;
}

int32_t nas_audit_place(const nas_auditing *w, int32_t clip) {
    const int32_t place = w->d->folds ? nas_keywords_of(w->d)->fold[clip] : w->part[clip];
    return !w->d->folds && place == NAS_NO_PART ? -1 : place;
}

const char *nas_audit_place_name(const nas_dataset *d, int32_t place, char out[48]) {
    const int32_t first =
        nas_keywords_keys(d->task)->split.by == NAS_BY_GROUPS ? 0 : 1; /* a list counts from 0 */
    if (!d->folds)
        snprintf(out, 48, "%s", nas_part_name((nas_part)place));
    else if (place == NAS_TEST_FOLD)
        snprintf(out, 48, "test");
    else if (place >= NAS_STOPPING_FOLD)
        snprintf(out, 48, "fold %d, picking epochs", place - NAS_STOPPING_FOLD + first);
    else
        snprintf(out, 48, "fold %d", place + first);
    return out;
}
