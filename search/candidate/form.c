/* search/candidate/form.c - what is a form: an object that stands for a value that varies. */
#include "search/candidate/candidate_int.h"

#include <string.h>

static const char *const form_words[] = {"choice", "range",  "same_as", "times",
                                         "_type",  "_value", NULL};

bool nas_is_form(const cJSON *v) {
    if (!cJSON_IsObject(v)) return false;
    for (const cJSON *c = v->child; c; c = c->next)
        for (const char *const *w = form_words; *w; w++)
            if (strcmp(c->string, *w) == 0) return true;
    return false;
}

bool nas_json_has_form(const cJSON *v) {
    if (nas_is_form(v)) return true;
    for (const cJSON *c = v->child; c; c = c->next)
        if (c->child && nas_json_has_form(c)) return true;
    return false;
}

const char *nas_tie_target(const cJSON *v) {
    const cJSON *times = nas_json_get(v, "times");
    const cJSON *target = times ? times->child : nas_json_get(v, "same_as");
    return cJSON_IsString(target) ? target->valuestring : NULL;
}

const char *nas_form_name(const cJSON *v) {
    return nas_json_get(v, "times") ? "times" : "same_as";
}

/* https://nni.readthedocs.io/en/stable/hpo/search_space.html */
const char *const nas_nni_names[] = {"choice",     "randint",     "uniform", "quniform",
                                     "loguniform", "qloguniform", NULL};

int nas_nni_of(const cJSON *v) {
    const cJSON *type = nas_json_get(v, "_type");
    for (int i = 0; cJSON_IsString(type) && nas_nni_names[i]; i++)
        if (strcmp(nas_nni_names[i], type->valuestring) == 0) return i;
    return -1;
}

const cJSON *nas_choice_options(const cJSON *v) {
    return nas_nni_of(v) == NAS_NNI_CHOICE ? nas_json_get(v, "_value") : nas_json_get(v, "choice");
}

bool nas_is_range(const cJSON *v) {
    return nas_json_get(v, "range") || nas_nni_of(v) > NAS_NNI_CHOICE;
}

bool nas_has_label(const cJSON *v, const cJSON *option) {
    return nas_choice_options(v) && cJSON_IsString(nas_json_get(option, "_name"));
}

bool nas_are_options(const cJSON *options) {
    return cJSON_IsArray(options) || cJSON_IsObject(options);
}
