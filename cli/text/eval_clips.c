/* cli/text/eval_clips.c - nas eval of one model on clips. */
#include "cli/changes.h"
#include "cli/cli.h"
#include "cli/text/dump.h"
#include "cli/text/parts.h"
#include "cli/text/speakers.h"
#include "cli/text/task.h"
#include "cli/text/two.h"
#include "search/task/keywords/deployed/deployed.h"

#include <stdio.h>
#include <string.h>

enum { SCREEN = 80, LEAST_HEAD = 3 };

static nas_status print_json(nas_arena *a, const nas_deployed *d, const nas_verdict *v,
                             bool by_speaker, nas_err *err) {
    char accuracy[32], low[32], high[32], error[32];
    nas_json_number(v->accuracy, accuracy);
    nas_json_number(v->low, low);
    nas_json_number(v->high, high);
    nas_json_number(v->error, error);
    printf("{\"clips\": %d, \"speakers\": %d, \"accuracy\": %s, \"standard_error\": %s, "
           "\"low\": %s, \"high\": %s, ",
           v->n, v->speakers, accuracy, error, low, high);
    cli_two_number("balanced_accuracy", v->balanced, ", ");
    cli_two_number("worst_recall", v->worst, ", ");
    cli_two_number("majority", v->majority, ", ");
    cli_json_parts(v, ", ");
    cli_json_absent(d, v, ", ");
    fputs("\"labels\": [", stdout);
    for (int32_t i = 0; i < d->n_labels; i++) {
        fputs(i ? ", " : "", stdout);
        cli_print_json_text(d->labels[i]);
    }
    fputs("], \"confusion\": [", stdout);
    for (int32_t i = 0; i < d->n_labels; i++) {
        fputs(i ? ", [" : "[", stdout);
        for (int32_t k = 0; k < d->n_labels; k++)
            printf("%s%d", k ? ", " : "", v->confusion[i * d->n_labels + k]);
        putchar(']');
    }
    fputs("]", stdout);
    nas_status st = NAS_OK;
    if (by_speaker) {
        fputs(", \"by_speaker\": ", stdout);
        st = cli_json_speakers(a, d, v, err);
    }
    puts("}");
    return st;
}

/* Columns stand in the order of rows, so where the screen is too narrow for their names the first
 * letters do. */
static size_t head_room(const nas_deployed *d) {
    size_t longest = 0;
    for (int32_t i = 0; i < d->n_labels; i++)
        if (strlen(d->labels[i]) > longest) longest = strlen(d->labels[i]);
    const int room = (SCREEN - (int)longest) / d->n_labels - 2;
    return room < LEAST_HEAD ? LEAST_HEAD : (size_t)room;
}

static void add_head(cli_table *t, const char *label, size_t room) {
    char head[SCREEN];
    size_t n = strnlen(label, room);
    while (n > 0 && ((unsigned char)label[n] & 0xC0) == 0x80) n--; /* no half of a character */
    snprintf(head, sizeof head, "%.*s", (int)n, label);
    cli_table_cell(t, head, true);
}

static void print_text(const nas_deployed *d, const nas_verdict *v) {
    char n[32], speakers[32];
    printf("accuracy %.4f (95 %% interval %.4f to %.4f, standard error %.4f) on %s clips of %s "
           "speakers\n",
           v->accuracy, v->low, v->high, v->error, nas_thousands(v->n, n),
           nas_thousands(v->speakers, speakers));
    printf("balanced accuracy %.4f, lowest recall %.4f of \"", v->balanced, v->worst);
    cli_print_visible(stdout, d->labels[v->worst_class], false);
    printf("\"; always answering the commonest class has %.4f\n", v->majority);
    cli_print_parts("", v);
    cli_print_absent(d, v);
    puts("\nconfusion: rows are spoken, columns are heard");
    cli_table *t = cli_table_open();
    cli_table_cell(t, "", false);
    for (int32_t i = 0; i < d->n_labels; i++) add_head(t, d->labels[i], head_room(d));
    cli_table_row(t);
    for (int32_t i = 0; i < d->n_labels; i++) {
        cli_table_cell(t, d->labels[i], false);
        for (int32_t k = 0; k < d->n_labels; k++) {
            char text[32];
            snprintf(text, sizeof text, "%d", v->confusion[i * d->n_labels + k]);
            cli_table_cell(t, strcmp(text, "0") ? text : ".", true);
        }
        cli_table_row(t);
    }
    cli_table_print(t);
    cli_table_close(t);
}

/* For other runtimes to be compared with, and to see which clips fail. */
typedef struct dump {
    cli_dump to;
    size_t row;
} dump;

enum { CLASSES, FEATURES, CLIPS };
static const char *const dump_names[] = {
    [CLASSES] = "classes.txt", [FEATURES] = "features.f32", [CLIPS] = "clips.txt", NULL};

static void dump_clip(void *ctx, const nas_clip *clip, const float *x, int32_t class) {
    const dump *d = ctx;
    fprintf(d->to.file[CLIPS], "%s\n", clip->name);
    fwrite(x, sizeof *x, d->row, d->to.file[FEATURES]);
    fprintf(d->to.file[CLASSES], "%d\n", class);
}

static nas_status print_verdict(const cli_models *q, nas_arena *a, const nas_deployed *d,
                                const nas_verdict *v, nas_err *err) {
    if (q->json) return print_json(a, d, v, q->by_speaker, err);
    print_text(d, v);
    return q->by_speaker ? cli_print_speakers(a, d, v, err) : NAS_OK;
}

int cli_eval_clips(const cli_models *q, const cli_scratch *s) {
    nas_err err = {0};
    nas_deployed d;
    nas_verdict v;
    dump out = {0};
    const nas_deployed_paths paths = {q->model[0], q->frontend, q->labels};
    if (nas_deployed_open(s->arena, &paths, &d, &err) != NAS_OK) return cli_fail(&err);
    d.runtime = (nas_runtime)q->runtime;
    if (q->dump && !cli_dump_open(&out.to, q->dump, dump_names)) return CLI_FAILED;
    out.row = (size_t)d.frames * (size_t)d.features;
    cli_tell_changes(paths.model, &d.graph);
    nas_status st =
        nas_deployed_judge(&d, q->data, q->part, q->allow_missing, &s->cache, cli_log(false),
                           s->arena, q->dump ? dump_clip : NULL, &out, &v, &err);
    cli_clear_line();
    if (!cli_dump_close(&out.to, st == NAS_OK)) return CLI_FAILED;
    if (st == NAS_OK) st = print_verdict(q, s->arena, &d, &v, &err);
    return st == NAS_OK ? CLI_OK : cli_fail(&err);
}
