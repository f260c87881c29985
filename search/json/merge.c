/* search/json/merge.c - a document with changes on it (RFC 7396, "JSON Merge Patch"). */
#include "search/json/json_int.h"

#include "base/err.h"

/* Both are objects, and from is not deeper than what was read (64). */
static bool merge(cJSON *to, const cJSON *from) {
    bool fine = true;
    for (const cJSON *x = from->child; x && fine; x = x->next) {
        cJSON *old = cJSON_GetObjectItemCaseSensitive(to, x->string);
        if (cJSON_IsNull(x)) {
            cJSON_DeleteItemFromObjectCaseSensitive(to, x->string);
        } else if (!cJSON_IsObject(x)) {
            cJSON *copy = cJSON_Duplicate(x, true);
            fine = copy && (old ? cJSON_ReplaceItemInObjectCaseSensitive(to, x->string, copy)
                                : cJSON_AddItemToObject(to, x->string, copy));
        } else {
            cJSON *inner = cJSON_IsObject(old) ? old : cJSON_CreateObject();
            if (inner && inner != old)
                fine = old ? cJSON_ReplaceItemInObjectCaseSensitive(to, x->string, inner)
                           : cJSON_AddItemToObject(to, x->string, inner);
            fine = fine && inner && merge(inner, x);
        }
    }
    return fine;
}

nas_status nas_json_merge(nas_arena *a, const cJSON *v, const cJSON *patch, char **text,
                          nas_err *err) {
    cJSON *copy = cJSON_Duplicate(v, true);
    *text = NULL;
    const bool fine = copy && (!cJSON_IsObject(copy) || merge(copy, patch));
    const nas_status st =
        fine ? nas_json_pretty(a, copy, text, err) : nas_fail(err, NAS_ENOMEM, "out of memory");
    cJSON_Delete(copy);
    return st;
}
