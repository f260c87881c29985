/* cli/space_data.c - nas space: what of a space's data can be checked without reading sounds. */
#include "cli/space_data.h"

#include "cli/cli.h"
#include "search/task/task.h"

#include <stdio.h>
#include <string.h>

static void say(const char *text) {
    fputs("          ", stdout);
    cli_print_visible(stdout, text, false);
    putchar('\n');
}

/* Then nothing but the space file can be checked. */
static bool is_absent(const nas_task_ops *task, const char *data) {
    const bool folder = strcmp(task->data_word, "folder") == 0, there = nas_path_exists(data);
    if (folder ? nas_path_is_dir(data) : there) return false;
    printf("          the data %s: only the space file is checked; --data names other data\n",
           !folder ? "file is absent"
           : there ? "are not a folder"
                   : "folder is absent");
    return true;
}

static void say_warning(void *ctx, const char *text) {
    (void)ctx;
    say(text);
}

static void glance(const nas_task *task, const char *data, nas_arena *a, int32_t *outputs) {
    const nas_log log = {.warn = say_warning};
    nas_err err = {0};
    if (task->ops->glance(task, data, a, &log, outputs, &err) != NAS_OK) say(err.text);
}

/* All of it is read. */
static void open_data(const nas_task *task, const char *data, nas_arena *a) {
    nas_err err = {0};
    const nas_cache none = {.dir = ""};
    nas_dataset d;
    char line[512];
    if (nas_dataset_open(a, task, data, false, &none, cli_log(false), &d, &err) != NAS_OK) {
        cli_clear_line();
        say(err.text);
        return;
    }
    task->ops->describe(&d, line, sizeof line);
    cli_clear_line();
    say(line);
    nas_dataset_close(&d);
}

int32_t cli_space_data(const nas_task *task, const char *data, nas_arena *a) {
    int32_t outputs = task->ops->outputs(task);
    if (task->ops->evaluate) {
        puts("data      none: a formula");
        return outputs;
    }
    fputs("data      ", stdout);
    cli_print_visible(stdout, data ? data : task->data, false);
    putchar('\n');
    if (!data) data = task->data;
    if (is_absent(task->ops, data)) return outputs;
    if (task->ops->glance)
        glance(task, data, a, &outputs);
    else
        open_data(task, data, a);
    return outputs;
}
