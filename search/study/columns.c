/* search/study/columns.c - metrics of a stored study, by their names. */
#include "search/study/columns.h"

#include "search/candidate/candidate.h"
#include "search/task/task.h"

#include <string.h>

static const nas_column *column_of(const nas_study *study, const char *name) {
    for (int32_t i = 0; i < study->n_metrics; i++)
        if (strcmp(study->metrics[i].name, name) == 0) return &study->metrics[i];
    return NULL;
}

bool nas_study_has(const nas_study *study, const char *metric) {
    return column_of(study, metric) != NULL;
}

const char *nas_study_score(const nas_study *study) {
    const nas_task_ops *task = nas_task_find(study->task);
    return task && nas_study_has(study, task->listed[0]) ? task->listed[0] : study->metrics[0].name;
}

/* "mae_*" fits all that begin so. */
static bool fits(const char *pattern, const char *name) {
    const size_t n = strlen(pattern);
    return n && pattern[n - 1] == '*' ? !strncmp(pattern, name, n - 1) : !strcmp(pattern, name);
}

bool nas_study_lists(const nas_study *study, const char *metric) {
    const nas_task_ops *task = nas_task_find(study->task);
    if (!task) return strcmp(metric, nas_study_score(study)) == 0;
    for (const char *const *l = task->listed; *l; l++)
        if (fits(*l, metric)) return true;
    return false;
}

const char *nas_study_listed(const nas_study *study, int32_t i) {
    const nas_task_ops *task = nas_task_find(study->task);
    for (int32_t k = 0; k < study->n_metrics; k++)
        if (nas_study_lists(study, study->metrics[k].name) && i-- == 0)
            return study->metrics[k].name;
    if (task && !(task->has & NAS_HAS_NET)) return NULL;
    for (int k = 0; k < NAS_METRIC_COUNT; k++)
        if (nas_metrics[k].listed && nas_study_has(study, nas_metrics[k].name) && i-- == 0)
            return nas_metrics[k].name;
    return NULL;
}

nas_metric nas_study_metric(const nas_study *study, const char *name) {
    const nas_task_ops *task = nas_task_find(study->task);
    for (int i = 0; task && i < NAS_METRIC_SCORES; i++)
        if (strcmp(task->scores[i].name, name) == 0) return task->scores[i];
    const int m = nas_metric_find(name);
    if (m >= 0) return nas_metrics[m];
    const nas_column *c = column_of(study, name);
    return (nas_metric){.name = name,
                        .unit = NAS_UNIT_NONE,
                        .help = "",
                        .integer = c && c->type == NAS_COLUMN_INTEGER};
}
