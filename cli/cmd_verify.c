/* cli/cmd_verify.c - nas verify: train a stored trial again and compare the bytes. */
#include "cli/scratch.h"
#include "cli/study.h"
#include "core/kernel/threads.h"
#include "search/confirm.h"
#include "search/run.h"
#include "search/study.h"
#include "search/task.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLI_OTHER = 1000 }; /* no exit status: the bytes differ */
enum { ALL, STUDY, DATA, MISSING };

static nas_status check_data(const nas_study *study, const nas_dataset *d, nas_err *err) {
    char was[65], now[65];
    if (nas_hash_equal(&study->fingerprint, &d->fingerprint)) return NAS_OK;
    nas_hash_hex(&study->fingerprint, was);
    nas_hash_hex(&d->fingerprint, now);
    return nas_fail(err, NAS_EINVAL,
                    "the data in %s are not those of study %s (fingerprint %.16s, there %.16s): "
                    "name the right place with --data",
                    d->folder, study->name, was, now);
}

/* The data of a candidate, and how it is trained again. */
typedef struct again {
    nas_dataset d;
    nas_evaluator e;
    const nas_candidate *c;
} again;

static nas_status open_again(const nas_study *study, const nas_candidate *c, const char *data,
                             bool allow_missing, const nas_cache *cache, nas_arena *a, again *out,
                             nas_err *err) {
    const nas_log *log = cli_log(false);
    *out = (again){.c = c,
                   .e = {.data = &out->d,
                         .cache = cache,
                         .seed = c->seed,
                         .replicate = c->replicate,
                         .no_share = true,
                         .confidence = study->confidence,
                         .log = log}};
    int threads;
    NAS_TRY(nas_kernel_choose(&out->e.kernel, err));
    NAS_TRY(nas_threads_here(&threads, err));
    nas_threads_set(threads);
    NAS_TRY(nas_dataset_open(a, &c->task, data, allow_missing, cache, log, &out->d, err));
    const nas_status st = check_data(study, &out->d, err);
    if (st != NAS_OK) nas_dataset_close(&out->d);
    return st;
}

static nas_status train_again(const nas_study *study, const nas_candidate *c, const char *data,
                              bool allow_missing, const nas_cache *cache, nas_arena *a,
                              nas_outcome *out, nas_err *err) {
    again g;
    NAS_TRY(open_again(study, c, data, allow_missing, cache, a, &g, err));
    const nas_status st = nas_evaluate(&g.e, c, a, out, err);
    nas_dataset_close(&g.d);
    return st;
}

static nas_status read_candidate(cli_study *s, int64_t row, nas_candidate *c, nas_err *err) {
    uint8_t *text, *labels;
    size_t n, lines;
    const char *json;
    nas_json *j = NULL;
    int32_t classes = 0;
    if (strcmp(s->def.task, nas_task_keywords.name) == 0) {
        NAS_TRY(
            nas_store_artefact(s->store, s->id, row, "labels.txt", s->arena, &labels, &lines, err));
        for (size_t i = 0; i < lines; i++) classes += labels[i] == '\n';
    }
    if (nas_task_is_formula(s->def.task)) {
        NAS_TRY(nas_store_document(s->store, s->id, row, s->arena, &json, err));
    } else {
        NAS_TRY(
            nas_store_artefact(s->store, s->id, row, "candidate.json", s->arena, &text, &n, err));
        json = (const char *)text;
    }
    NAS_TRY(nas_json_parse(s->arena, "candidate.json", json, &j, err));
    const nas_status st = nas_candidate_decode(s->arena, j, nas_json_root(j), classes, c, err);
    nas_json_close(j);
    return st;
}

/* Of a candidate without a file: what is determined. */
static int compare_metrics(cli_study *s, const cli_trial *t, const nas_candidate *c,
                           const nas_cache *cache) {
    const int64_t row = strtoll(cli_trial_get(t, "id"), NULL, 10);
    double stored[NAS_METRICS_MOST];
    nas_err err = {0};
    nas_outcome out;
    if (train_again(&s->def, c, NULL, false, cache, s->arena, &out, &err) != NAS_OK ||
        nas_study_stored(s->store, &s->def, row, NULL, stored, &err) != NAS_OK)
        return cli_fail(&err);
    cli_clear_line();
    /* By their names: the study may be of a build that has other metrics. */
    for (int32_t k = 0; k < s->def.n_metrics && k < NAS_METRICS_MOST; k++) {
        const int i = nas_metric_in(&c->task.metrics, s->def.metrics[k].name);
        if (i < 0 || c->task.metrics.v[i].measured) continue;
        const double was = stored[k], now = out.metric[i];
        if (was == now || (isnan(was) && isnan(now))) continue;
        printf("trial %s: OTHER VALUES: %s was %.17g, now %.17g\n", cli_trial_get(t, "number"),
               c->task.metrics.v[i].name, was, now);
        return CLI_OTHER;
    }
    printf("trial %s: evaluated again, the same values\n", cli_trial_get(t, "number"));
    return CLI_OK;
}

static int tell_other_bytes(const cli_trial *t, const nas_bytes *now, const uint8_t *stored,
                            size_t n) {
    size_t at = 0;
    while (at < n && at < now->n && stored[at] == now->p[at]) at++;
    printf(
        "trial %s: trained again, OTHER BYTES: stored %zu, now %zu, the first difference at %zu\n"
        "stored on: %s\n",
        cli_trial_get(t, "number"), n, now->n, at, cli_trial_get(t, "machine"));
    return CLI_OTHER;
}

/* Stored answers on the validation part beside those of nets that are trained again. */
typedef struct comparison {
    const again *g;
    nas_arena *a;
    const nas_answers *first; /* of the trial itself, from its evaluation */
    int32_t same, other;      /* replicates; other: the first that differs, -1: none does */
    nas_status st;
    nas_err *err;
} comparison;

static bool same_bytes(const void *a, const void *b, size_t n) {
    return !a == !b && (!a || memcmp(a, b, n) == 0);
}

static bool same_answers(const nas_answers *a, const nas_answers *b) {
    const size_t n = (size_t)a->examples;
    return a->examples == b->examples && same_bytes(a->right, b->right, (n + 7) / 8) &&
           same_bytes(a->error, b->error, n * sizeof *a->error) &&
           same_bytes(a->square, b->square, n * sizeof *a->square);
}

static bool compare_answers(void *ctx, int64_t row, int64_t number, const nas_answers *stored) {
    comparison *k = ctx;
    nas_answers now;
    (void)row;
    (void)number;
    if (stored->replicate)
        k->st = nas_confirm_judge(&k->g->e, k->g->c, stored->replicate, k->a, &now, k->err);
    else
        now = *k->first;
    if (k->st != NAS_OK) return false;
    if (!same_answers(stored, &now)) {
        k->other = stored->replicate;
        return false;
    }
    k->same += stored->replicate > 0;
    return true;
}

/* What stands beside the bytes: answers of the folds, and of replicates. A study of an older nas
 * has none. */
static int tell_answers(cli_study *s, const cli_trial *t, const again *g, const nas_outcome *out,
                        size_t n) {
    nas_err err = {0};
    comparison k = {.g = g, .a = s->arena, .first = out->answers, .other = -1, .err = &err};
    const int64_t row = strtoll(cli_trial_get(t, "id"), NULL, 10);
    const char *number = cli_trial_get(t, "number");
    nas_status st = NAS_OK;
    if (out->answers)
        st = nas_store_answers(s->store, s->id, row, "validation", compare_answers, &k, &err);
    if (st == NAS_OK) st = k.st;
    if (st != NAS_OK) return cli_fail(&err);
    cli_clear_line();
    printf("trial %s: trained again, the same %zu bytes", number, n);
    if (k.same) printf(", and %d replicate%s the same", k.same, k.same == 1 ? "" : "s");
    putchar('\n');
    if (k.other < 0) return CLI_OK;
    if (k.other) printf("trial %s: replicate %d gives OTHER ANSWERS\n", number, k.other);
    if (!k.other) printf("trial %s: its examples get OTHER ANSWERS\n", number);
    return CLI_OTHER;
}

static int compare(cli_study *s, const cli_trial *t, const char *data, bool allow_missing,
                   const nas_cache *cache) {
    const int64_t row = strtoll(cli_trial_get(t, "id"), NULL, 10);
    nas_err err = {0};
    nas_candidate c;
    nas_outcome out;
    again g;
    uint8_t *stored;
    size_t n;
    if (read_candidate(s, row, &c, &err) != NAS_OK) return cli_fail(&err);
    if (c.task.ops->evaluate) return compare_metrics(s, t, &c, cache);
    if (nas_store_artefact(s->store, s->id, row, "model.tflite", s->arena, &stored, &n, &err) !=
            NAS_OK ||
        open_again(&s->def, &c, data, allow_missing, cache, s->arena, &g, &err) != NAS_OK)
        return cli_fail(&err);
    int st;
    if (nas_evaluate(&g.e, &c, s->arena, &out, &err) != NAS_OK)
        st = cli_fail(&err);
    else if (out.tflite.n != n || memcmp(out.tflite.p, stored, n) != 0)
        st = tell_other_bytes(t, &out.tflite, stored, n);
    else
        st = tell_answers(s, t, &g, &out, n);
    nas_dataset_close(&g.d);
    return st;
}

static int verify(cli_study *s, const cli_trial *t, const char *data, bool allow_missing) {
    nas_err err = {0};
    cli_scratch scratch;
    if (strcmp(cli_trial_get(t, "state"), "complete") != 0) {
        fprintf(stderr, "nas: trial %s is %s: it has no file to compare with\n",
                cli_trial_get(t, "number"), cli_trial_get(t, "state"));
        return CLI_BAD;
    }
    if (cli_scratch_open(&scratch, NULL, &err) != NAS_OK) return cli_fail(&err);
    const int st = compare(s, t, data, allow_missing, &scratch.cache);
    cli_scratch_close(&scratch);
    return st;
}

/* The complete trial with the lowest number from `from` on; NULL: none, or *status says why not. */
static cli_trial *next_complete(cli_study *s, int64_t from, int *status) {
    char view[160], where[256];
    nas_err err = {0};
    nas_view_name(s->def.name, "", view);
    snprintf(where, sizeof where,
             "%s where state = 'complete' and number >= %" PRId64 " order by number limit 1", view,
             from);
    cli_trial *t = cli_trial_find(s->store, where, &err);
    if (!t && err.code) *status = cli_fail(&err);
    return t;
}

/* Clips and features are made once; everything after them again for each trial. */
static int verify_each(cli_study *s, const char *data, bool allow_missing, const nas_cache *cache) {
    int64_t from = 0, n = 0, others = 0;
    char text[32];
    int st = CLI_OK;
    cli_trial *t;
    while (st == CLI_OK && (t = next_complete(s, from, &st))) {
        const nas_arena_mark mark = nas_arena_here(s->arena);
        from = strtoll(cli_trial_get(t, "number"), NULL, 10) + 1;
        st = compare(s, t, data, allow_missing, cache);
        cli_trial_close(t);
        nas_arena_back(s->arena, mark);
        n++;
        if (st != CLI_OTHER) continue;
        others++;
        st = CLI_OK;
    }
    if (st != CLI_OK) return st;
    if (!n) {
        fprintf(stderr, "nas: study %s has no complete trial\n", s->def.name);
        return CLI_NONE;
    }
    if (!others)
        printf("%s trials, all the same %s\n", nas_thousands(n, text),
               nas_task_is_formula(s->def.task) ? "values" : "bytes");
    if (others)
        printf("%" PRId64 " of %" PRId64 " trials have OTHER %s\n", others, n,
               nas_task_is_formula(s->def.task) ? "VALUES" : "BYTES");
    return others ? CLI_FAILED : CLI_OK;
}

static int verify_all(cli_study *s, const char *data, bool allow_missing) {
    nas_err err = {0};
    cli_scratch scratch;
    if (cli_scratch_open(&scratch, NULL, &err) != NAS_OK) return cli_fail(&err);
    const int st = verify_each(s, data, allow_missing, &scratch.cache);
    cli_scratch_close(&scratch);
    return st;
}

static int verify_one(cli_study *s, const char *number, const char *data, bool allow_missing) {
    int st;
    cli_trial *t = cli_study_trial(s, number, &st);
    if (t) st = verify(s, t, data, allow_missing);
    cli_trial_close(t);
    return st == CLI_OTHER ? CLI_FAILED : st;
}

static int run(const cli_args *args) {
    cli_study s;
    int st;
    const char *data = args->option[DATA];
    const bool missing = args->option[MISSING] != NULL, all = args->option[ALL] != NULL;
    if (all == (args->n_words == 2)) {
        fputs("nas verify: expected the number of a trial, or --all\n", stderr);
        return CLI_BAD;
    }
    if (!cli_study_open(&s, args->word[0], args->option[STUDY], &st)) return st;
    st = all ? verify_all(&s, data, missing) : verify_one(&s, args->word[1], data, missing);
    cli_study_close(&s);
    return st;
}

const cli_command cli_verify = {
    .name = "verify",
    .words = "DB [TRIAL]",
    .least = 1,
    .most = 2,
    .summary = "Train a stored trial again, without the cache, and compare the exported bytes",
    .options =
        {
            [ALL] = {"--all", NULL, "every complete trial of the study"},
            [STUDY] = {"--study", "NAME", "which study, where the database has several"},
            [DATA] = {"--data", "PATH",
                      "folder of clips or CSV file, where it is not where it was"},
            [MISSING] =
                {"--allow-missing", NULL,
                 "goes on without clips that are listed but absent, or that cannot be read"},
        },
    .text = "Answers to single examples, by folds, and those of replicates are compared, too.\n"
            "The bytes are the same on the same kernel row (see `machine` in `nas show`). Exit "
            "status 1 when\n"
            "they are not.\n\n"
            "examples:\n"
            "  nas verify demo.db 3\n"
            "  nas verify demo.db --all\n",
    .run = run,
};
