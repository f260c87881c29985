/* search/candidate/document.c - a whole document is checked. */
#include "search/candidate/candidate_int.h"
#include "store/store.h"

/* The name becomes that of a view in the database. */
static void check_name(nas_check *c) {
    const cJSON *name = nas_json_get(c->root, "name");
    nas_err err = {0};
    if (!c->space || !cJSON_IsString(name) || !*name->valuestring) return;
    if (nas_store_check_name(name->valuestring, &err) != NAS_OK)
        nas_check_problem(c, "name", name, false, "%.600s", err.text);
}

bool nas_check_document(nas_check *c) {
    c->budget = 2000000;
    c->value = nas_check_value;
    if (cJSON_IsObject(c->root) && !nas_check_kind(c)) return false;
    nas_check_block(c, "", c->root, &nas_block_top);
    if (!cJSON_IsObject(c->root)) return false;
    check_name(c);
    return true;
}
