/* search/candidate/rate.c - train.learning_rate: a number, or a schedule. */
#include "search/candidate/candidate_int.h"

#include <string.h>

static bool may_lack(const cJSON *v, const char *key) {
    const cJSON *schedule = nas_json_get(v, "schedule");
    return cJSON_IsString(schedule) && strcmp(schedule->valuestring, "constant") == 0 &&
           strcmp(key, "from") != 0;
}

NAS_BLOCK(schedule, "train.learning_rate as an object", "A rate over all steps.",
          NAS_TABLES(nas_schedule_keys), .may_lack = may_lack);

void nas_check_rate(nas_check *c, const char *path, const cJSON *v) {
    const nas_key *from = nas_block_find(&nas_block_schedule, "from");
    if (!cJSON_IsObject(v)) {
        nas_check_value(c, path, v, from);
        return;
    }
    nas_check_block(c, path, v, &nas_block_schedule);
    const cJSON *kind = nas_json_get(v, "schedule");
    if (!cJSON_IsString(kind)) return;
    const bool constant = strcmp(kind->valuestring, "constant") == 0;
    const bool polynomial = strcmp(kind->valuestring, "polynomial") == 0;
    for (const cJSON *k = v->child; k; k = k->next)
        if ((constant && strcmp(k->string, "to") == 0) ||
            (!polynomial && strcmp(k->string, "power") == 0))
            nas_check_problem(c, nas_path_key(c->arena, path, k->string), k, true,
                              "belongs to other schedules than \"%s\"; leave it out",
                              kind->valuestring);
    if (strcmp(kind->valuestring, "exponential") == 0 && !nas_json_get(v, "to"))
        nas_check_problem(c, nas_path_key(c->arena, path, "to"), v, false,
                          "missing; \"exponential\" needs it, above 0");
}
