/* search/task/keywords/metrics.c - what accuracy hides where classes are not of one size. */
#include "base/companion.h"
#include "search/space/forbid.h"
#include "search/task/keywords/keywords.h"

#include <stdlib.h>
#include <string.h>

#define SHARE .unit = NAS_UNIT_FRACTION, .selectable = true
static const nas_metric own[NAS_KEYWORDS_METRICS] = {
    [NAS_METRIC_BALANCED_ACCURACY] = {.name = "balanced_accuracy",
                                      SHARE,
                                      .bound = "balanced_accuracy" NAS_LO,
                                      .help = "mean over the classes of the share of their clips "
                                              "that is right (recall), on what accuracy is on"},
    [NAS_METRIC_WORST_RECALL] = {.name = "worst_recall",
                                 SHARE,
                                 .bound = "worst_recall" NAS_LO,
                                 .help = "lowest recall of a class"},
    [NAS_METRIC_MAJORITY] = {.name = "majority",
                             SHARE,
                             .help = "share of the commonest class: the accuracy of always "
                                     "answering it; the same for all trials"},
    [NAS_METRIC_BALANCED_ACCURACY_LO] = {.name = "balanced_accuracy" NAS_LO,
                                         SHARE,
                                         .help = "lower end of balanced_accuracy, as accuracy_lo "
                                                 "is of accuracy"},
    [NAS_METRIC_WORST_RECALL_LO] = {.name = "worst_recall" NAS_LO,
                                    SHARE,
                                    .help = "lower end of worst_recall: the lowest of the "
                                            "classes' own"},
};

const nas_metric nas_keywords_scores[NAS_METRIC_SCORES] = {
    [NAS_METRIC_SCORE] = {.name = "accuracy",
                          SHARE,
                          .bound = "accuracy" NAS_LO,
                          .help = "share of the validation set that the exported file gets right; "
                                  "with folds: of all their clips, each by the file that was made "
                                  "without its fold"},
    [NAS_METRIC_TEST_SCORE] = {.name = "test_accuracy",
                               .unit = NAS_UNIT_FRACTION,
                               .help = "the same on the test set; of the finalists only, and "
                                       "nothing selects on it"},
    [NAS_METRIC_SCORE_LO] = {.name = "accuracy" NAS_LO,
                             SHARE,
                             .help = "lower end of accuracy over other speakers, one-sided, at "
                                     "search.confidence; a constraint on accuracy is tested "
                                     "against it"},
};

nas_status nas_keywords_metrics(nas_arena *a, nas_metric_list *out, nas_err *err) {
    nas_metric *m = nas_arena_array(a, NAS_KEYWORDS_METRICS, sizeof *m, err);
    if (!m) return NAS_ENOMEM;
    memcpy(m, own, sizeof own);
    nas_task_metrics(nas_keywords_scores, m);
    *out = (nas_metric_list){NAS_KEYWORDS_METRICS, m};
    return NAS_OK;
}

/* Is it among what accuracy is on? */
static bool is_judged(const nas_dataset *d, const uint8_t *validates, int32_t clip) {
    return d->folds ? nas_keywords_of(d)->fold[clip] != NAS_TEST_FOLD : validates[clip];
}

/* How many of the judged clips are of the commonest class. */
static int32_t count_commonest(const nas_dataset *d, int32_t *label, int32_t *all) {
    const nas_clips *c = nas_clips_of(d);
    const nas_rows *v = &d->part[NAS_VALIDATION];
    int32_t *n = calloc((size_t)c->n_labels, sizeof *n);
    uint8_t *validates = calloc((size_t)c->n, 1);
    int32_t most = 0;
    *all = *label = 0;
    for (int32_t i = 0; validates && i < v->n; i++) validates[v->example[i]] = 1;
    for (int32_t i = 0; n && validates && i < c->n; i++) {
        if (!is_judged(d, validates, i)) continue;
        ++*all;
        n[c->clips[i].label]++;
    }
    for (int32_t k = 0; n && k < c->n_labels; k++)
        if (n[k] > n[*label]) *label = k;
    if (n) most = n[*label];
    free(n);
    free(validates);
    return most;
}

static bool is_of_classes(const char *metric) {
    return strncmp(metric, "balanced_accuracy", 17) == 0 ||
           strncmp(metric, "worst_recall", 12) == 0;
}

static bool asks_of_classes(const nas_space *s) {
    for (int32_t i = 0; i < nas_space_constraints(s); i++)
        if (is_of_classes(nas_space_constraint(s, i)->metric)) return true;
    for (int32_t i = 0; i < nas_space_objectives(s); i++)
        if (is_of_classes(nas_space_objective(s, i)->metric)) return true;
    return false;
}

void nas_keywords_aims(const nas_dataset *d, const nas_space *s, const nas_log *log) {
    int32_t label, all;
    const int32_t most = count_commonest(d, &label, &all);
    if (!all || asks_of_classes(s)) return;
    const double majority = (double)most / all;
    for (int32_t i = 0; i < nas_space_constraints(s); i++) {
        const nas_constraint *c = nas_space_constraint(s, i);
        const bool of_accuracy =
            strcmp(c->metric, "accuracy") == 0 || nas_companion_end(c->metric, "accuracy") < 0;
        if (!of_accuracy || nas_relation_direction(c->op) <= 0 ||
            !nas_relation_holds(c->op, majority, c->bound))
            continue;
        nas_warn(log,
                 "%s: %d of %d clips that accuracy is on are \"%s\", so always answering it has "
                 "accuracy %.4f; set a constraint on balanced_accuracy or worst_recall",
                 c->text, most, all, nas_clips_of(d)->labels[label], majority);
        return;
    }
}
