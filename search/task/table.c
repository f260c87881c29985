/* search/task/table.c - the table of tasks. */
#include "search/task/task.h"

#include <string.h>

#define ROW(x) &nas_task_##x,
static const nas_task_ops *const rows[] = {NAS_TASK_LIST(ROW) NULL};
#undef ROW

#define NAME(x) #x,
const char *const nas_task_kinds[] = {NAS_TASK_LIST(NAME) NULL};
#undef NAME

const nas_task_ops *nas_task_at(int32_t i) {
    return i >= 0 && i < (int32_t)(sizeof rows / sizeof *rows) ? rows[i] : NULL;
}

const nas_task_ops *nas_task_find(const char *name) {
    for (int32_t i = 0; rows[i]; i++)
        if (strcmp(rows[i]->name, name) == 0) return rows[i];
    return NULL;
}

bool nas_task_has_net(const char *name) {
    const nas_task_ops *ops = nas_task_find(name);
    return !ops || !ops->evaluate;
}

const nas_task_ops *nas_task_of(const cJSON *document) {
    const cJSON *task = cJSON_GetObjectItemCaseSensitive(document, "task");
    const cJSON *kind = cJSON_GetObjectItemCaseSensitive(task, "kind");
    const nas_task_ops *found = cJSON_IsString(kind) ? nas_task_find(kind->valuestring) : NULL;
    return found ? found : rows[0];
}
