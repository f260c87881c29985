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

static void say_absent(const char *what) {
    printf("          %s: only the file is checked; --data names another\n", what);
}

/* Lists of a split stand in the folder. */
static void check_lists(const nas_split_config *split, const char *folder) {
    const char *const lists[] = {split->train_list, split->validation_list, split->test_list};
    char path[4096], text[4224];
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (split->by != NAS_BY_LISTS || !lists[i]) continue;
        snprintf(path, sizeof path, "%s/%s", folder, lists[i]);
        snprintf(text, sizeof text, "the list %s is not there", path);
        if (!nas_path_exists(path)) say(text);
    }
}

/* Class folders alone are looked at; *classes: how many the data has, where labels do not say. */
static void check_clips(const nas_task *task, const char *data, nas_arena *a, int32_t *classes) {
    nas_err err = {0};
    int32_t n = 0;
    if (!nas_path_is_dir(data)) {
        say_absent(nas_path_exists(data) ? "that is not a folder" : "that folder is not there");
        return;
    }
    const nas_clips_options o = {.folder = data,
                                 .labels = task->labels,
                                 .n_labels = task->n_labels,
                                 .parts = task->split.by == NAS_BY_FOLDERS,
                                 .unknown = &task->unknown,
                                 .silence = &task->silence};
    if (nas_clips_classes(a, &o, &n, &err) != NAS_OK)
        say(err.text);
    else if (!*classes)
        *classes = n;
    check_lists(&task->split, data);
}

/* A table is read whole: columns, times, windows. */
static void check_table(const nas_task *task, const char *data, nas_arena *a) {
    nas_err err = {0};
    const nas_cache none = {.dir = ""};
    nas_dataset d;
    char line[512];
    if (!nas_path_exists(data)) {
        say_absent("that file is not there");
        return;
    }
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
    int32_t classes = task->ops->outputs(task);
    if (task->ops->evaluate) {
        puts("data      none: a formula");
        return classes;
    }
    fputs("data      ", stdout);
    cli_print_visible(stdout, data ? data : task->data, false);
    putchar('\n');
    if (!data) data = task->data;
    if (task->ops == &nas_task_keywords)
        check_clips(task, data, a, &classes);
    else
        check_table(task, data, a);
    return classes;
}
