/* search/candidate/frontend.c - the block "frontend". */
#include "search/candidate/candidate_int.h"

#include <string.h>

/* mfcc needs coefficients and log_mel has none. */
static void check_coefficients(nas_check *c, const char *path, const cJSON *v, const nas_block *b) {
    (void)b;
    const cJSON *kind = nas_json_get(v, "kind"), *n = nas_json_get(v, "coefficients");
    if (!cJSON_IsString(kind)) return;
    const char *where = nas_path_key(c->arena, path, "coefficients");
    if (strcmp(kind->valuestring, "mfcc") == 0 && !n)
        nas_check_problem(c, where, v, false, "missing; \"mfcc\" needs it");
    else if (strcmp(kind->valuestring, "log_mel") == 0 && n && !nas_is_form(n) &&
             !(cJSON_IsNumber(n) && n->valuedouble == 0))
        nas_check_problem(c, where, n, true, "belongs to \"mfcc\" only; leave it out");
}

NAS_BLOCK(frontend, "frontend", "From sound to features.", NAS_TABLES(nas_frontend_keys),
          .check = check_coefficients);
