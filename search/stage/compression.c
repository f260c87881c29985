/* search/stage/compression.c - from the trained net to the file's bytes: folding, clusters,
 * fine-tuning, number format. What each step did is measured on a file as it was then. */
#include "search/candidate/blocks.h"
#include "search/stage/evaluate.h"

#include "core/compress/cluster.h"
#include "core/compress/even.h"
#include "core/compress/tune.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct chain {
    const nas_evaluator *e;
    const nas_candidate *c;
    const nas_features *f;
    const nas_trained *trained;
    nas_arena *a;
    nas_outcome *out;
    nas_err *err;
    const float *x; /* calibration rows */
    nas_net *net;   /* folded, from then on changed by each step */
    bool steps;     /* each step is measured */
} chain;

static const nas_format_ops *format_of(const nas_candidate *c) {
    return nas_format_at((nas_format)c->quantize.kind);
}

static bool is_scaled(const nas_candidate *c) {
    return format_of(c)->rounding == NAS_ROUND_CODES;
}

static bool is_dense_by_channel(const nas_candidate *c) {
    return c->quantize.dense_scales == NAS_DENSE_BY_CHANNEL;
}

static nas_cluster_scales scales_of(const nas_candidate *c) {
    if (!is_scaled(c)) return NAS_CLUSTER_UNSCALED;
    return is_dense_by_channel(c) ? NAS_CLUSTER_DENSE_BY_CHANNEL : NAS_CLUSTER_SCALED;
}

static nas_hash cluster_key(const nas_evaluator *e, const nas_candidate *c, const nas_hash *train) {
    if (!c->cluster.on) return *train;
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "cluster");
    nas_hasher_i64(&h, NAS_CLUSTER_VERSION);
    nas_hasher_i64(&h, NAS_TUNE_VERSION);
    nas_hasher_hash(&h, train);
    nas_candidate_bits(c, NAS_BITS_CLUSTERS, &h);
    nas_hasher_i64(&h, scales_of(c));
    nas_hasher_text(&h, nas_kernel_name(e->kernel));
    return nas_hasher_end(&h);
}

static nas_hash tune_key(const nas_candidate *c, const nas_hash *before) {
    if (!c->quantize.fine_tune_epochs) return *before;
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "tune");
    nas_hasher_i64(&h, NAS_TUNE_VERSION);
    nas_hasher_hash(&h, before);
    nas_candidate_bits(c, NAS_BITS_TUNING, &h);
    return nas_hasher_end(&h);
}

static nas_hash export_key(const nas_candidate *c, const nas_hash *before) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "export");
    nas_hasher_text(&h, nas_zlib_version());
    nas_hasher_i64(&h, NAS_EXPORT_VERSION);
    nas_hasher_i64(&h, NAS_DEPLOY_VERSION);
    nas_hasher_hash(&h, before);
    nas_candidate_bits(c, NAS_BITS_FILE, &h);
    return nas_hasher_end(&h);
}

/* Where the figures of a stage lie when sums are among them. */
static nas_hash place_of(const nas_evaluator *e, const nas_hash *key) {
    if (!e->sums) return *key;
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "sums");
    nas_hasher_hash(&h, key);
    return nas_hasher_end(&h);
}

static nas_status write_file(nas_graph *g, nas_format format, const float *x, int32_t n,
                             const nas_notes *notes, nas_arena *a, nas_bytes *out, nas_err *err) {
    nas_graph formatted = nas_graph_start(a);
    uint8_t *bytes;
    NAS_TRY(nas_format_ship(g, format, x, n, &formatted, err));
    NAS_TRY(nas_tflite_write_noted(&formatted, notes, a, &bytes, &out->n, err));
    out->p = bytes;
    return NAS_OK;
}

nas_status nas_export_net(const nas_net *net, nas_format format, const float *x, int32_t n,
                          nas_arena *a, nas_bytes *tflite, nas_err *err) {
    nas_graph g = nas_graph_start(a);
    NAS_TRY(nas_net_lower(net, &g, err));
    NAS_TRY(nas_graph_fold(&g, err));
    return write_file(&g, format, x, n, NULL, a, tflite, err);
}

/* Versions that are in the file's key too and, of the file that ships, the settings of compression:
 * files of steps are the same for all candidates that share the step. */
static const char *describe(const chain *k, bool ships) {
    const char *said = nas_arena_format(k->a, k->err, "nas, training %d, inference %d",
                                        NAS_TRAIN_VERSION, NAS_DEPLOY_VERSION);
    if (!ships) return said;
    for (const nas_block_row *r = NULL; said && (r = nas_block_next_row(r, NAS_ROLE_NOTED));) {
        const char *text = nas_block_text(r, k->c);
        if (*text) said = nas_arena_format(k->a, k->err, "%s; %s %s", said, r->key, text);
    }
    return said;
}

/* *out: NULL where the candidate wants no names. */
static nas_status take_notes(const chain *k, bool ships, nas_notes *notes, const nas_notes **out) {
    const nas_task_ops *ops = k->e->data->task->ops;
    *out = NULL;
    *notes = (nas_notes){.description = NULL};
    if (!k->c->export.names) return NAS_OK;
    if (!(notes->description = describe(k, ships))) return NAS_ENOMEM;
    *out = notes;
    return ops->notes ? ops->notes(k->e->data, k->c, k->f, k->a, notes, k->err) : NAS_OK;
}

/* The float graph of a net as its task ships it. */
static nas_status lower(const chain *k, const nas_net *net, bool fold, nas_graph *g) {
    const nas_task_ops *ops = k->e->data->task->ops;
    NAS_TRY(nas_net_lower(net, g, k->err));
    if (fold) NAS_TRY(nas_graph_fold(g, k->err));
    g->dense_by_channel = is_dense_by_channel(k->c);
    return ops->finish ? ops->finish(k->e->data, k->c, g, k->err) : NAS_OK;
}

/* Each at most once in a chain, so that a chain has room for all. */
static const char *const step_names[] = {"dense", "pruned", "folded", "clustered", "quantised"};
_Static_assert(sizeof step_names / sizeof *step_names <= NAS_STEPS, "room for each step once");

static void add_step(chain *k, const nas_step_figures *s) {
    assert(k->out->n_steps < NAS_STEPS);
    k->out->steps[k->out->n_steps++] = *s;
}

static nas_status note_step(chain *k, const char *name, const nas_bytes *file, int64_t zlib_bytes) {
    nas_step_figures s = {.name = name, .tflite_bytes = (int64_t)file->n, .zlib_bytes = zlib_bytes};
    nas_tally t = {0};
    NAS_TRY(nas_score_file(k->e->data, k->c, k->f, k->a, *file, k->e->log, &t, &s.score, k->err));
    s.sums.n = t.n;
    memcpy(s.sums.sum, t.sum, sizeof t.sum);
    add_step(k, &s);
    return NAS_OK;
}

static nas_hash figures_key(const chain *k, const nas_hash *net, const char *name) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "figures");
    nas_hasher_i64(&h, NAS_EXPORT_VERSION);
    nas_hasher_i64(&h, NAS_DEPLOY_VERSION);
    nas_hasher_hash(&h, net);
    nas_hasher_text(&h, name);
    nas_candidate_bits(k->c, NAS_BITS_STEPS, &h);
    if (k->e->data->task->ops->finish) { /* what it does to a net hangs on what is to come */
        nas_hasher_i64(&h, k->c->quantize.kind);
        nas_hasher_i64(&h, k->c->cluster.on);
    }
    return nas_hasher_end(&h);
}

/* Bytes of the sums of a step in payloads. */
static size_t sums_bytes(const chain *k) {
    return k->e->sums ? sizeof(nas_sums) : 0;
}

static bool find_figures(chain *k, const nas_hash *key, const char *name) {
    nas_cached cached;
    nas_step_figures s = {0};
    bool found = false;
    if (nas_stage_get(k->e, key, &cached, &found, NULL) != NAS_OK || !found) return false;
    found = cached.bytes == sizeof s.score + 2 * sizeof s.tflite_bytes + sums_bytes(k);
    if (found) {
        memcpy(&s.score, cached.p, sizeof s.score);
        memcpy(&s.tflite_bytes, cached.p + 8, sizeof s.tflite_bytes);
        memcpy(&s.zlib_bytes, cached.p + 16, sizeof s.zlib_bytes);
        memcpy(&s.sums, cached.p + 24, sums_bytes(k));
        s.name = name;
        add_step(k, &s);
    }
    nas_cache_release(&cached);
    return found;
}

static nas_status keep_figures(const chain *k, const nas_hash *key) {
    const nas_step_figures *s = &k->out->steps[k->out->n_steps - 1];
    const nas_piece pieces[] = {{&s->score, sizeof s->score},
                                {&s->tflite_bytes, sizeof s->tflite_bytes},
                                {&s->zlib_bytes, sizeof s->zlib_bytes},
                                {&s->sums, sums_bytes(k)}};
    return nas_stage_put(k->e, key, "figures", pieces, k->e->sums ? 4 : 3, k->err);
}

/* The file of a net as it is at this point, which lies under `from`; without folding it is the net
 * as it was trained. */
static nas_status note_float(chain *k, const char *name, const nas_net *net, const nas_hash *from,
                             bool fold) {
    if (!k->steps) return NAS_OK;
    const nas_hash own = figures_key(k, from, name), key = place_of(k->e, &own);
    if (find_figures(k, &key, name)) return NAS_OK;
    nas_graph g = nas_graph_start(k->a);
    nas_bytes file = {0};
    nas_notes notes;
    const nas_notes *noted;
    uint8_t *zlib;
    size_t n;
    NAS_TRY(lower(k, net, fold, &g));
    NAS_TRY(take_notes(k, false, &notes, &noted));
    NAS_TRY(write_file(&g, NAS_FORMAT_EXACT, NULL, 0, noted, k->a, &file, k->err));
    NAS_TRY(nas_zlib_stream(file.p, file.n, NAS_ZLIB_QUICK, k->a, &zlib, &n, k->err));
    NAS_TRY(note_step(k, name, &file, (int64_t)n));
    return keep_figures(k, &key);
}

static nas_status diverged(chain *k, const char *what) {
    k->out->state = NAS_DIVERGED;
    k->out->reason = nas_arena_format(k->a, k->err, "the loss of %s was not finite", what);
    return k->out->reason ? NAS_OK : NAS_ENOMEM;
}

static nas_status tune_on(chain *k, const nas_refresh *refresh, const nas_tuning *tuning,
                          int32_t epochs, double rate, const char *what) {
    const nas_evaluator *e = k->e;
    const nas_examples train = nas_refresh_examples(refresh, e, k->f);
    const nas_tune_run how = {
        .trainer = {.config = &k->c->train,
                    .train = &train,
                    .maker = nas_augment_maker(&k->c->augment),
                    .seed = e->seed,
                    .replicate = e->replicate,
                    .refresh = refresh->epoch,
                    .refresh_ctx = refresh->ctx},
        .epochs = epochs,
        .learning_rate = rate,
        .log = e->log,
    };
    nas_train_end end = NAS_TRAIN_DONE;
    NAS_TRY(nas_tune(k->net, tuning, &how, &end, k->err));
    return end == NAS_TRAIN_DIVERGED ? diverged(k, what) : NAS_OK;
}

/* Fine-tuning on the training set with its augmentation. */
static nas_status tune(chain *k, const nas_tuning *tuning, int32_t epochs, double rate,
                       const char *what) {
    nas_refresh refresh;
    if (!epochs) return NAS_OK;
    NAS_TRY(nas_refresh_open(k->e, k->c, k->f, &refresh, k->err));
    const nas_status st = tune_on(k, &refresh, tuning, epochs, rate, what);
    nas_refresh_close(&refresh);
    return st;
}

static bool load_net(chain *k, const nas_hash *key) {
    nas_cached cached;
    bool found = false;
    if (nas_stage_get(k->e, key, &cached, &found, NULL) != NAS_OK || !found) return false;
    found = nas_net_load(k->net, cached.p, cached.bytes, NULL) == NAS_OK;
    nas_cache_release(&cached);
    return found;
}

static nas_status save_net(const chain *k, const nas_hash *key, const char *kind) {
    const size_t n = nas_net_state_bytes(k->net);
    void *state = malloc(n + 1);
    if (!state) return nas_fail(k->err, NAS_ENOMEM, "compression: out of memory");
    nas_net_save(k->net, state);
    const nas_piece piece = {state, n};
    const nas_status st = nas_stage_put(k->e, key, kind, &piece, 1, k->err);
    free(state);
    return st;
}

static void note_epochs(const chain *k, int32_t epochs, bool found) {
    *(found ? &k->out->epochs_saved : &k->out->epochs_trained) += epochs;
}

static bool is_over(const chain *k) {
    return k->out->state != NAS_COMPLETE;
}

static nas_status make_clusters(chain *k, const nas_hash *key) {
    const nas_cluster_config *config = &k->c->cluster;
    const nas_tuning tuning = {.rounding = NAS_ROUND_NONE};
    NAS_TRY(nas_cluster_net(k->net, config, scales_of(k->c), k->e->seed, k->e->replicate, k->err));
    NAS_TRY(tune(k, &tuning, config->fine_tune_epochs, config->fine_tune_learning_rate,
                 "the clusters' fine-tuning"));
    return is_over(k) ? NAS_OK : save_net(k, key, "cluster");
}

static nas_status cluster_step(chain *k, const nas_hash *key) {
    if (!k->c->cluster.on) return NAS_OK;
    const nas_stopwatch since = nas_stopwatch_start();
    bool reused = load_net(k, key);
    if (!reused) {
        nas_lock claim;
        NAS_TRY(nas_stage_claim(k->e, key, &claim, k->err));
        /* It may have been computed since it was looked for. */
        reused = load_net(k, key);
        const nas_status st = reused ? NAS_OK : make_clusters(k, key);
        nas_stage_unclaim(k->e, key, &claim);
        NAS_TRY(st);
    }
    note_epochs(k, k->c->cluster.fine_tune_epochs, reused);
    if (is_over(k)) return NAS_OK;
    nas_note_stage(k->out, "cluster", key, reused, since);
    return note_float(k, "clustered", k->net, key, true);
}

static nas_status replace_net(chain *k, nas_net *net) {
    nas_net_close(k->net);
    k->net = net;
    return NAS_OK;
}

static nas_status tune_step(chain *k, const nas_hash *key) {
    const nas_quantize_config *q = &k->c->quantize;
    const nas_tuning tuning = {
        .all = true,
        .rounding = format_of(k->c)->rounding,
        .least = format_of(k->c)->least,
        .dense_by_channel = is_dense_by_channel(k->c),
    };
    if (!q->fine_tune_epochs) return NAS_OK;
    const nas_stopwatch since = nas_stopwatch_start();
    if (format_of(k->c)->integer) {
        nas_net *rounded = NULL;
        NAS_TRY(nas_net_round(k->net, k->x, k->e->data->n_calibration, &rounded, k->err));
        NAS_TRY(replace_net(k, rounded));
    }
    const bool reused = load_net(k, key);
    if (!reused) {
        NAS_TRY(tune(k, &tuning, q->fine_tune_epochs, q->fine_tune_learning_rate,
                     "fine-tuning through the rounding"));
        if (!is_over(k)) NAS_TRY(save_net(k, key, "tune"));
    }
    note_epochs(k, q->fine_tune_epochs, reused);
    if (is_over(k)) return NAS_OK;
    nas_note_stage(k->out, "tune", key, reused, since);
    return NAS_OK;
}

/* Payload of the export stage: the steps' figures, their sums where they are wanted, the file. */
typedef struct stored_step {
    int32_t name;
    int64_t tflite_bytes, zlib_bytes;
    double score;
} stored_step;

typedef struct stored_head {
    int32_t n;
    stored_step steps[NAS_STEPS];
} stored_head;

static int32_t name_index(const char *name) {
    int32_t i = 0;
    while (strcmp(step_names[i], name) != 0) i++;
    return i;
}

static nas_status store_export(const chain *k, const nas_hash *key) {
    stored_head head;
    memset(&head, 0, sizeof head);
    head.n = k->out->n_steps;
    for (int32_t i = 0; i < head.n; i++) {
        const nas_step_figures *s = &k->out->steps[i];
        head.steps[i].name = name_index(s->name);
        head.steps[i].tflite_bytes = s->tflite_bytes;
        head.steps[i].zlib_bytes = s->zlib_bytes;
        head.steps[i].score = s->score;
    }
    nas_piece pieces[NAS_STEPS + 2] = {{&head, sizeof head}};
    int32_t n = 1;
    for (int32_t i = 0; k->e->sums && i < head.n; i++)
        pieces[n++] = (nas_piece){&k->out->steps[i].sums, sizeof(nas_sums)};
    pieces[n++] = (nas_piece){k->out->tflite.p, k->out->tflite.n};
    return nas_stage_put(k->e, key, "export", pieces, n, k->err);
}

static nas_status take_export(chain *k, const nas_cached *cached, bool *fine) {
    const int32_t names = (int32_t)(sizeof step_names / sizeof *step_names);
    stored_head head;
    *fine = false;
    if (cached->bytes <= sizeof head) return NAS_OK;
    memcpy(&head, cached->p, sizeof head);
    if (head.n < 0 || head.n > NAS_STEPS) return NAS_OK;
    const size_t sums = sums_bytes(k), before = sizeof head + (size_t)head.n * sums;
    if (cached->bytes <= before) return NAS_OK;
    for (int32_t i = 0; i < head.n; i++) {
        const stored_step *s = &head.steps[i];
        if (s->name < 0 || s->name >= names) return NAS_OK;
        nas_step_figures *to = &k->out->steps[i];
        *to = (nas_step_figures){.name = step_names[s->name],
                                 .score = s->score,
                                 .tflite_bytes = s->tflite_bytes,
                                 .zlib_bytes = s->zlib_bytes};
        memcpy(&to->sums, cached->p + sizeof head + (size_t)i * sums, sums);
    }
    const size_t n = cached->bytes - before;
    uint8_t *copy = nas_arena_alloc(k->a, n, k->err);
    if (!copy) return NAS_ENOMEM;
    memcpy(copy, cached->p + before, n);
    k->out->n_steps = head.n;
    k->out->tflite = (nas_bytes){copy, n};
    *fine = true;
    return NAS_OK;
}

static nas_status try_export(chain *k, const nas_hash *key, bool *found) {
    nas_cached cached;
    NAS_TRY(nas_stage_get(k->e, key, &cached, found, k->err));
    if (!*found) return NAS_OK;
    const nas_status st = take_export(k, &cached, found);
    nas_cache_release(&cached);
    return st;
}

static nas_status compress(const chain *k) {
    nas_outcome *o = k->out;
    uint8_t *zlib;
    NAS_TRY(
        nas_zlib_stream(o->tflite.p, o->tflite.n, NAS_ZLIB_SHORT, k->a, &zlib, &o->zlib.n, k->err));
    o->zlib.p = zlib;
    return NAS_OK;
}

/* Clusters shared by a kernel bear one scale without it, and lose by it. */
static bool wants_even(const nas_candidate *c) {
    return is_scaled(c) && !is_dense_by_channel(c) && !c->cluster.on;
}

static nas_status make_export(chain *k, const nas_hash *clustered, const nas_hash *tuned) {
    const char *trained = k->c->prune.on ? "pruned" : "dense";
    const nas_hash *from = &k->trained->key;
    NAS_TRY(note_float(k, trained, k->trained->net, from, false));
    NAS_TRY(nas_net_fold(k->trained->net, &k->net, k->err));
    NAS_TRY(note_float(k, "folded", k->net, from, true));
    if (wants_even(k->c)) nas_net_even(k->net);
    NAS_TRY(cluster_step(k, clustered));
    if (!is_over(k)) NAS_TRY(tune_step(k, tuned));
    if (is_over(k)) return NAS_OK;
    const nas_format format = (nas_format)k->c->quantize.kind;
    nas_graph g = nas_graph_start(k->a);
    NAS_TRY(lower(k, k->net, true, &g));
    nas_notes notes;
    const nas_notes *noted;
    NAS_TRY(take_notes(k, true, &notes, &noted));
    NAS_TRY(write_file(&g, format, k->x, k->e->data->n_calibration, noted, k->a, &k->out->tflite,
                       k->err));
    NAS_TRY(compress(k));
    if (!k->steps || format_of(k->c)->rounding == NAS_ROUND_NONE) return NAS_OK;
    return note_step(k, "quantised", &k->out->tflite, (int64_t)k->out->zlib.n);
}

static nas_status calibrate(chain *k) {
    const size_t row = (size_t)k->f->h * (size_t)k->f->w;
    const nas_dataset *d = k->e->data;
    float *x = nas_arena_array(k->a, (size_t)d->n_calibration * row, sizeof *x, k->err);
    const nas_examples train = nas_features_part(d, k->f, NAS_TRAIN);
    for (int32_t i = 0; x && i < d->n_calibration; i++)
        memcpy(x + (size_t)i * row, nas_example_x(&train, d->calibration[i]), row * sizeof *x);
    k->x = x;
    return x ? NAS_OK : NAS_ENOMEM;
}

/* The stages that a file which was found had. */
static void note_found(chain *k, const nas_hash *clustered, const nas_hash *tuned) {
    const nas_stopwatch now = nas_stopwatch_start();
    if (k->c->cluster.on) {
        note_epochs(k, k->c->cluster.fine_tune_epochs, true);
        nas_note_stage(k->out, "cluster", clustered, true, now);
    }
    if (k->c->quantize.fine_tune_epochs) {
        note_epochs(k, k->c->quantize.fine_tune_epochs, true);
        nas_note_stage(k->out, "tune", tuned, true, now);
    }
}

nas_status nas_export_stage(const nas_evaluator *e, const nas_candidate *c, const nas_features *f,
                            const nas_trained *t, nas_arena *a, nas_outcome *out, nas_hash *key,
                            nas_err *err) {
    chain k = {.e = e, .c = c, .f = f, .trained = t, .a = a, .out = out, .err = err};
    k.steps = c->prune.on || c->cluster.on || format_of(c)->rounding != NAS_ROUND_NONE;
    const nas_hash clustered = cluster_key(e, c, &t->key), tuned = tune_key(c, &clustered);
    *key = export_key(c, &tuned);
    const nas_hash place = place_of(e, key);
    const nas_stopwatch since = nas_stopwatch_start();
    const int32_t before = out->n_stages;
    bool found;
    NAS_TRY(try_export(&k, &place, &found));
    if (!found) {
        NAS_TRY(calibrate(&k));
        nas_status st = make_export(&k, &clustered, &tuned);
        if (st == NAS_OK && !is_over(&k)) st = store_export(&k, &place);
        nas_net_close(k.net);
        NAS_TRY(st);
        if (is_over(&k)) return NAS_OK;
    } else {
        note_found(&k, &clustered, &tuned);
        NAS_TRY(compress(&k));
    }
    nas_note_stage(out, "export", key, found, since);
    /* What clusters and fine-tuning took is told by their own stages. */
    nas_stage_time *own = &out->stages[out->n_stages - 1];
    for (const nas_stage_time *s = out->stages + before; s < own; s++) {
        own->wall -= s->wall;
        own->cpu -= s->cpu;
    }
    return NAS_OK;
}
