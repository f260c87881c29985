/* search/task/keywords/audit_int.h - between the files that make up audit.h.
 * Thread safety: no shared state; one thread at a time for each audit.
 * Errors, where none are named: NAS_ENOMEM. */
#ifndef NAS_SEARCH_TASK_KEYWORDS_AUDIT_INT_H
#define NAS_SEARCH_TASK_KEYWORDS_AUDIT_INT_H

#include "search/task/keywords/audit.h"
#include "search/task/keywords/keywords.h"

typedef struct nas_auditing {
    const nas_dataset *d;
    const nas_traits *t;    /* [clips] */
    const uint8_t *part;    /* [clips] nas_part, or NAS_NO_PART */
    const int32_t *speaker; /* [clips] index into speakers, by name */
    const char *const *speakers;
    nas_arena *a;
    nas_audit *out;
    nas_err *err;
} nas_auditing;

/* audit_say.c, as are the places below. Adds a finding: `about`, a colon, and what follows. */
NAS_NODISCARD nas_status nas_audit_say(const nas_auditing *w, const char *about, const char *fmt,
                                       ...) NAS_PRINTF(3, 4);

static inline bool nas_audit_is_constant(const nas_auditing *w, int32_t clip) {
    return w->t[clip].still == nas_clips_of(w->d)->clips[clip].samples;
}

/* Where the split put a clip: a part, or with folds a fold; -1: nowhere. And its name. */
int32_t nas_audit_place(const nas_auditing *w, int32_t clip);
const char *nas_audit_place_name(const nas_dataset *d, int32_t place, char out[48]);

/* Their findings, and what of nas_audit is theirs. */
nas_status nas_audit_classes(const nas_auditing *w);     /* audit_classes.c */
nas_status nas_audit_copies(const nas_auditing *w);      /* audit_copies.c */
nas_status nas_audit_speakers(const nas_auditing *w);    /* audit_copies.c */
nas_status nas_audit_differences(const nas_auditing *w); /* audit_traits.c */

#endif
