/* search/candidate/range.c - numbers that vary: ranges, and NNI's names for them and for choices.
 * https://nni.readthedocs.io/en/stable/hpo/search_space.html */
#include "search/candidate/candidate_int.h"

#include <math.h>
#include <string.h>

/* They have no ends, so a point could not be told from an error. */
static const char *const nni_endless[] = {"normal", "qnormal", "lognormal", "qlognormal", NULL};

bool nas_check_nni(nas_check *c, const char *path, const cJSON *v) {
    const cJSON *type = nas_json_get(v, "_type"), *value = nas_json_get(v, "_value");
    if (type && value && nas_nni_of(v) >= 0) return true;
    char got[48];
    nas_json_show(type, got);
    if (!cJSON_IsString(type)) {
        nas_check_problem(
            c, path, type ? type : v, false,
            "expected {\"_type\": \"uniform\", \"_value\": [low, high]} or another of "
            "NNI's types");
    } else if (nas_word_in(type->valuestring, nni_endless)) {
        nas_check_problem(c, path, type, false,
                          "%s has no ends, and every number here has; take \"uniform\" or "
                          "\"loguniform\"",
                          got);
    } else if (nas_nni_of(v) < 0) {
        const char *near = nas_nearest(type->valuestring, nas_nni_names);
        nas_check_problem(c, path, type, false,
                          "expected \"choice\", \"randint\", \"uniform\", \"quniform\", "
                          "\"loguniform\" or \"qloguniform\", got %s%s%s%s",
                          got, near ? "; did you mean \"" : "", near ? near : "",
                          near ? "\"?" : "");
    } else {
        nas_check_problem(c, path, v, false, "\"_value\" is missing beside \"_type\"");
    }
    return false;
}

static bool range_fail(nas_check *c, const char *path, const cJSON *v, const char *what) {
    if (c) nas_check_problem(c, path, v, false, "%s", what);
    return false;
}

/* The numbers of a list that must have n of them, into out. */
static bool read_numbers(const cJSON *list, int n, double *out) {
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != n) return false;
    for (const cJSON *x = list->child; x; x = x->next) {
        if (!cJSON_IsNumber(x)) return false;
        *out++ = x->valuedouble;
    }
    return true;
}

static bool is_multiple(double v, double q) {
    return fabs(v / q - floor(v / q + 0.5)) < 1e-9;
}

/* NNI rounds to multiples of q and cuts at the ends; what that gives is a range with a step where
 * both ends are such multiples. */
static bool read_nni(nas_check *c, const char *path, const cJSON *v, nas_range *out) {
    const int type = nas_nni_of(v);
    const bool quantized = type == NAS_NNI_QUNIFORM || type == NAS_NNI_QLOG;
    const cJSON *value = nas_json_get(v, "_value");
    double x[3] = {0};
    if (!read_numbers(value, quantized ? 3 : 2, x))
        return range_fail(c, path, value,
                          quantized ? "expected \"_value\": [low, high, q], three numbers"
                                    : "expected \"_value\": [low, high], two numbers");
    *out = (nas_range){.lo = x[0], .hi = x[1], .log = type == NAS_NNI_LOG || type == NAS_NNI_QLOG};
    if (type == NAS_NNI_RANDINT) {
        if (floor(x[0]) != x[0] || floor(x[1]) != x[1])
            return range_fail(c, path, value, "expected integers for randint");
        if (!(x[0] < x[1]))
            return range_fail(c, path, value,
                              "randint leaves its upper end out, so it must be above the lower");
        out->hi -= 1;
        out->step = 1;
    }
    if (!quantized) return true;
    if (!(x[2] > 0)) return range_fail(c, path, value, "expected a q above 0");
    if (!is_multiple(x[0], x[2]) || !is_multiple(x[1], x[2]))
        return range_fail(c, path, value, "expected low and high to be multiples of q");
    out->step = x[2];
    return true;
}

static bool read_own(nas_check *c, const char *path, const cJSON *v, nas_range *out) {
    const cJSON *ends = nas_json_get(v, "range"), *step = nas_json_get(v, "step");
    const cJSON *log_key = nas_json_get(v, "log");
    double x[2];
    if (!read_numbers(ends, 2, x))
        return range_fail(c, path, ends, "expected {\"range\": [low, high]}, two numbers");
    out->lo = x[0];
    out->hi = x[1];
    if (step) {
        if (!cJSON_IsNumber(step) || !(step->valuedouble > 0))
            return range_fail(c, path, step, "expected a step above 0");
        out->step = step->valuedouble;
    }
    if (log_key) {
        if (!cJSON_IsBool(log_key))
            return range_fail(c, path, log_key, "expected true or false for log");
        out->log = cJSON_IsTrue(log_key);
    }
    if (out->log && step)
        return range_fail(c, path, step, "step and log exclude each other; leave one out");
    return true;
}

bool nas_range_read(nas_check *c, const char *path, const cJSON *v, nas_range *out) {
    const cJSON *own = nas_json_get(v, "range");
    const cJSON *ends = own ? own : nas_json_get(v, "_value");
    *out = (nas_range){0};
    if (!(own ? read_own(c, path, v, out) : read_nni(c, path, v, out))) return false;
    if (out->lo > out->hi)
        return range_fail(c, path, ends, "the range's low end is above its high end");
    if (out->log && !(out->lo > 0))
        return range_fail(c, path, ends, "a range with log begins above 0");
    if (out->step > 0) {
        const double k = floor((out->hi - out->lo) / out->step * (1 + 1e-12) + 1e-9);
        if (!(k < 9e15)) return range_fail(c, path, ends, "the step is too small for its range");
        const double hi = out->lo + k * out->step;
        if (hi < out->hi) out->hi = hi;
    }
    return true;
}

const nas_key *nas_number_key(const nas_check *c, nas_check_fn fn, const void *arg) {
    const nas_key *k = arg;
    if (fn != c->value) return NULL;
    const nas_block_row *row = k->kind == NAS_KEY_BLOCK ? nas_block_row_of(k) : NULL;
    if (row && row->number) return nas_block_find(row->block, row->number);
    return k->kind == NAS_KEY_INT || k->kind == NAS_KEY_FLOAT ? k : NULL;
}

void nas_note_integer(const nas_check *c, const cJSON *v) {
    const int32_t i = nas_json_index(c->j, v);
    if (!c->at && c->integer_range && i >= 0) c->integer_range[i] = 1;
}

void nas_check_range(nas_check *c, const char *path, const cJSON *v, nas_check_fn fn,
                     const void *arg) {
    nas_range r;
    if (!nas_range_read(c, path, v, &r)) return;
    const nas_key *k = nas_number_key(c, fn, arg);
    if (!k) {
        nas_check_problem(c, path, v, false,
                          "a range stands for a number, and none is expected here; use a choice");
        return;
    }
    const cJSON *own = nas_json_get(v, "range");
    const cJSON *low = (own ? own : nas_json_get(v, "_value"))->child, *high = low->next;
    const cJSON *step = own ? nas_json_get(v, "step") : high->next;
    nas_key above = *k; /* randint leaves its upper end out */
    above.hi += nas_nni_of(v) == NAS_NNI_RANDINT ? 1 : 0;
    const int32_t before = c->p->n;
    c->value(c, path, low, k);
    c->value(c, path, high, &above);
    if (k->kind != NAS_KEY_INT) return;
    if (step && !nas_json_is_integer(step))
        nas_check_problem(c, path, step, false, "expected an integer step for integers");
    if (c->p->n == before) nas_note_integer(c, v);
}
