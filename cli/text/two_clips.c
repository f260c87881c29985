/* cli/text/two_clips.c - two models on the same clips. */
#include "cli/text/two.h"

#include "cli/changes.h"
#include "cli/cli.h"
#include "cli/text/parts.h"
#include "search/task/keywords/deployed/pair.h"

#include <stdio.h>
#include <string.h>

enum { APART = 5 }; /* speakers that are shown */

typedef struct both {
    const cli_models *q;
    nas_deployed d[2];
    cli_two_bytes bytes[2];
    nas_verdict v[2];
    nas_pair pair;
    char verdict[CLI_VERDICT];
} both;

/* Does a model have a file of that name beside it? */
static bool is_beside(const char *model, const char *file) {
    char path[4096];
    const char *slash = strrchr(model, '/');
    if (nas_path_is_dir(model))
        snprintf(path, sizeof path, "%s/%s", model, file);
    else
        snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash + 1 - model) : 0, model, file);
    return nas_path_exists(path);
}

/* An option that would be passed over in silence is a mistake. */
static bool is_wanted(const cli_models *q, const char *option, const char *given,
                      const char *file) {
    if (!given || !is_beside(q->model[0], file) || !is_beside(q->model[1], file)) return true;
    fprintf(stderr,
            "nas eval: %s %s: both models have a %s beside them; of two models the option is for "
            "one that has none\n",
            option, given, file);
    return false;
}

static nas_status open_both(both *b, nas_arena *a, nas_err *err) {
    const cli_models *q = b->q;
    for (int i = 0; i < 2; i++) {
        const nas_deployed_paths paths = {
            .model = q->model[i],
            .frontend = is_beside(q->model[i], "frontend.json") ? NULL : q->frontend,
            .labels = is_beside(q->model[i], "labels.txt") ? NULL : q->labels,
        };
        NAS_TRY(nas_deployed_open(a, &paths, &b->d[i], err));
        b->d[i].runtime = (nas_runtime)q->runtime;
        NAS_TRY(cli_two_sizes(a, b->d[i].file.p, b->d[i].file.n, &b->bytes[i], err));
        cli_tell_changes(paths.model, &b->d[i].graph);
    }
    return nas_pair_match(a, q->model, b->d, q->part, err);
}

static nas_status judge_both(both *b, const cli_scratch *s, nas_err *err) {
    const cli_models *q = b->q;
    for (int i = 0; i < 2; i++)
        NAS_TRY(nas_deployed_judge(&b->d[i], q->data, q->part, q->allow_missing, &s->cache,
                                   cli_log(false), s->arena, NULL, NULL, &b->v[i], err));
    return nas_pair_count(s->arena, b->v, &b->pair, err);
}

static void cell_share(cli_table *t, double v) {
    char text[32];
    snprintf(text, sizeof text, "%.4f", v);
    cli_table_cell(t, text, true);
}

static void cell_count(cli_table *t, int64_t v) {
    char text[32];
    cli_table_cell(t, nas_thousands(v, text), true);
}

static void print_models(const both *b) {
    static const char *const head[] = {"",     "model",        "accuracy",  "low",
                                       "high", "tflite_bytes", "zlib_bytes"};
    cli_table *t = cli_table_open();
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) cli_table_cell(t, head[i], i > 1);
    cli_table_row(t);
    for (int i = 0; i < 2; i++) {
        cli_table_cell(t, i ? "B" : "A", false);
        cli_table_cell(t, b->q->model[i], false);
        cell_share(t, b->v[i].accuracy);
        cell_share(t, b->v[i].low);
        cell_share(t, b->v[i].high);
        cell_count(t, b->bytes[i].tflite);
        cell_count(t, b->bytes[i].zlib);
        cli_table_row(t);
    }
    cli_table_print(t);
    cli_table_close(t);
}

/* How many of the first speakers are shown: at most APART, and none that has no difference. */
static int32_t apart(const nas_pair *p) {
    int32_t n = 0;
    while (n < p->speakers && n < APART && p->by_speaker[n].right[0] != p->by_speaker[n].right[1])
        n++;
    return n;
}

static void print_speakers(const nas_pair *p) {
    static const char *const head[] = {"speaker", "clips", "A right", "B right"};
    if (!apart(p)) return;
    puts("\nspeakers where they differ most");
    cli_table *t = cli_table_open();
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) cli_table_cell(t, head[i], i > 0);
    cli_table_row(t);
    for (int32_t i = 0; i < apart(p); i++) {
        const nas_pair_speaker *s = &p->by_speaker[i];
        cli_table_cell(t, s->speaker, false);
        cell_count(t, s->n);
        cell_count(t, s->right[0]);
        cell_count(t, s->right[1]);
        cli_table_row(t);
    }
    cli_table_print(t);
    cli_table_close(t);
}

static void print_text(const both *b) {
    const nas_pair *p = &b->pair;
    char n[32], speakers[32], chance[32], text[4][32];
    print_models(b);
    printf("\n%s\n95 %% interval by speaker, %s, on %s clips of %s speakers\n", b->verdict,
           cli_two_p(p->difference.p, chance), nas_thousands(p->n, n),
           nas_thousands(p->speakers, speakers));
    printf("both right %s, only A right %s, only B right %s, both wrong %s\n",
           nas_thousands(p->both, text[0]), nas_thousands(p->only[0], text[1]),
           nas_thousands(p->only[1], text[2]), nas_thousands(p->neither, text[3]));
    for (int i = 0; i < 2; i++) cli_print_parts(i ? "B: " : "A: ", &b->v[i]);
    cli_print_absent(&b->d[0], &b->v[0]);
    if (p->difference.few)
        printf("fewer than %d speakers: the interval is not to be relied on\n", NAS_BOUND_FEW);
    print_speakers(p);
}

static void print_json(const both *b) {
    const nas_pair *p = &b->pair;
    printf("{\"clips\": %d, \"speakers\": %d", p->n, p->speakers);
    for (int i = 0; i < 2; i++) {
        printf(", \"%s\": {", i ? "b" : "a");
        cli_two_json_model(b->q->model[i], &b->bytes[i]);
        fputs(", ", stdout);
        cli_two_number("accuracy", b->v[i].accuracy, ", ");
        cli_two_number("standard_error", b->v[i].error, ", ");
        cli_two_number("low", b->v[i].low, ", ");
        cli_two_number("high", b->v[i].high, ", ");
        cli_json_parts(&b->v[i], "}");
    }
    fputs(", ", stdout);
    cli_json_absent(&b->d[0], &b->v[0], "");
    printf(", \"both_right\": %d, \"only_a_right\": %d, \"only_b_right\": %d, \"both_wrong\": %d",
           p->both, p->only[0], p->only[1], p->neither);
    fputs(", \"difference\": {", stdout);
    cli_two_number("points", 100 * p->difference.difference, ", ");
    cli_two_number("low", 100 * p->difference.lo, ", ");
    cli_two_number("high", 100 * p->difference.hi, ", ");
    cli_two_number("p", p->difference.p, ", ");
    printf("\"few_speakers\": %s}, \"verdict\": \"%s\", \"speakers_apart\": [",
           p->difference.few ? "true" : "false", b->verdict);
    for (int32_t i = 0; i < apart(p); i++) {
        const nas_pair_speaker *s = &p->by_speaker[i];
        fputs(i ? ", {\"speaker\": " : "{\"speaker\": ", stdout);
        cli_print_json_text(s->speaker);
        printf(", \"clips\": %d, \"a_right\": %d, \"b_right\": %d}", s->n, s->right[0],
               s->right[1]);
    }
    puts("]}");
}

int cli_two_clips(const cli_models *q, const cli_scratch *s) {
    nas_err err = {0};
    both b = {.q = q};
    if (!is_wanted(q, "--frontend", q->frontend, "frontend.json") ||
        !is_wanted(q, "--labels", q->labels, "labels.txt"))
        return CLI_BAD;
    nas_status st = open_both(&b, s->arena, &err);
    if (st == NAS_OK) st = judge_both(&b, s, &err);
    cli_clear_line();
    if (st != NAS_OK) return cli_fail(&err);
    const nas_pair_difference *d = &b.pair.difference;
    cli_two_verdict(100 * d->difference, 100 * d->lo, 100 * d->hi, "B - A", "points", b.verdict);
    if (q->json)
        print_json(&b);
    else
        print_text(&b);
    return CLI_OK;
}
