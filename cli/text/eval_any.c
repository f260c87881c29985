/* cli/text/eval_any.c - nas eval of a task that commands know nothing special of: its metrics. */
#include "cli/cli.h"
#include "cli/text/report.h"
#include "cli/text/task.h"
#include "cli/text/two.h"
#include "search/study/judge.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static bool fits(const cli_models *q, const char *task) {
    const char *option = q->dump                          ? "--dump"
                         : q->by_speaker                  ? "--by-speaker"
                         : q->frontend                    ? "--frontend"
                         : q->labels                      ? "--labels"
                         : q->runtime != NAS_RUNTIME_TFLM ? "--runtime"
                                                          : NULL;
    if (option)
        fprintf(stderr, "nas eval: %s does not go with the task \"%s\"; leave it out\n", option,
                task);
    else if (q->n > 1)
        fprintf(stderr,
                "nas eval: two models of the task \"%s\" are not compared; judge each by itself\n",
                task);
    return !option && q->n == 1;
}

static void print_json(const nas_judged *v) {
    printf("{\"task\": \"%s\", \"examples\": %" PRId64, v->task.ops->name, v->examples);
    for (int i = 0; i < v->task.metrics.n; i++) {
        if (isnan(v->metric[i])) continue;
        fputs(", ", stdout);
        cli_two_number(v->task.metrics.v[i].name, v->metric[i], "");
    }
    puts("}");
}

static void print_text(const cli_models *q, const nas_judged *v) {
    char text[32];
    printf("task %s, %s examples\n", v->task.ops->name, nas_thousands(v->examples, text));
    for (int i = 0; i < v->task.metrics.n; i++)
        if (!isnan(v->metric[i]))
            printf("    %s %s\n", v->task.metrics.v[i].name,
                   cli_metric(&v->task.metrics.v[i], v->metric[i], text));
    if (q->part < 0)
        puts("all examples were taken; where it was trained on some of them that flatters, and\n"
             "  --split test leaves them out");
    else
        printf("the %s part was taken\n", nas_part_name((nas_part)q->part));
}

int cli_eval_any(const cli_models *q, const char *task, const cli_scratch *s) {
    nas_err err = {0};
    nas_judged v;
    if (!fits(q, task)) return CLI_BAD;
    const nas_status st = nas_judge_folder(q->folder[0], q->data, q->part, q->allow_missing,
                                           &s->cache, cli_log(false), s->arena, &v, &err);
    cli_clear_line();
    if (st != NAS_OK) return cli_fail(&err);
    if (q->json)
        print_json(&v);
    else
        print_text(q, &v);
    return CLI_OK;
}
