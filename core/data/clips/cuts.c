/* core/data/clips/cuts.c - which recordings go to which part, and where they are cut. */
#include "core/data/clips/cuts.h"

#include "base/rng.h"
#include "core/data/clips/int.h"
#include "core/data/clips/noise.h"
#include "core/data/split/int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SECONDS = 1800, MOST_PARTS = NAS_FOLDS_MOST + 2 };

typedef struct recording {
    const char *name; /* "_background_noise_/<file>" */
    uint64_t key;     /* hash of the name */
    nas_hash content;
    nas_sound sound; /* samples in the clips' arena */
    int64_t clip;    /* samples of a clip at its rate */
    int32_t part;    /* place among the parts */
} recording;

/* What is cut for one part from one recording: samples from .. to. */
typedef struct stretch {
    const recording *from;
    int32_t part;
    int64_t first, end;
    int64_t places; /* where a cut may begin */
    int64_t cuts;
} stretch;

typedef struct cutting {
    nas_clips *c;
    nas_arena *a; /* of c */
    const nas_log *log;
    int32_t n, left_out;
    recording *recordings; /* by name */
    double seconds;
    int32_t n_parts;
    uint8_t id[MOST_PARTS]; /* of a part: nas_part or fold */
    int64_t clips[MOST_PARTS];
    int64_t all; /* clips that have a part */
    int32_t n_stretches;
    stretch *stretches;
    int64_t wanted, made;
} cutting;

/* --- recordings */

static nas_status keep(cutting *t, const char *path, nas_sound *s, nas_err *err) {
    const int64_t clip = (int64_t)floor(t->c->clip_seconds * s->rate_hz + 0.5);
    const char *slash = strrchr(path, '/');
    recording *r = &t->recordings[t->n];
    if (s->samples < clip || clip < 1) {
        t->left_out++;
        return NAS_OK;
    }
    float *pcm = nas_arena_array(t->a, (size_t)s->samples, sizeof *pcm, err);
    const char *name =
        nas_arena_format(t->a, err, "%s/%s", nas_noise_folder, slash ? slash + 1 : path);
    if (!pcm || !name) return NAS_ENOMEM;
    memcpy(pcm, s->pcm, (size_t)s->samples * sizeof *pcm);
    const nas_hash key = nas_hash_of(name, strlen(name));
    *r = (recording){.name = name,
                     .key = nas_hash_u64(&key),
                     .sound = {.pcm = pcm, .samples = s->samples, .rate_hz = s->rate_hz},
                     .clip = clip,
                     .content = s->content};
    if (s->length > s->samples)
        nas_warn(t->log, "silence: of the recording %s only the first %d s are read", name,
                 MOST_SECONDS);
    if (s->floats && s->peak > 1)
        nas_warn(t->log,
                 "silence: floats of the recording %s reach %g and are cut off at 1; set "
                 "task.full_scale",
                 name, (double)s->peak);
    t->seconds += (double)s->samples / s->rate_hz;
    t->n++;
    return NAS_OK;
}

static nas_status read_one(cutting *t, const nas_noise_files *files, int32_t i, nas_err *err) {
    nas_err why = {0};
    nas_sound s;
    const nas_hearing hearing = {.seconds = MOST_SECONDS, .full_scale = t->c->full_scale};
    nas_status st = nas_noise_hear(files, i, &hearing, &s, &why);
    if (st == NAS_EFORMAT) {
        nas_warn(t->log, "silence: the recording %s is left out: %s", files->paths[i], why.text);
        return NAS_OK;
    }
    if (st != NAS_OK) return nas_fail(err, st, "silence: %s", why.text);
    st = keep(t, files->paths[i], &s, err);
    nas_sound_free(&s);
    return st;
}

static nas_status read_recordings(cutting *t, nas_err *err) {
    nas_noise_files files;
    NAS_TRY(nas_noise_list(t->a, t->c->folder, &files, err));
    if (!files.n) return nas_no_recordings(t->c->folder, t->c->silence->label, err);
    t->recordings = nas_arena_array(t->a, (size_t)files.n, sizeof *t->recordings, err);
    if (!t->recordings) return NAS_ENOMEM;
    for (int32_t i = 0; i < files.n; i++) {
        if (nas_should_stop(t->log)) return nas_fail(err, NAS_ESTOP, "stopped");
        NAS_TRY(read_one(t, &files, i, err));
        nas_progress(t->log, "reading recordings", i + 1, files.n);
    }
    if (t->left_out)
        nas_warn(t->log,
                 "silence: %d of %d recordings in %s/%s are shorter than a clip (%g s) and are "
                 "left out",
                 t->left_out, files.n, t->c->folder, nas_noise_folder, t->c->clip_seconds);
    if (t->n) return NAS_OK;
    return nas_fail(err, NAS_EFORMAT,
                    "task.silence: none of the %d files in %s/%s is a recording of %g s or more",
                    files.n, t->c->folder, nas_noise_folder, t->c->clip_seconds);
}

/* --- dealing */

static void find_parts(cutting *t, bool folds, const uint8_t *part) {
    int64_t count[256] = {0};
    for (int32_t i = 0; i < t->c->n; i++) {
        const uint8_t p = part ? part[i] : 0;
        const bool stops = folds && p >= NAS_STOPPING_FOLD && p != NAS_TEST_FOLD;
        if (folds || p != NAS_NO_PART) count[stops ? p - NAS_STOPPING_FOLD : p]++;
    }
    for (int p = 0; p < 256 && t->n_parts < MOST_PARTS; p++) {
        if (!count[p]) continue;
        t->id[t->n_parts] = (uint8_t)p;
        t->clips[t->n_parts++] = count[p];
        t->all += count[p];
    }
}

static int by_key(const void *a, const void *b) {
    const recording *x = *(recording *const *)a, *y = *(recording *const *)b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* The part that has most clips for each recording; one that has no recording comes first. */
static int32_t poorest(const cutting *t, const int32_t *given) {
    int32_t best = 0;
    for (int32_t p = 1; p < t->n_parts; p++) {
        const double x = given[p] ? (double)t->clips[p] / given[p] : 1e18 * (double)t->clips[p];
        const double y =
            given[best] ? (double)t->clips[best] / given[best] : 1e18 * (double)t->clips[best];
        if (x > y) best = p;
    }
    return best;
}

static nas_status deal_recordings(cutting *t, nas_err *err) {
    int32_t given[MOST_PARTS] = {0};
    recording **order = nas_arena_array(t->a, (size_t)t->n, sizeof(recording *), err);
    if (!order) return NAS_ENOMEM;
    for (int32_t i = 0; i < t->n; i++) order[i] = &t->recordings[i];
    qsort(order, (size_t)t->n, sizeof(recording *), by_key);
    for (int32_t i = 0; i < t->n; i++) given[order[i]->part = poorest(t, given)]++;
    for (int32_t i = 0; i < t->n; i++) {
        const recording *r = &t->recordings[i];
        t->stretches[t->n_stretches++] =
            (stretch){.from = r, .part = r->part, .end = r->sound.samples};
    }
    return NAS_OK;
}

/* Each part gets a stretch of each recording, as long as its share of the clips. */
static nas_status deal_stretches(cutting *t, nas_err *err) {
    nas_warn(
        t->log,
        "silence: %s/%s has %d recording%s for the %d sets of the split. Each recording is cut "
        "into one stretch for each set, and all sets hear the same noises. Add recordings",
        t->c->folder, nas_noise_folder, t->n, t->n == 1 ? "" : "s", t->n_parts);
    bool has[MOST_PARTS] = {false};
    for (int32_t i = 0; i < t->n; i++) {
        const recording *r = &t->recordings[i];
        int64_t before = 0;
        for (int32_t p = 0; p < t->n_parts; before += t->clips[p++]) {
            const double each = (double)r->sound.samples / (double)t->all;
            const stretch s = {.from = r,
                               .part = p,
                               .first = (int64_t)((double)before * each),
                               .end = (int64_t)((double)(before + t->clips[p]) * each)};
            if (s.end - s.first < r->clip) continue;
            t->stretches[t->n_stretches++] = s;
            has[p] = true;
        }
    }
    for (int32_t p = 0; p < t->n_parts; p++)
        if (!has[p])
            return nas_fail(
                err, NAS_EINVAL,
                "task.silence: the recordings in %s/%s (%d) are too few and too short to "
                "be cut into a stretch for each of %d sets; add recordings, at least "
                "%d of them, of %g s or more",
                t->c->folder, nas_noise_folder, t->n, t->n_parts, t->n_parts, t->c->clip_seconds);
    return NAS_OK;
}

/* As many cuts of each stretch of a part. */
static void share_out(cutting *t) {
    int64_t before = 0;
    for (int32_t p = 0; p < t->n_parts; before += t->clips[p++]) {
        int64_t left = t->wanted * (before + t->clips[p]) / t->all - t->wanted * before / t->all;
        int64_t stretches = 0;
        if (left < 1) left = 1;
        for (int32_t i = 0; i < t->n_stretches; i++) stretches += t->stretches[i].part == p;
        for (int32_t i = 0; i < t->n_stretches; i++) {
            stretch *s = &t->stretches[i];
            if (s->part != p) continue;
            const int64_t fair = (left + stretches - 1) / stretches;
            s->places = s->end - s->first - s->from->clip + 1;
            s->cuts = fair < s->places ? fair : s->places;
            left -= fair;
            stretches--;
            t->made += s->cuts;
        }
    }
}

/* --- cuts */

static nas_hash content_of(const recording *r, int64_t at, double volume) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "cut");
    nas_hasher_hash(&h, &r->content);
    nas_hasher_i64(&h, at);
    nas_hasher_i64(&h, r->clip);
    nas_hasher_f64(&h, volume);
    return nas_hasher_end(&h);
}

static nas_status cut(cutting *t, const stretch *s, int64_t i, nas_clip *out, nas_err *err) {
    const recording *r = s->from;
    const nas_span *volume = &t->c->silence->volume;
    nas_rng rng = nas_rng_stream(r->key, 0, NAS_PURPOSE_CUT, (uint32_t)i, (uint32_t)s->part, 0);
    const int64_t lo = s->places * i / s->cuts, hi = s->places * (i + 1) / s->cuts;
    const int64_t at = s->first + lo + (int64_t)nas_rng_below(&rng, (uint64_t)(hi - lo));
    const double by = volume->lo + (volume->hi - volume->lo) * nas_rng_double(&rng);
    *out = (nas_clip){
        .name = nas_arena_format(t->a, err, "%s@%lld", r->name, (long long)at),
        .speaker = r->name,
        .label = t->c->made.silence,
        .content = content_of(r, at, by),
        .samples = r->clip,
        .length = r->clip,
        .rate_hz = r->sound.rate_hz,
        .channels = 1,
        .pcm = r->sound.pcm + at,
        .cut = true,
        .volume = (float)by,
    };
    return out->name ? NAS_OK : NAS_ENOMEM;
}

/* The label takes its place among the others. */
static nas_status add_label(nas_clips *c, nas_arena *a, nas_err *err) {
    const int32_t at = c->made.silence;
    const char **labels = nas_arena_array(a, (size_t)c->n_labels + 1, sizeof *labels, err);
    const char *own = nas_arena_text(a, c->silence->label, err);
    if (!labels || !own) return NAS_ENOMEM;
    for (int32_t i = 0; i < c->n_labels; i++) labels[i + (i >= at)] = c->labels[i];
    labels[at] = own;
    for (int32_t i = 0; i < c->n; i++) c->clips[i].label += c->clips[i].label >= at;
    c->labels = labels;
    c->n_labels++;
    return NAS_OK;
}

static nas_status add_all(cutting *t, uint8_t **part, nas_err *err) {
    nas_clips *c = t->c;
    const size_t n = (size_t)(c->n + t->made);
    nas_clip *clips = nas_arena_array(t->a, n, sizeof *clips, err);
    uint8_t *parts = nas_arena_alloc(t->a, n, err);
    if (!clips || !parts) return NAS_ENOMEM;
    NAS_TRY(add_label(c, t->a, err));
    memcpy(clips, c->clips, (size_t)c->n * sizeof *clips);
    if (part) memcpy(parts, *part, (size_t)c->n);
    int32_t used = c->n;
    for (int32_t i = 0; i < t->n_stretches; i++)
        for (int64_t k = 0; k < t->stretches[i].cuts; k++) {
            parts[used] = t->id[t->stretches[i].part];
            NAS_TRY(cut(t, &t->stretches[i], k, &clips[used++], err));
        }
    c->clips = clips;
    c->n = used;
    if (part) *part = parts;
    return NAS_OK;
}

static nas_hash fingerprint_of(const nas_clips *c, int32_t first) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "clips and cuts");
    nas_hasher_hash(&h, &c->fingerprint);
    nas_hasher_i64(&h, c->made.silence);
    nas_hasher_text(&h, c->silence->label);
    for (int32_t i = first; i < c->n; i++) {
        nas_hasher_text(&h, c->clips[i].name);
        nas_hasher_hash(&h, &c->clips[i].content);
    }
    return nas_hasher_end(&h);
}

/* What the number of cuts does not say by itself. */
static void warn_of_cuts(const cutting *t) {
    const double cut = (double)t->made * t->c->clip_seconds;
    if (t->made < t->wanted)
        nas_warn(t->log,
                 "silence: %lld cuts of the %lld that were asked for, for the recordings "
                 "have no more places; add recordings, or set task.silence.share",
                 (long long)t->made, (long long)t->wanted);
    if (cut > t->seconds)
        nas_warn(t->log,
                 "silence: %lld cuts of %g s overlap, for there are %.0f s of recordings; add "
                 "recordings, or set task.silence.share",
                 (long long)t->made, t->c->clip_seconds, t->seconds);
}

static nas_status add_cuts(nas_clips *c, bool folds, const nas_log *log, uint8_t **part,
                           nas_err *err) {
    const int32_t first = c->n, words = c->n - c->made.unknown;
    const double share = c->silence->share;
    cutting t = {.c = c, .a = nas_clips_arena(c), .log = log};
    find_parts(&t, folds, part ? *part : NULL);
    t.wanted = isnan(share) ? nas_made_count(words, c->n_labels - (c->made.unknown > 0), share, 0)
                            : nas_made_count(c->n, c->n_labels, share, 0);
    t.wanted = t.wanted * t.all / c->n; /* clips of no part count for nothing */
    if (t.wanted < 1)
        return nas_fail(err, NAS_EINVAL, "task.silence.share: %g of %d clips is below one clip",
                        share, c->n);
    NAS_TRY(read_recordings(&t, err));
    t.stretches = nas_arena_array(t.a, (size_t)t.n * MOST_PARTS, sizeof *t.stretches, err);
    if (!t.stretches) return NAS_ENOMEM;
    NAS_TRY(t.n >= t.n_parts ? deal_recordings(&t, err) : deal_stretches(&t, err));
    share_out(&t);
    NAS_TRY(add_all(&t, part, err));
    warn_of_cuts(&t);
    c->fingerprint = fingerprint_of(c, first);
    c->made.cuts = c->n - first;
    c->made.recordings = t.n;
    c->made.silence = -1;
    return NAS_OK;
}

nas_status nas_cuts_add(nas_clips *c, bool folds, const nas_log *log, uint8_t **part,
                        nas_err *err) {
    if (c->made.silence < 0) return NAS_OK;
    if (!c->some) return add_cuts(c, folds, log, part, err);
    nas_err why = {0};
    const nas_status st = add_cuts(c, folds, log, part, &why);
    if (st == NAS_OK) return NAS_OK;
    if (st != NAS_ENOTFOUND && st != NAS_EFORMAT) return nas_fail(err, st, "%s", why.text);
    nas_warn(log, "silence: \"%s\" is left out: %s", c->silence->label, why.text);
    c->made.silence = -1;
    return NAS_OK;
}

nas_status nas_clips_deal(nas_clips *c, const nas_split_config *config, bool allow_missing,
                          const nas_log *of_split, const nas_log *log, nas_arena *a, nas_dealt *out,
                          nas_err *err) {
    const bool folds = config->folds >= 2;
    nas_hash of_parts;
    *out = (nas_dealt){0};
    uint8_t *dealt = nas_arena_alloc(a, (size_t)c->n, err);
    if (!dealt) return NAS_ENOMEM;
    if (folds)
        NAS_TRY(nas_split_folds(c, config, of_split, dealt, &out->fingerprint, err));
    else
        NAS_TRY(nas_split_make(c, config, allow_missing, of_split, dealt, &out->fingerprint, err));
    const bool cuts = c->made.silence >= 0;
    NAS_TRY(nas_cuts_add(c, folds, log, &dealt, err));
    if (cuts) out->fingerprint = nas_split_fingerprint(c, folds ? "folds" : "split", dealt);
    out->part = dealt;
    if (!folds) return NAS_OK;
    out->fold = dealt;
    if (!(out->part = nas_arena_alloc(a, (size_t)c->n, err))) return NAS_ENOMEM;
    (void)nas_split_fold_parts(c, config->stopping > 0, dealt, -1, out->part, &of_parts);
    return NAS_OK;
}
