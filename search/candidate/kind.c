/* search/candidate/kind.c - is it settled what task a document is about? All else is checked by the
 * task's tables: with a wrong one every key would be a problem of its own. */
#include "search/candidate/candidate_int.h"
#include "search/task/task.h"

#include <stdio.h>
#include <string.h>

enum { NAMED = 3, ROOM = 200 };

static int32_t known_keys(const nas_task_ops *t, const cJSON *task) {
    int32_t n = 0;
    for (const cJSON *k = task->child; k; k = k->next)
        n += nas_block_find(t->block, k->string) != 0;
    return n;
}

/* The first keys that only `other` knows, in quotes. */
static void list_foreign(const nas_task_ops *named, const nas_task_ops *other, const cJSON *task,
                         char out[ROOM]) {
    size_t used = 0;
    int32_t n = 0;
    out[0] = '\0';
    for (const cJSON *k = task->child; k && n < NAMED && used < ROOM; k = k->next) {
        if (nas_block_find(named->block, k->string) || !nas_block_find(other->block, k->string))
            continue;
        const int put = snprintf(out + used, ROOM - used, "%s\"%s\"", n++ ? ", " : "", k->string);
        used += put > 0 ? (size_t)put : 0;
    }
}

/* Another task whose keys these rather are; NULL: none. */
static const nas_task_ops *rather(const nas_task_ops *named, const cJSON *task) {
    const nas_task_ops *best = NULL;
    int32_t most = known_keys(named, task);
    for (int32_t i = 0; nas_task_at(i); i++) {
        const int32_t n = known_keys(nas_task_at(i), task);
        if (n <= most) continue;
        most = n;
        best = nas_task_at(i);
    }
    return best;
}

bool nas_check_kind(nas_check *c) {
    const cJSON *task = nas_json_get(c->root, "task"), *kind = nas_json_get(task, "kind");
    if (!cJSON_IsObject(task)) return true;
    const nas_task_ops *named = cJSON_IsString(kind) ? nas_task_find(kind->valuestring) : NULL;
    if (named) {
        const nas_task_ops *other = rather(named, task);
        char keys[ROOM];
        if (!other) return true;
        list_foreign(named, other, task, keys);
        nas_check_problem(c, "task.kind", kind, false,
                          "\"%s\" has no %s, which \"%s\" has; mend the kind, or the keys",
                          named->name, keys, other->name);
        return false;
    }
    const nas_key *key = nas_block_find(nas_task_at(0)->block, "kind");
    if (kind) {
        nas_check_value(c, "task.kind", kind, key);
        return false;
    }
    for (const cJSON *k = task->child; k; k = k->next) {
        static const char *const known[] = {"kind", NULL};
        if (!nas_nearest(k->string, known)) continue;
        nas_check_unknown(c, nas_path_key(c->arena, "task", k->string), k, known);
        return false;
    }
    nas_check_problem(c, "task.kind", task, false, "missing; %s", key->help);
    return false;
}
