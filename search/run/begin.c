/* search/run/begin.c - the study of a run. */
#include "search/run/begin.h"
#include "store/file.h"

#include "search/run/run.h"
#include "search/space/changes.h"
#include "search/study/rebound.h"
#include "search/study/study.h"
#include "search/task/task.h"
#include "store/read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The study as an earlier run left it. */
typedef struct before {
    bool there, bare;
    nas_study def;
    nas_study_id id;
    char best[256]; /* its best trial, in words; "": it has none */
} before;

static bool note_best(void *ctx, const nas_row *row) {
    before *old = ctx;
    const nas_value *v = &row->values[1];
    char figure[32] = "";
    if (v->type == NAS_COLUMN_INTEGER)
        snprintf(figure, sizeof figure, "%" PRId64, v->integer);
    else
        snprintf(figure, sizeof figure, "%.4f", v->real);
    if (!v->is_null)
        snprintf(old->best, sizeof old->best, "trial %" PRId64 ", %.100s %s",
                 row->values[0].integer, old->def.goals[0].column, figure);
    return false;
}

/* A study that is damaged in what is only said here is met again when it is joined. */
static void find_best(const nas_begin *b, before *old) {
    if (old->def.n_goals < 1) return;
    const char *const columns[] = {"number", old->def.goals[0].column};
    const nas_trials_ask ask = {.among = NAS_AMONG_BEST, .columns = columns, .n_columns = 2};
    (void)!nas_store_trials(b->store, &old->def, &ask, note_best, old, NULL);
}

/* What the workers of earlier runs held. */
static nas_status take_back(const nas_begin *b, nas_study_id id, nas_err *err) {
    const int32_t no_fault = -1;
    int32_t n;
    return nas_store_reap(b->store, id, no_fault, "the run ended", b->gone, b->gone_ctx, &n, err);
}

static nas_status look_back(const nas_begin *b, nas_arena *a, before *old, nas_err *err) {
    const char *name = nas_space_name(b->space);
    *old = (before){0};
    if (nas_store_lacks_wal(b->store))
        nas_warn(
            b->log,
            "%s seems to be a copy that was made while a run wrote to it, without %s-wal: what "
            "was written last may be missing, and is made again. `nas copy` copies all of a "
            "database",
            b->db, b->db);
    old->there = nas_store_find(b->store, name, a, &old->def, &old->id, NULL) == NAS_OK;
    if (!old->there) return NAS_OK;
    NAS_TRY(take_back(b, old->id, err));
    find_best(b, old);
    NAS_TRY(nas_store_is_bare(b->store, name, &old->bare, err));
    if (old->bare && b->data->n_marks) /* a formula has no examples */
        nas_warn(b->log,
                 "study %s was begun by a nas that kept no single examples: its constraints are "
                 "tested against bare figures, not against the ends of intervals. Another --db or "
                 "name has them",
                 name);
    return NAS_OK;
}

/* What models will be asked about, so that people can look it up. */
static nas_status put_examples(const nas_begin *b, nas_study_id id, nas_arena *a, nas_err *err) {
    const nas_dataset *d = b->data;
    nas_example *rows = NULL;
    int32_t n = 0;
    const nas_arena_mark mark = nas_arena_here(a);
    if (!d->n_marks) return NAS_OK;
    NAS_TRY(d->task->ops->examples(d, a, &rows, &n, err));
    const nas_status st = nas_store_put_examples(b->store, id, rows, n, err);
    nas_arena_back(a, mark);
    return st;
}

/* Of the bounds that are kept: they are where bare figures are tested, too. */
static double sure_of(double confidence) {
    return confidence > 0 ? confidence : NAS_CONFIDENCE;
}

static void tell_space(const nas_begin *b, const before *old, nas_study_id id, nas_arena *a) {
    const char *changed = "";
    (void)!nas_space_changes(a, old->def.space_text, nas_space_text(b->space), &changed, NULL);
    nas_warn(b->log,
             "study %s: the space is another than version %" PRId64 "'s (%s): version %" PRId64
             " %s. Results that another version has of the same candidate are taken over",
             old->def.name, old->id.version,
             *changed ? changed : "the file says the same, this nas reads it in another way",
             id.version, id.joined ? "goes on" : "begins");
}

static void tell_data(const nas_begin *b, const before *old, nas_study_id id) {
    char was[65], now[65], first[96] = "nothing is known of these settings there";
    nas_hash_hex(&old->def.fingerprint, was);
    nas_hash_hex(&b->data->fingerprint, now);
    if (id.joined)
        snprintf(first, sizeof first, "it has trials already");
    else if (id.first)
        snprintf(first, sizeof first,
                 "the %d best settings of the version before are trained first", id.first);
    nas_warn(b->log,
             "study %s: the data or their split are others than version %" PRId64
             "'s, or another nas reads them (fingerprint %.16s, now %.16s): version %" PRId64
             " %s, %s. Figures of the two are of other examples, and no result is taken over",
             old->def.name, old->id.version, was, now, id.version, id.joined ? "goes on" : "begins",
             first);
}

/* Old trials stay, but whoever looks at the views no longer sees them. */
static void tell_version(const nas_begin *b, const before *old, nas_study_id id,
                         const nas_study *def, nas_arena *a) {
    if (!old->there || id.version == old->id.version) return;
    if (!nas_hash_equal(&old->def.space_hash, &def->space_hash)) tell_space(b, old, id, a);
    if (!nas_hash_equal(&old->def.fingerprint, &def->fingerprint)) tell_data(b, old, id);
    nas_warn(b->log,
             "study %s: views and the winner are version %" PRId64 "'s from now on. The best of "
             "version %" PRId64 " was %s: nas top %s --version %" PRId64 " lists its trials",
             old->def.name, id.version, old->id.version, *old->best ? old->best : "none", b->db,
             old->id.version);
}

/* Names that a database has no room for. */
static void tell_names(const nas_begin *b, nas_study_id id, const nas_study *def, nas_arena *a) {
    const char *column;
    for (int32_t i = 0; i < def->n_params; i++)
        if (strlen(def->params[i].name) > NAS_NAME_MOST &&
            nas_store_param_column(b->store, id, i, a, &column, NULL) == NAS_OK &&
            strcmp(def->params[i].name, column) != 0)
            nas_warn(b->log,
                     "study %s: %s is the column %s in SQL, where names have %d letters at most",
                     def->name, nas_space_param(b->space, i)->path, column, (int)NAS_NAME_MOST);
}

static nas_status join_patiently(const nas_begin *b, const before *old, const nas_study *def,
                                 nas_study_id *out, nas_err *err) {
    nas_status st;
    while ((st = nas_store_study(b->store, def, out, err)) == NAS_EBUSY && old->there &&
           b->wait(b->gone_ctx))
        NAS_TRY(take_back(b, old->id, err));
    return st == NAS_EBUSY && nas_should_stop(b->log) ? nas_fail(err, NAS_ESTOP, "stopped") : st;
}

/* Another confidence is written with the bounds that are computed for it. Those of other data may
 * be of the confidence of their time, until then of none. */
static nas_status join(const nas_begin *b, const before *old, nas_arena *a, nas_study_id *out,
                       nas_err *err) {
    nas_study def;
    NAS_TRY(nas_study_define(b->space, &b->data->fingerprint, b->seed, b->trials, old->bare, a,
                             &def, err));
    const double wanted = def.confidence, none = 1e-9;
    const bool moved = !nas_hash_equal(&old->def.fingerprint, &def.fingerprint);
    const bool again =
        old->there && !old->bare && (moved || sure_of(old->def.confidence) != sure_of(wanted));
    if (again) def.confidence = moved ? none : old->def.confidence;
    if (!b->data->task->ops->evaluate) def.kernel = b->kernel; /* a formula is not trained */
    NAS_TRY(join_patiently(b, old, &def, out, err));
    tell_version(b, old, *out, &def, a);
    tell_names(b, *out, &def, a);
    if (old->bare) return NAS_OK;
    NAS_TRY(put_examples(b, *out, a, err));
    if (!again) return NAS_OK;
    return nas_bounds_again(b->store, *out, b->data, b->seed, wanted, err);
}

nas_status nas_begin_study(const nas_begin *b, nas_arena *a, nas_study_id *out, bool *bare,
                           nas_err *err) {
    before old;
    NAS_TRY(look_back(b, a, &old, err));
    *bare = old.bare;
    return join(b, &old, a, out, err);
}
