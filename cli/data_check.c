/* cli/data_check.c - nas data check: opens the data as nas run does, and collects what is said. */
#include "cli/data_check.h"

#include "base/files/file.h"
#include "cli/data.h"
#include "cli/scratch.h"
#include "search/space/space.h"
#include "search/task/keywords/keywords.h"

#include <stdio.h>
#include <string.h>

enum { POINTS = 500, FRONTS = 64, SAID = 1000 };

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

/* The front ends that the space's points have. */
typedef struct fronts {
    int32_t n;
    nas_frontend_config v[FRONTS];
} fronts;

static bool add_front(fronts *f, const nas_frontend_config *c) {
    for (int32_t i = 0; i < f->n; i++)
        if (memcmp(&f->v[i], c, sizeof *c) == 0) return false;
    if (f->n == FRONTS) return false;
    memcpy(&f->v[f->n++], c, sizeof *c);
    return true;
}

static nas_status look_at(const nas_space *s, const nas_point *p, int32_t outputs, fronts *f,
                          const nas_log *log, nas_err *err) {
    nas_arena *a = NULL;
    nas_candidate c;
    nas_err why = {0};
    int32_t empty;
    NAS_TRY(nas_arena_open(&a, err));
    nas_status st = nas_space_candidate(s, a, p, outputs, &c, &why);
    if (st == NAS_OK && add_front(f, &c.frontend))
        st = nas_keywords_warn_of_gaps(&c, log, &empty, &why);
    nas_arena_close(a);
    if (st == NAS_OK || st == NAS_ESHAPE || st == NAS_EINVAL)
        return NAS_OK; /* an impossible point */
    return nas_fail(err, st, "%s", why.text);
}

static nas_status look_at_fronts(const nas_space *s, int32_t outputs, fronts *f, nas_arena *a,
                                 const nas_log *log, nas_err *err) {
    const int64_t points = nas_space_points(s);
    const bool all = points >= 0 && points <= POINTS;
    nas_point p = {nas_arena_array(a, (size_t)nas_space_params(s) + 1, sizeof(double), err)};
    if (!p.values) return NAS_ENOMEM;
    for (int64_t i = 0; i < (all ? points : POINTS); i++) {
        if (all)
            nas_space_grid(s, i, &p);
        else
            nas_space_random(s, nas_space_search(s)->seed, i, 0, &p);
        NAS_TRY(look_at(s, &p, outputs, f, log, err));
    }
    return NAS_OK;
}

static nas_status check(const cli_check_options *o, const nas_space *s, cli_scratch *room,
                        nas_err *err) {
    nas_dataset d;
    const nas_audit_table *table = NULL;
    fronts f = {.n = 0};
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
    const nas_audit *audit = nas_audit_of(&d);
    if (audit) st = look_at_fronts(s, d.outputs, &f, room->arena, &log, err);
    if (st == NAS_OK) st = nas_audit_series(&d, room->arena, &table, err);
    if (st == NAS_OK && said.err.code != NAS_OK) st = nas_fail(err, NAS_ENOMEM, "out of memory");
    cli_clear_line();
    const cli_checked c = {.space = nas_space_name(s),
                           .d = &d,
                           .audit = audit,
                           .table = table,
                           .fronts = f.n,
                           .n = said.n,
                           .said = said.v};
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
