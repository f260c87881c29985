/* cli/cmd_verify.c - nas verify: train a stored trial again and compare the bytes. */
#include "base/libm.h"
#include "cli/scratch.h"
#include "cli/study.h"
#include "core/deploy/deploy.h"
#include "core/kernel/threads.h"
#include "core/nn/train/train.h"
#include "search/run/confirm.h"
#include "search/run/run.h"
#include "search/study/study.h"
#include "search/task/task.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No exit statuses: the bytes differ; and they do as they must. */
enum { CLI_OTHER = 1000, CLI_VARIANT };
enum { ALL, STUDY, VERSION, DATA, MISSING, KERNEL };

/* How trials are trained again. */
typedef struct manner {
    const char *data; /* NULL: where they were */
    const char *was;  /* there; NULL: where the candidate says */
    bool allow_missing;
    const char *kernel; /* NULL: the trial's, where it runs here */
    const nas_cache *cache;
} manner;

/* What bits depend on, in the words of a trial's machine: "training 5, inference 5, avx2". Before
 * inference 5 it was not written, and before that the kernel row stood alone. */
static const char *bits_of(const cli_trial *t) {
    const char *machine = cli_trial_get(t, "machine"), *from = strstr(machine, ", training ");
    return from ? from + 2 : NULL;
}

/* The same of this build. */
enum { BITS_TEXT = 96 };
static void bits_here(const char *row, char out[BITS_TEXT]) {
    char libm[NAS_LIBM_TEXT];
    nas_libm_text(", ", libm);
    snprintf(out, BITS_TEXT, "training %d, inference %d, %s%s", NAS_TRAIN_VERSION,
             NAS_DEPLOY_VERSION, libm, row);
}

/* "avx2" of a trial's machine. */
static const char *row_of(const cli_trial *t) {
    const char *machine = cli_trial_get(t, "machine"), *comma = strrchr(machine, ',');
    return comma && comma[1] == ' ' ? comma + 2 : machine;
}

static nas_status choose_kernel(const manner *m, const cli_trial *t, const nas_kernel **out,
                                nas_err *err) {
    const char *forced = getenv("NAS_KERNEL");
    if (m->kernel) return nas_kernel_named("--kernel ", m->kernel, out, err);
    *out = forced && *forced ? NULL : nas_kernel_find(row_of(t));
    return *out ? NAS_OK : nas_kernel_choose(out, err);
}

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

static nas_status open_again(const nas_study *study, const cli_trial *t, const nas_candidate *c,
                             const manner *m, nas_arena *a, again *out, nas_err *err) {
    const nas_log *log = cli_log(false);
    *out = (again){.c = c,
                   .e = {.data = &out->d,
                         .cache = m->cache,
                         .seed = c->seed,
                         .replicate = c->replicate,
                         .no_share = true,
                         .confidence = study->confidence >= 0.5 ? study->confidence : (double)NAN,
                         .log = log}};
    int threads;
    NAS_TRY(choose_kernel(m, t, &out->e.kernel, err));
    NAS_TRY(nas_threads_here(&threads, err));
    nas_threads_set(threads);
    const char *data = m->data ? m->data : m->was;
    NAS_TRY(nas_dataset_open(a, &c->task, data, m->allow_missing, m->cache, log, &out->d, err));
    const nas_status st = check_data(study, &out->d, err);
    if (st != NAS_OK) nas_dataset_close(&out->d);
    return st;
}

static nas_status train_again(const nas_study *study, const cli_trial *t, const nas_candidate *c,
                              const manner *m, nas_arena *a, nas_outcome *out, nas_err *err) {
    again g;
    NAS_TRY(open_again(study, t, c, m, a, &g, err));
    const nas_status st = nas_evaluate(&g.e, c, a, out, err);
    nas_dataset_close(&g.d);
    return st;
}

static nas_status read_candidate(cli_study *s, int64_t row, nas_candidate *c, nas_err *err) {
    uint8_t *text, *lines;
    size_t n;
    const char *json;
    nas_json *j = NULL;
    int32_t outputs = 0;
    const nas_task_ops *task = nas_task_find(s->def.task);
    if (task && task->outputs_text) {
        NAS_TRY(nas_store_artefact(s->store, s->id, row, task->outputs_text, s->arena, &lines, &n,
                                   err));
        for (size_t i = 0; i < n; i++) outputs += lines[i] == '\n';
    }
    if (!nas_task_has_net(s->def.task)) {
        NAS_TRY(nas_store_document(s->store, s->id, row, s->arena, &json, err));
    } else {
        NAS_TRY(
            nas_store_artefact(s->store, s->id, row, "candidate.json", s->arena, &text, &n, err));
        json = (const char *)text;
    }
    NAS_TRY(nas_json_parse(s->arena, "candidate.json", json, &j, err));
    const nas_status st = nas_candidate_decode(s->arena, j, nas_json_root(j), outputs, c, err);
    nas_json_close(j);
    return st;
}

/* Of a candidate without a file: what is determined. */
static int compare_metrics(cli_study *s, const cli_trial *t, const nas_candidate *c,
                           const manner *m) {
    const int64_t row = strtoll(cli_trial_get(t, "id"), NULL, 10);
    const double *stored;
    nas_err err = {0};
    nas_outcome out;
    if (train_again(&s->def, t, c, m, s->arena, &out, &err) != NAS_OK ||
        nas_study_stored(s->store, &s->def, row, NULL, s->arena, &stored, &err) != NAS_OK)
        return cli_fail(&err);
    cli_clear_line();
    /* By their names: the study may be of a build that has other metrics. */
    for (int32_t k = 0; k < s->def.n_metrics; k++) {
        const int i = nas_metric_in(&c->task.metrics, s->def.metrics[k].name);
        if (i < 0 || c->task.metrics.v[i].known == NAS_KNOWN_MEASURED) continue;
        const double was = stored[k], now = out.metric[i];
        if (was == now || (isnan(was) && isnan(now))) continue;
        printf("trial %s: OTHER VALUES: %s was %.17g, now %.17g\n", cli_trial_get(t, "number"),
               c->task.metrics.v[i].name, was, now);
        return CLI_OTHER;
    }
    printf("trial %s: evaluated again, the same values\n", cli_trial_get(t, "number"));
    return CLI_OK;
}

/* Another variant, version or library rounds otherwise, which training makes visible. */
static int tell_variant(const cli_study *s, const cli_trial *t, const char *was, const char *here,
                        const nas_outcome *now, size_t n) {
    const char *score = nas_study_score(&s->def);
    printf("trial %s: made with %s; trained again with %s: other bytes, as expected between "
           "variants (%zu, now %zu); %s %.4f, now %.4f\n",
           cli_trial_get(t, "number"), was, here, n, now->tflite.n, score,
           cli_trial_number(t, score), now->metric[NAS_METRIC_SCORE]);
    if (!strstr(was, "inference "))
        puts(
            "it was stored by a nas before inference 5, whose int8 and dynamic files have a scale "
            "for\n  each output of a dense layer, and whose figures are of LiteRT's rounding: `nas "
            "eval\n  --runtime litert` of its export gives them (docs/DEVICE.md)");
    return CLI_VARIANT;
}

static int tell_other_bytes(const cli_trial *t, const nas_bytes *now, const uint8_t *stored,
                            size_t n) {
    size_t at = 0;
    while (at < n && at < now->n && stored[at] == now->p[at]) at++;
    printf(
        "trial %s: trained again, OTHER BYTES: stored %zu, now %zu, the first difference at %zu\n"
        "stored on: %s\n",
        cli_trial_get(t, "number"), n, now->n, at, cli_trial_get(t, "machine"));
    if (!bits_of(t))
        puts("it was stored by an older nas, whose bits were also its compiler's: a build of that "
             "nas by the same compiler tells more");
    return CLI_OTHER;
}

/* Stored answers on the validation set beside those of nets that are trained again. */
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

static int compare_files(cli_study *s, const cli_trial *t, const again *g, const uint8_t *stored,
                         size_t n) {
    nas_err err = {0};
    nas_outcome out;
    const char *row = nas_kernel_name(g->e.kernel);
    if (nas_evaluate(&g->e, g->c, s->arena, &out, &err) != NAS_OK) return cli_fail(&err);
    if (out.tflite.n == n && memcmp(out.tflite.p, stored, n) == 0)
        return tell_answers(s, t, g, &out, n);
    cli_clear_line();
    char here[BITS_TEXT];
    bits_here(row, here);
    const char *was = bits_of(t) ? bits_of(t) : row_of(t);
    const bool same = strcmp(was, bits_of(t) ? here : row) == 0;
    return same ? tell_other_bytes(t, &out.tflite, stored, n)
                : tell_variant(s, t, was, here, &out, n);
}

static int compare(cli_study *s, const cli_trial *t, const manner *m) {
    const int64_t row = strtoll(cli_trial_get(t, "id"), NULL, 10);
    nas_err err = {0};
    nas_candidate c;
    again g;
    uint8_t *stored;
    size_t n;
    if (read_candidate(s, row, &c, &err) != NAS_OK) return cli_fail(&err);
    if (c.task.ops->evaluate) return compare_metrics(s, t, &c, m);
    if (nas_store_artefact(s->store, s->id, row, "model.tflite", s->arena, &stored, &n, &err) !=
            NAS_OK ||
        open_again(&s->def, t, &c, m, s->arena, &g, &err) != NAS_OK)
        return cli_fail(&err);
    const int st = compare_files(s, t, &g, stored, n);
    nas_dataset_close(&g.d);
    return st;
}

static int verify(cli_study *s, const cli_trial *t, const manner *m) {
    if (cli_trial_state(t) == NAS_COMPLETE) return compare(s, t, m);
    fprintf(stderr, "nas: trial %s is %s: it has no file to compare with\n",
            cli_trial_get(t, "number"), cli_trial_get(t, "state"));
    return CLI_BAD;
}

/* The complete trial with the lowest number above `last`; NULL: none, or *status says why not. */
static cli_trial *next_complete(cli_study *s, int64_t last, int *status) {
    const nas_state complete = NAS_COMPLETE;
    const nas_trials_ask ask = {.state = &complete, .above = &last, .most = 1};
    nas_err err = {0};
    cli_trial *t = cli_trial_find(s->store, &s->def, &ask, &err);
    if (t && strtoll(cli_trial_get(t, "number"), NULL, 10) <= last) {
        cli_trial_close(t);
        t = NULL;
        (void)nas_fail(&err, NAS_EFORMAT, "study %s: damaged: a trial's number is none",
                       s->def.name);
    }
    if (!t && err.code) *status = cli_fail(&err);
    return t;
}

/* Of n trials, those that differ, and those that another variant trained. */
static int tell_all(const cli_study *s, int64_t n, int64_t others, int64_t variants) {
    const bool formula = !nas_task_has_net(s->def.task);
    char text[32];
    if (!n) fprintf(stderr, "nas: study %s has no complete trial\n", s->def.name);
    if (n && !others && !variants)
        printf("%s trials, all the same %s\n", nas_thousands(n, text),
               formula ? "values" : "bytes");
    if (others)
        printf("%" PRId64 " of %" PRId64 " trials have OTHER %s\n", others, n,
               formula ? "VALUES" : "BYTES");
    if (variants)
        printf("%" PRId64 " of %" PRId64 " trials have other bytes, as expected between kernel "
               "variants: verify them on a machine that has theirs\n",
               variants, n);
    return others ? CLI_FAILED : variants || !n ? CLI_NONE : CLI_OK;
}

/* Clips and features are made once; everything after them again for each trial. */
static int verify_all(cli_study *s, const manner *m) {
    int64_t last = -1, n = 0, others = 0, variants = 0;
    int st = CLI_OK;
    cli_trial *t;
    while (st == CLI_OK && (t = next_complete(s, last, &st))) {
        const nas_arena_mark mark = nas_arena_here(s->arena);
        last = strtoll(cli_trial_get(t, "number"), NULL, 10);
        st = compare(s, t, m);
        cli_trial_close(t);
        nas_arena_back(s->arena, mark);
        n++;
        others += st == CLI_OTHER;
        variants += st == CLI_VARIANT;
        if (st == CLI_OTHER || st == CLI_VARIANT) st = CLI_OK;
    }
    return st == CLI_OK ? tell_all(s, n, others, variants) : st;
}

static int verify_one(cli_study *s, const char *number, const manner *m) {
    int st;
    cli_trial *t = cli_study_trial(s, number, &st);
    if (t) st = verify(s, t, m);
    cli_trial_close(t);
    return st == CLI_OTHER ? CLI_FAILED : st == CLI_VARIANT ? CLI_NONE : st;
}

/* The cache of a run is no witness: what is made lies in a folder of its own, which goes. */
static int verify_in_scratch(cli_study *s, const char *number, manner *m) {
    nas_err err = {0};
    cli_scratch scratch;
    if (cli_scratch_open(&scratch, NULL, &err) != NAS_OK) return cli_fail(&err);
    m->cache = &scratch.cache;
    /* Not the last run's, if those went: the candidate may know better. */
    if (nas_store_data_folder(s->store, s->id, s->arena, &m->was, &err) != NAS_OK)
        return cli_fail(&err);
    if (m->was && !nas_path_exists(m->was)) m->was = NULL;
    const int st = number ? verify_one(s, number, m) : verify_all(s, m);
    cli_scratch_close(&scratch);
    return st;
}

static int run(const cli_args *args) {
    cli_study s;
    int st;
    manner m = {.data = args->option[DATA],
                .allow_missing = args->option[MISSING] != NULL,
                .kernel = args->option[KERNEL]};
    const bool all = args->option[ALL] != NULL;
    if (all == (args->n_words == 2)) {
        fputs("nas verify: expected the number of a trial, or --all\n", stderr);
        return CLI_BAD;
    }
    if (!cli_study_open(&s, args->word[0], args->option[STUDY], args->option[VERSION], &st))
        return st;
    st = verify_in_scratch(&s, all ? NULL : args->word[1], &m);
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
            [VERSION] = CLI_VERSION,
            [DATA] = {"--data", "PATH", "folder of clips or CSV file, where the data have moved"},
            [MISSING] = {"--allow-missing", NULL,
                         "goes on without clips that are listed but absent, or that "
                         "cannot be read"},
            [KERNEL] = {"--kernel", "NAME",
                        "kernel variant that trains (default: the trial's, where it runs here)"},
        },
    .text = "Answers to single examples, by folds, and answers of replicates are compared too.\n"
            "The bytes are the same where four things are those of the trial: the versions of\n"
            "training and of inference, the mathematical library and the kernel variant. `nas\n"
            "show` has the trial's at the end of `machine`; `nas --version` has those of this\n"
            "build.\n\n"
            "Exit status: 0 all bytes are the same, 1 some differ, 3 one of the four things\n"
            "differs, so that other bytes are expected.\n\n"
            "examples:\n"
            "  nas verify demo.db 3\n"
            "  nas verify demo.db --all\n",
    .run = run,
};
