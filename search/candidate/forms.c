/* search/candidate/forms.c - what stands for a value that varies: choice, range, same_as, times. */
#include "search/candidate/candidate_int.h"

#include <stdio.h>
#include <string.h>

enum { SUGGESTIONS_MOST = 64 }; /* that are worth their search */

/* same_as, times */

static bool fits_taken(const nas_check *c, const nas_found *f) {
    for (int32_t i = 0; i < f->n_taken; i++)
        for (int32_t k = 0; k < c->n_taken; k++)
            if (f->taken[i].choice == c->taken[k].choice &&
                f->taken[i].option != c->taken[k].option)
                return false;
    return true;
}

typedef struct follower {
    nas_check *c;
    const char *path;
    nas_check_fn fn;
    const void *arg;
    int32_t found, fitting;
} follower;

static void follow(void *ctx, const nas_found *f) {
    follower *w = ctx;
    nas_check *c = w->c;
    w->found++;
    if (!fits_taken(c, f)) return;
    w->fitting++;
    for (int32_t i = 0; i < c->n_following; i++)
        if (c->following[i] == f->v) {
            nas_problem(c->p, c->j, c->at, false, w->path, "%s comes back to itself",
                        nas_form_name(c->at));
            return;
        }
    if (c->n_taken + f->n_taken > NAS_TAKEN_MOST) return;
    memcpy(c->taken + c->n_taken, f->taken, (size_t)f->n_taken * sizeof *f->taken);
    c->n_taken += f->n_taken;
    nas_check_any(c, w->path, f->v, w->fn, w->arg);
    c->n_taken -= f->n_taken;
}

static void follow_path(nas_check *c, const char *path, const cJSON *v, const cJSON *target,
                        nas_check_fn fn, const void *arg) {
    for (int32_t i = 0; i < c->n_following; i++)
        if (c->following[i] == v) {
            const cJSON *at = c->at ? c->at : v;
            nas_problem(c->p, c->j, at, false, path, "%s comes back to itself", nas_form_name(at));
            return;
        }
    if (c->n_following == NAS_JSON_DEPTH) {
        nas_check_problem(c, path, v, false, "more than %d same_as in a row", NAS_JSON_DEPTH);
        return;
    }
    follower w = {.c = c, .path = path, .fn = fn, .arg = arg};
    const cJSON *outer = c->at;
    if (!c->at) c->at = v;
    c->following[c->n_following++] = v;
    c->budget -= nas_find_path(c->arena, c->root, target->valuestring, follow, &w);
    c->n_following--;
    c->at = outer;
    if (w.fitting) return;
    if (!w.found && !c->paths) c->paths = nas_all_paths(c->arena, c->root);
    const bool search = !w.found && c->p->n < SUGGESTIONS_MOST;
    const char *near = search ? nas_nearest(target->valuestring, c->paths) : NULL;
    if (near)
        nas_check_problem(c, path, target, false,
                          "no value has the path \"%.100s\"; did you mean "
                          "\"%s\"?",
                          target->valuestring, near);
    else
        nas_check_problem(c, path, target, false,
                          w.found
                              ? "\"%.100s\" is absent whenever this stands"
                              : "no value has the path \"%.100s\"; keys left out cannot be named",
                          target->valuestring);
}

static void check_same(nas_check *c, const char *path, const cJSON *v, nas_check_fn fn,
                       const void *arg) {
    const cJSON *target = nas_json_get(v, "same_as");
    if (!cJSON_IsString(target) || !*target->valuestring)
        nas_check_problem(c, path, target, false, "expected {\"same_as\": \"path\"}");
    else
        follow_path(c, path, v, target, fn, arg);
}

static void check_times(nas_check *c, const char *path, const cJSON *v, nas_check_fn fn,
                        const void *arg) {
    static const nas_key any = {.name = "times", .kind = NAS_KEY_FLOAT, .lo = -1e15, .hi = 1e15};
    const cJSON *list = nas_json_get(v, "times");
    const cJSON *target = cJSON_IsArray(list) ? list->child : NULL;
    if (!target || cJSON_GetArraySize(list) != 2 || !cJSON_IsString(target) ||
        !*target->valuestring || !cJSON_IsNumber(target->next)) {
        nas_check_problem(c, path, list, false, "expected {\"times\": [\"path\", number]}");
        return;
    }
    const nas_key *k = nas_number_key(c, fn, arg);
    if (!k) {
        nas_check_problem(c, path, v, false,
                          "times stands for a number, and none is expected here");
        return;
    }
    if (k->kind == NAS_KEY_INT) nas_note_integer(c, v);
    follow_path(c, path, v, target, c->value, &any);
}

/* Forms */

static bool check_form_keys(nas_check *c, const char *path, const cJSON *v) {
    static const char *const choice[] = {"choice", NULL}, *const same[] = {"same_as", NULL};
    static const char *const range[] = {"range", "step", "log", NULL};
    static const char *const times[] = {"times", NULL}, *const nni[] = {"_type", "_value", NULL};
    const bool is_nni = nas_json_get(v, "_type") || nas_json_get(v, "_value");
    const char *const *known = is_nni                      ? nni
                               : nas_json_get(v, "choice") ? choice
                               : nas_json_get(v, "range")  ? range
                               : nas_json_get(v, "times")  ? times
                                                           : same;
    bool good = true;
    for (const cJSON *x = v->child; x; x = x->next) {
        bool found = false;
        for (const char *const *k = known; *k; k++) found = found || strcmp(*k, x->string) == 0;
        if (found) continue;
        nas_check_unknown(c, nas_path_key(c->arena, path, x->string), x, known);
        good = false;
    }
    return good && (!is_nni || nas_check_nni(c, path, v));
}

bool nas_is_label(const nas_check *c, const cJSON *v, const cJSON *x) {
    return v == c->labelled && strcmp(x->string, "_name") == 0;
}

static void check_choice(nas_check *c, const char *path, const cJSON *v, nas_check_fn fn,
                         const void *arg) {
    const cJSON *options = nas_choice_options(v);
    if (!nas_are_options(options) || !options->child) {
        nas_check_problem(
            c, path, options, false,
            "expected %s [value, ...]} or {\"label\": value, ...} with at least one value",
            nas_json_get(v, "choice") ? "{\"choice\":" : "{\"_type\": \"choice\", \"_value\":");
        return;
    }
    if (cJSON_IsObject(options) && !nas_check_options(c, path, options)) return;
    if (c->n_taken == NAS_TAKEN_MOST) {
        nas_check_problem(c, path, v, false, "choices nested too deep");
        return;
    }
    int32_t i = 0;
    for (const cJSON *o = options->child; o; o = o->next, i++) {
        c->taken[c->n_taken++] = (nas_taken){.choice = v, .option = i};
        if (nas_has_label(v, o)) c->labelled = o;
        nas_check_any(c, path, o, fn, arg);
        c->n_taken--;
    }
}

void nas_check_any(nas_check *c, const char *path, const cJSON *v, nas_check_fn fn,
                   const void *arg) {
    if (c->budget-- <= 0) {
        if (!c->spent) nas_check_problem(c, path, v, false, "too large once same_as is followed");
        c->spent = true;
        return;
    }
    if (!nas_is_form(v)) {
        fn(c, path, v, arg);
        return;
    }
    if (!c->choices) {
        const char *target = c->candidate ? nas_tie_target(v) : NULL;
        if (target) /* what a point leaves in place of a value that it lacks */
            nas_check_problem(c, path, v, false, "%s \"%.200s\": no such value in this point",
                              nas_form_name(v), target);
        else
            nas_check_problem(c, path, v, false, "a choice cannot stand here; expected one value");
        return;
    }
    if (!check_form_keys(c, path, v)) return;
    if (nas_choice_options(v))
        check_choice(c, path, v, fn, arg);
    else if (nas_is_range(v))
        nas_check_range(c, path, v, fn, arg);
    else if (nas_json_get(v, "times"))
        check_times(c, path, v, fn, arg);
    else
        check_same(c, path, v, fn, arg);
}
