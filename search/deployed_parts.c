/* search/deployed_parts.c - which clips an exported model was trained on, and how it does by class.
 */
#include "search/deployed.h"

#include <math.h>
#include <string.h>

/* With folds the fingerprint is that of the folds. */
static nas_status split(const nas_deployed *d, const nas_clips *c, bool allow_missing,
                        const nas_log *log, nas_arena *a, uint8_t *parts, nas_hash *of,
                        nas_err *err) {
    const nas_split_config *by = &d->task.split;
    NAS_TRY(nas_split_make(c, by, allow_missing, log, parts, of, err));
    if (by->folds < 2) return NAS_OK;
    uint8_t *fold = nas_arena_array(a, (size_t)c->n, 1, err);
    if (!fold) return NAS_ENOMEM;
    return nas_split_folds(c, by, NULL, fold, of, err);
}

static nas_status check_part(const nas_deployed *d, const nas_clips *c, int part,
                             const uint8_t *parts, nas_err *err) {
    if (memchr(parts, part, (size_t)c->n)) return NAS_OK;
    return nas_fail(err, NAS_EINVAL, "the %s part of this model's split has no clips%s",
                    nas_part_name((nas_part)part),
                    d->task.split.folds > 1 ? "; with folds each trained net had its own" : "");
}

nas_status nas_deployed_split(const nas_deployed *d, const nas_clips *c, int part,
                              bool allow_missing, const nas_log *log, nas_arena *a, uint8_t *parts,
                              nas_parts_known *known, nas_err *err) {
    nas_hash of;
    *known = NAS_PARTS_NOT;
    if (!d->has_candidate) return NAS_OK;
    const nas_status st = split(d, c, allow_missing || part < 0, part < 0 ? NULL : log, a, parts,
                                &of, part < 0 ? NULL : err);
    if (st != NAS_OK && (part >= 0 || st == NAS_ENOMEM)) return st;
    if (st != NAS_OK) {
        memset(parts, 0, (size_t)c->n);
        return NAS_OK;
    }
    *known = d->has_data && nas_hash_equal(&of, &d->data) ? NAS_PARTS_OWN : NAS_PARTS_BY_SPLIT;
    return part < 0 ? NAS_OK : check_part(d, c, part, parts, err);
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
