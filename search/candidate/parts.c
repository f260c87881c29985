/* search/candidate/parts.c - parts of a candidate that are read without the rest of it. */
#include "search/candidate/candidate_int.h"

#include <string.h>

const char *const nas_crop_words[] = {"start", "centre", "loudest", NULL}; /* by nas_crop */

static void start_check(nas_check *c, nas_arena *a, const nas_json *j, nas_problems *p) {
    c->arena = a;
    c->j = j;
    c->p = p;
    c->root = nas_json_root(j);
    c->candidate = true;
}

static nas_status read_task(nas_arena *a, const nas_json *j, nas_task *out, nas_err *err) {
    nas_problems p = {.arena = a};
    nas_check *c = nas_arena_alloc(a, sizeof *c, err);
    if (!c) return NAS_ENOMEM;
    start_check(c, a, j, &p);
    nas_check_document(c);
    NAS_TRY(nas_problems_end(&p, err));
    return nas_task_build(a, c->root, out, err);
}

nas_status nas_candidate_task(nas_arena *a, const char *path, nas_task *out, nas_err *err) {
    nas_json *j = NULL;
    NAS_TRY(nas_json_open(a, path, &j, err));
    const nas_status st = read_task(a, j, out, err);
    nas_json_close(j);
    return st;
}

nas_status nas_frontend_decode(nas_arena *a, const nas_json *j, nas_frontend_config *out,
                               nas_hearing *hearing, nas_err *err) {
    nas_problems p = {.arena = a};
    nas_check *c = nas_arena_alloc(a, sizeof *c, err);
    if (!c) return NAS_ENOMEM;
    start_check(c, a, j, &p);
    for (const nas_key *k = nas_frontend_keys; k->name; k++) {
        const cJSON *v = nas_json_get(c->root, k->name);
        if (v)
            nas_check_value(c, k->name, v, k);
        else if (!k->def)
            nas_problem(&p, j, c->root, false, k->name, "missing; frontend.json has it");
    }
    const cJSON *seconds = nas_json_get(c->root, "clip_seconds");
    if (!cJSON_IsNumber(seconds) || !(seconds->valuedouble > 0 && seconds->valuedouble <= 3600))
        nas_problem(&p, j, seconds, false, "clip_seconds", "expected a number of seconds");
    const cJSON *crop = nas_json_get(c->root, "crop");
    int32_t word = NAS_CROP_START;
    if (cJSON_IsString(crop))
        while (nas_crop_words[word] && strcmp(nas_crop_words[word], crop->valuestring) != 0) word++;
    if (crop && (!cJSON_IsString(crop) || !nas_crop_words[word]))
        nas_problem(&p, j, crop, false, "crop", "expected \"start\", \"centre\" or \"loudest\"");
    NAS_TRY(nas_problems_end(&p, err));
    *hearing = (nas_hearing){.seconds = seconds->valuedouble, .crop = (nas_crop)word};
    return nas_keys_build(a, nas_frontend_keys, c->root, 0, out, err);
}
