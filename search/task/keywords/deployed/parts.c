/* search/task/keywords/deployed/parts.c - which clips an exported model was trained on, and how it
 * does by class.
 */
#include "search/task/keywords/deployed/deployed.h"

#include "core/data/clips/cuts.h"

#include <math.h>
#include <string.h>

/* The parts as the model that ships knew them: whoever had a say in its training is no judge. */
static nas_status deal(const nas_deployed *d, nas_clips *c, bool allow_missing, int part,
                       const nas_log *log, nas_arena *a, nas_dealt *out, nas_err *err) {
    NAS_TRY(
        nas_clips_deal(c, &d->task.split, allow_missing, part < 0 ? NULL : log, log, a, out, err));
    for (int32_t i = 0; out->fold && i < c->n; i++)
        if (out->part[i] == NAS_VALIDATION) out->part[i] = NAS_TRAIN;
    return NAS_OK;
}

static nas_status check_part(const nas_deployed *d, const nas_clips *c, int part,
                             const uint8_t *parts, nas_err *err) {
    if (memchr(parts, part, (size_t)c->n)) return NAS_OK;
    return nas_fail(err, NAS_EINVAL, "the %s of this model's split has no clips%s",
                    nas_part_set((nas_part)part),
                    d->task.split.folds > 1 ? "; with folds each trained net had its own" : "");
}

/* No part is known: silence is cut from all recordings. */
static nas_status without_parts(nas_clips *c, const nas_log *log, nas_arena *a,
                                const uint8_t **parts, nas_err *err) {
    NAS_TRY(nas_cuts_add(c, false, log, NULL, err));
    *parts = nas_arena_array(a, (size_t)c->n, 1, err);
    return *parts ? NAS_OK : NAS_ENOMEM;
}

nas_status nas_deployed_split(const nas_deployed *d, nas_clips *c, int part, bool allow_missing,
                              const nas_log *log, nas_arena *a, const uint8_t **parts,
                              nas_parts_known *known, nas_err *err) {
    nas_dealt dealt = {0};
    *known = NAS_PARTS_NOT;
    if (!d->has_candidate) return without_parts(c, log, a, parts, err);
    const nas_status st = deal(d, c, allow_missing || part < 0, part, log, a, &dealt, err);
    if (st != NAS_OK && (part >= 0 || st == NAS_ENOMEM || st == NAS_ESTOP)) return st;
    if (st != NAS_OK) return without_parts(c, log, a, parts, err);
    *parts = dealt.part;
    *known = d->has_data && nas_hash_equal(&dealt.fingerprint, &d->data) ? NAS_PARTS_OWN
                                                                         : NAS_PARTS_BY_SPLIT;
    return part < 0 ? NAS_OK : check_part(d, c, part, *parts, err);
}

void nas_deployed_classes(const nas_deployed *d, nas_verdict *v) {
    int32_t most = 0;
    double sum = 0;
    v->worst = (double)NAN;
    for (int32_t i = 0; i < d->n_labels; i++) {
        const int32_t *row = v->confusion + (size_t)i * (size_t)d->n_labels;
        int32_t n = 0;
        for (int32_t k = 0; k < d->n_labels; k++) n += row[k];
        if (!n) continue;
        const double recall = (double)row[i] / n;
        if (!v->of_class++ || recall < v->worst) {
            v->worst = recall;
            v->worst_class = i;
        }
        sum += recall;
        if (n > most) most = n;
    }
    v->balanced = v->of_class ? sum / v->of_class : (double)NAN;
    v->majority = v->n ? (double)most / v->n : (double)NAN;
}
