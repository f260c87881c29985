/* search/keywords_metrics.c - what accuracy hides where classes are not of one size. */
#include "search/task_keywords.h"

#include <string.h>

#define SHARE .unit = "fraction", .selectable = true
static const nas_metric own[NAS_KEYWORDS_METRICS] = {
    [NAS_METRIC_BALANCED_ACCURACY] = {.name = "balanced_accuracy",
                                      SHARE,
                                      .bound = "balanced_accuracy_lo",
                                      .help = "mean over the classes of the share of their clips "
                                              "that is right (recall), on what accuracy is on"},
    [NAS_METRIC_WORST_RECALL] = {.name = "worst_recall",
                                 SHARE,
                                 .bound = "worst_recall_lo",
                                 .help = "lowest recall of a class"},
    [NAS_METRIC_MAJORITY] = {.name = "majority",
                             SHARE,
                             .help = "share of the commonest class: the accuracy of always "
                                     "answering it; the same for all trials"},
    [NAS_METRIC_BALANCED_ACCURACY_LO] = {.name = "balanced_accuracy_lo",
                                         SHARE,
                                         .help = "lower end of balanced_accuracy, as accuracy_lo "
                                                 "is of accuracy"},
    [NAS_METRIC_WORST_RECALL_LO] = {.name = "worst_recall_lo",
                                    SHARE,
                                    .help = "lower end of worst_recall: the lowest of the "
                                            "classes' own"},
};

nas_status nas_keywords_metrics(nas_arena *a, nas_metric_list *out, nas_err *err) {
    nas_metric *m = nas_arena_array(a, NAS_KEYWORDS_METRICS, sizeof *m, err);
    if (!m) return NAS_ENOMEM;
    memcpy(m, own, sizeof own);
    memcpy(m, nas_metrics, sizeof nas_metrics);
    *out = (nas_metric_list){NAS_KEYWORDS_METRICS, m};
    return NAS_OK;
}
