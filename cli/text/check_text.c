/* cli/text/check_text.c - what nas data check prints. */
#include "cli/data_check.h"
#include "cli/text/task.h"
#include "search/task/task.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names of files are in it, and may hold anything. */
static void print_finding(int32_t i, const char *said) {
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (f) cli_print_visible(f, said, false);
    if (f && fclose(f) == 0) {
        const int at = printf("%3d  ", i);
        cli_print_wrapped(stdout, text, at, at);
    }
    free(text);
}

void cli_check_print(const cli_checked *c) {
    char what[512] = "";
    c->d->task->ops->describe(c->d, what, sizeof what);
    printf("%s: %s\n", c->space, what);
    if (c->d->folder) {
        fputs("data: ", stdout);
        cli_print_visible(stdout, c->d->folder, false);
        putchar('\n');
    }
    const cli_task *task = cli_task_find(c->d->task->ops->name);
    if (task && task->check_print) task->check_print(c);
    putchar('\n');
    for (int32_t i = 0; i < c->n; i++) print_finding(i + 1, c->said[i]);
    if (c->n)
        printf("%d finding%s\n", c->n, c->n == 1 ? "" : "s");
    else
        puts("nothing found");
}

void cli_check_json(const cli_checked *c) {
    fputs("{\"space\": ", stdout);
    cli_print_json_text(c->space);
    if (c->d->folder) {
        fputs(", \"data\": ", stdout);
        cli_print_json_text(c->d->folder);
    }
    const cli_task *task = cli_task_find(c->d->task->ops->name);
    if (task && task->check_json) task->check_json(c);
    fputs(", \"findings\": [", stdout);
    for (int32_t i = 0; i < c->n; i++) {
        if (i) fputs(", ", stdout);
        cli_print_json_text(c->said[i]);
    }
    puts("]}");
}
