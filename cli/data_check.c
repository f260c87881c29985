/* cli/data_check.c - nas data check: opens the data as nas run does, and collects what is said. */
#include "cli/data_check.h"

#include "base/files/file.h"
#include "cli/data.h"
#include "cli/scratch.h"
#include "cli/text/task.h"
#include "search/space/space.h"

#include <stdio.h>
#include <string.h>

enum { SAID = 1000 };

/* Warnings, each once. */
typedef struct notes {
    nas_arena *a;
    nas_err err;
    int32_t n;
    const char *v[SAID];
} notes;

static void take(void *ctx, const char *text) {
    notes *k = ctx;
    for (int32_t i = 0; i < k->n; i++)
        if (strcmp(k->v[i], text) == 0) return;
    if (k->n == SAID || k->err.code != NAS_OK) return;
    const char *copy = nas_arena_text(k->a, text, &k->err);
    if (copy) k->v[k->n++] = copy;
}

static nas_status check(const cli_check_options *o, const nas_space *s, cli_scratch *room,
                        nas_err *err) {
    nas_dataset d;
    notes said = {.a = room->arena};
    nas_log log = *cli_log(o->json);
    log.warn = take;
    log.ctx = &said;
    const nas_task *task = nas_space_task(s);
    nas_status st =
        nas_dataset_open(room->arena, task, o->data, o->allow_missing, &room->cache, &log, &d, err);
    if (st != NAS_OK) {
        for (int32_t i = 0; i < said.n; i++) nas_warn(cli_log(false), "%s", said.v[i]);
        cli_data_hint(o->data ? o->data : task->data, err);
        return st;
    }
    const cli_task *view = cli_task_find(task->ops->name);
    cli_checked c = {.space = nas_space_name(s), .d = &d};
    if (view && view->check) st = view->check(&c, s, room->arena, &log, err);
    if (st == NAS_OK && said.err.code != NAS_OK) st = nas_fail(err, NAS_ENOMEM, "out of memory");
    cli_clear_line();
    c.n = said.n;
    c.said = said.v;
    if (st == NAS_OK && o->json)
        cli_check_json(&c);
    else if (st == NAS_OK)
        cli_check_print(&c);
    nas_dataset_close(&d);
    return st;
}

/* What a run of the space has decoded already is not decoded again. */
static const char *cache_of(const cli_check_options *o, const nas_space *s, char *text, size_t n) {
    if (o->cache) return o->cache;
    snprintf(text, n, "%.200s.db.cache", nas_space_name(s));
    return nas_path_is_dir(text) ? text : NULL;
}

int cli_data_check(const cli_check_options *o) {
    nas_err err = {0};
    nas_space *s = NULL;
    cli_scratch room = {0};
    char cache[256];
    if (nas_space_open_with(o->space, o->patch, &s, &err) != NAS_OK) return cli_fail(&err);
    nas_status st = cli_scratch_open(&room, cache_of(o, s, cache, sizeof cache), &err);
    if (st == NAS_OK) st = check(o, s, &room, &err);
    if (room.arena) cli_scratch_close(&room);
    nas_space_close(s);
    return st == NAS_OK ? CLI_OK : cli_fail(&err);
}
