/* search/task/keywords/deployed/deployed.c - an exported folder read back. */
#include "search/task/keywords/deployed/deployed.h"

#include "base/files/folder.h"
#include "search/deployed/model.h"
#include "search/json/json_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 1 << 26 };

/* Paths of what is read, all set. */
typedef struct places {
    const char *model, *frontend, *labels, *candidate, *metrics;
} places;

static nas_status read_labels(nas_arena *a, const places *p, nas_deployed *d, nas_err *err) {
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, before the first line */
    uint8_t *bytes;
    size_t n;
    NAS_TRY(nas_file_read(a, p->labels, MAX_FILE, &bytes, &n, err));
    if (n >= 3 && memcmp(bytes, mark, 3) == 0) bytes += 3, n -= 3;
    size_t lines = 0;
    for (size_t i = 0; i < n; i++) lines += bytes[i] == '\n' || bytes[i] == '\r';
    const char **labels = nas_arena_array(a, lines + 1, sizeof *labels, err);
    if (!labels) return NAS_ENOMEM;
    for (char *rest = (char *)bytes, *line; (line = strsep(&rest, "\r\n"));)
        if (*line) labels[d->n_labels++] = line;
    d->labels = labels;
    if (d->n_labels < 2)
        return nas_fail(err, NAS_EFORMAT, "%s: expected one class a line, two at least", p->labels);
    const int64_t out = nas_tensor_count(&d->graph.tensors[d->graph.output]);
    if (out != d->n_labels)
        return nas_fail(err, NAS_EFORMAT, "%s has %lld outputs, %s has %d lines", p->model,
                        (long long)out, p->labels, d->n_labels);
    return NAS_OK;
}

static nas_status check_shapes(const places *p, nas_deployed *d, nas_err *err) {
    const int32_t samples = (int32_t)lround(d->hearing.seconds * d->frontend.sample_rate_hz);
    const nas_status st = nas_frontend_shape(&d->frontend, samples, &d->frames, &d->features, err);
    if (st != NAS_OK) return nas_fail_in(err, st, "%s", p->frontend);
    const int64_t in = nas_tensor_count(&d->graph.tensors[d->graph.input]);
    if (in != (int64_t)d->frames * d->features)
        return nas_fail(err, NAS_EFORMAT, "%s takes %lld values, %s gives %d frames x %d features",
                        p->model, (long long)in, p->frontend, d->frames, d->features);
    return NAS_OK;
}

/* A front end that normalises says with what. */
static nas_status read_moments(nas_arena *a, const nas_json *j, nas_deployed *d, nas_err *err) {
    if (!d->frontend.normalize) return NAS_OK;
    NAS_TRY(nas_json_floats(a, j, "mean", d->features, &d->mean, err));
    return nas_json_floats(a, j, "deviation", d->features, &d->deviation, err);
}

static nas_status read_frontend(nas_arena *a, const places *p, nas_deployed *d, nas_err *err) {
    nas_json *j = NULL;
    NAS_TRY(nas_json_open(a, p->frontend, &j, err));
    nas_status st = nas_frontend_decode(a, j, &d->frontend, &d->hearing, err);
    if (st == NAS_OK) st = check_shapes(p, d, err);
    if (st == NAS_OK) st = read_moments(a, j, d, err);
    nas_json_close(j);
    return st;
}

/* Without it, as an older nas left it, the data is not told. */
static void read_data(nas_arena *a, const places *p, nas_deployed *d) {
    nas_json *j = NULL;
    if (nas_json_open(a, p->metrics, &j, NULL) != NAS_OK) return;
    const cJSON *data = nas_json_get(nas_json_root(j), "data");
    d->has_data = cJSON_IsString(data) && nas_hash_from_hex(data->valuestring, &d->data);
    nas_json_close(j);
}

static nas_status read_candidate(nas_arena *a, const places *p, nas_deployed *d, nas_err *err) {
    d->has_candidate = nas_path_exists(p->candidate);
    if (!d->has_candidate) return NAS_OK;
    nas_candidate c;
    NAS_TRY(nas_candidate_open(a, p->candidate, d->n_labels, &c, err));
    if (c.task.ops != nas_task_find("keywords"))
        return nas_fail(err, NAS_EFORMAT, "%s: its task is \"%s\", but labels.txt stands beside",
                        p->candidate, c.task.ops->name);
    d->task = *nas_keywords_keys(&c.task);
    read_data(a, p, d);
    return NAS_OK;
}

static nas_status find_places(nas_arena *a, const nas_deployed_paths *from, places *p,
                              nas_err *err) {
    const bool folder = nas_path_is_dir(from->model);
    const char *slash = strrchr(from->model, '/');
    const char *dir =
        folder  ? nas_arena_format(a, err, "%s/", from->model)
        : slash ? nas_arena_format(a, err, "%.*s", (int)(slash + 1 - from->model), from->model)
                : "";
    if (!dir) return NAS_ENOMEM;
    p->model = folder ? nas_arena_format(a, err, "%smodel.tflite", dir) : from->model;
    p->frontend =
        from->frontend ? from->frontend : nas_arena_format(a, err, "%sfrontend.json", dir);
    p->labels = from->labels ? from->labels : nas_arena_format(a, err, "%slabels.txt", dir);
    p->candidate = nas_arena_format(a, err, "%scandidate.json", dir);
    p->metrics = nas_arena_format(a, err, "%smetrics.json", dir);
    return p->model && p->frontend && p->labels && p->candidate && p->metrics ? NAS_OK : NAS_ENOMEM;
}

/* A file of someone else comes alone: says what it wants before anything is read in vain. */
static nas_status check_there(const nas_deployed_paths *from, const places *p,
                              const nas_deployed *d, nas_err *err) {
    const nas_tensor *in = &d->graph.tensors[d->graph.input];
    const nas_tensor *out = &d->graph.tensors[d->graph.output];
    if (!from->frontend && !nas_path_exists(p->frontend))
        return nas_fail(err, NAS_ENOTFOUND,
                        "%s is not there: how do clips become the %lld values that %s takes? "
                        "--frontend FILE says it, in the form that `nas export` writes",
                        p->frontend, (long long)nas_tensor_count(in), p->model);
    if (!from->labels && !nas_path_exists(p->labels))
        return nas_fail(err, NAS_ENOTFOUND,
                        "%s is not there: what are the %lld outputs of %s called? --labels FILE "
                        "names them, one class folder a line, in their order",
                        p->labels, (long long)nas_tensor_count(out), p->model);
    return NAS_OK;
}

static nas_status open_places(nas_arena *a, const nas_deployed_paths *paths, const places *p,
                              nas_deployed *out, nas_err *err) {
    NAS_TRY(nas_model_read(a, p->model, &out->graph, &out->file, err));
    NAS_TRY(check_there(paths, p, out, err));
    NAS_TRY(read_labels(a, p, out, err));
    NAS_TRY(read_frontend(a, p, out, err));
    return read_candidate(a, p, out, err);
}

/* What is asked for beside the model; of a folder also what lies there. */
static nas_status read_parts(nas_arena *a, const nas_deployed_paths *paths, const places *p,
                             nas_deployed *out, nas_err *err) {
    const bool folder = p->model != paths->model;
    NAS_TRY(nas_model_read(a, p->model, &out->graph, &out->file, err));
    if (paths->labels || (folder && nas_path_exists(p->labels)))
        NAS_TRY(read_labels(a, p, out, err));
    if (paths->frontend || (folder && nas_path_exists(p->frontend)))
        return read_frontend(a, p, out, err);
    return NAS_OK;
}

static nas_status open_held(nas_arena *a, const nas_deployed_paths *paths, bool parts,
                            nas_deployed *out, nas_err *err) {
    places p;
    nas_folder_held held;
    *out = (nas_deployed){0};
    if (!nas_path_exists(paths->model)) return nas_model_absent(paths->model, err);
    NAS_TRY(find_places(a, paths, &p, err));
    NAS_TRY(nas_folder_hold_of(p.model, &held, err));
    const nas_status st = !nas_path_exists(p.model) ? nas_model_absent(p.model, err)
                          : parts                   ? read_parts(a, paths, &p, out, err)
                                                    : open_places(a, paths, &p, out, err);
    nas_folder_let(&held);
    return st;
}

nas_status nas_deployed_open(nas_arena *a, const nas_deployed_paths *paths, nas_deployed *out,
                             nas_err *err) {
    return open_held(a, paths, false, out, err);
}

nas_status nas_deployed_parts(nas_arena *a, const nas_deployed_paths *paths, nas_deployed *out,
                              nas_err *err) {
    return open_held(a, paths, true, out, err);
}

typedef struct bench {
    const nas_deployed *d;
    nas_arena *arena;
    nas_interp *it;
    nas_frontend *fe;
    float *pcm, *x;
    int32_t samples;
    nas_hasher contents;
    nas_speaker_score *scores; /* one a clip, until they are joined */
    int32_t *label;            /* of the clips' labels, their places in the model's */
} bench;

/* The clips' own texts end with them. */
static nas_status note_clip(bench *b, const nas_clip *clip, int32_t class, nas_verdict *v,
                            nas_err *err) {
    const int32_t label = b->label[clip->label];
    const bool right = class == label;
    const nas_heard h = {nas_arena_text(b->arena, clip->name, err),
                         nas_arena_text(b->arena, clip->speaker, err), label, class};
    if (!h.name || !h.speaker) return NAS_ENOMEM;
    b->scores[v->n] = (nas_speaker_score){h.speaker, 1, right};
    v->heard[v->n++] = h;
    nas_hasher_hash(&b->contents, &clip->content);
    v->right += right;
    v->confusion[h.label * b->d->n_labels + class]++;
    return NAS_OK;
}

static nas_status judge_clips(bench *b, const nas_clips *c, const uint8_t *part, int wanted,
                              const nas_log *log, nas_verdict_fn each, void *ctx, nas_verdict *v,
                              nas_err *err) {
    const nas_deployed *d = b->d;
    const size_t n = (size_t)d->frames * (size_t)d->features;
    for (int32_t i = 0; i < c->n; i++) {
        if (wanted >= 0 && part[i] != wanted) continue;
        if (nas_should_stop(log)) return nas_fail(err, NAS_ESTOP, "stopped");
        NAS_TRY(nas_clips_read(c, i, d->frontend.sample_rate_hz, b->pcm, b->samples, err));
        nas_frontend_run(b->fe, b->pcm, b->x);
        if (d->frontend.normalize)
            nas_frontend_normalize(d->mean, d->deviation, d->features, b->x, n);
        const int32_t output = nas_interp_class(b->it, b->x, NULL);
        const int32_t class = d->order ? d->order[output] : output;
        NAS_TRY(note_clip(b, &c->clips[i], class, v, err));
        v->parts[part[i]]++;
        if (each) each(ctx, &c->clips[i], b->x, class);
        nas_progress(log, "judging clips", i + 1, c->n);
    }
    return NAS_OK;
}

static int by_speaker(const void *a, const void *b) {
    const nas_speaker_score *x = a, *y = b;
    return strcmp(x->speaker, y->speaker);
}

/* One score a speaker, in place. */
static int32_t join_speakers(nas_speaker_score *s, int32_t n) {
    int32_t speakers = 0;
    qsort(s, (size_t)n, sizeof *s, by_speaker);
    for (int32_t i = 0; i < n; i++) {
        if (speakers && strcmp(s[speakers - 1].speaker, s[i].speaker) == 0) {
            s[speakers - 1].n += s[i].n;
            s[speakers - 1].right += s[i].right;
        } else {
            s[speakers++] = s[i];
        }
    }
    return speakers;
}

void nas_verdict_interval(const nas_speaker_score *s, int32_t speakers, nas_verdict *v) {
    const double z = 1.959963984540054;
    double n = 0, right = 0, squares = 0;
    for (int32_t i = 0; i < speakers; i++) {
        n += s[i].n;
        right += s[i].right;
    }
    v->speakers = speakers;
    if (n == 0) return;
    const double p = right / n, alone = p * (1 - p) / n;
    for (int32_t i = 0; i < speakers; i++) {
        const double off = s[i].right - p * s[i].n;
        squares += off * off;
    }
    const double together = speakers > 1 ? squares / (n * n) * speakers / (speakers - 1) : alone;
    const double variance = fmax(alone, together);
    const double like = variance > 0 ? n * alone / variance : n; /* independent clips */
    const double middle = p + z * z / (2 * like), scale = 1 + z * z / like;
    const double half = z * sqrt(p * (1 - p) / like + z * z / (4 * like * like));
    v->accuracy = p;
    v->error = sqrt(variance);
    v->low = fmax(0, (middle - half) / scale);
    v->high = fmin(1, (middle + half) / scale);
}

static nas_status place_labels(bench *b, const nas_clips *c, nas_err *err) {
    b->label = nas_arena_array(b->arena, (size_t)c->n_labels, sizeof *b->label, err);
    for (int32_t i = 0; b->label && i < c->n_labels; i++)
        while (b->label[i] < b->d->n_labels && strcmp(b->d->labels[b->label[i]], c->labels[i]) != 0)
            b->label[i]++;
    return b->label ? NAS_OK : NAS_ENOMEM;
}

static nas_status judge_on(const nas_deployed *d, nas_clips *c, int part, bool allow_missing,
                           const nas_log *log, nas_arena *a, nas_verdict_fn each, void *ctx,
                           nas_verdict *out, nas_err *err) {
    bench b = {.d = d,
               .arena = a,
               .contents = nas_hasher_start(),
               .samples = (int32_t)lround(d->hearing.seconds * d->frontend.sample_rate_hz)};
    const size_t labels = (size_t)d->n_labels;
    const uint8_t *parts;
    out->part = part;
    NAS_TRY(nas_deployed_split(d, c, part, allow_missing, log, a, &parts, &out->parts_known, err));
    out->confusion = nas_arena_array(a, labels * labels, sizeof *out->confusion, err);
    b.pcm = nas_arena_array(a, (size_t)b.samples, sizeof *b.pcm, err);
    b.x = nas_arena_array(a, (size_t)d->frames * (size_t)d->features, sizeof *b.x, err);
    b.scores = nas_arena_array(a, (size_t)c->n, sizeof *b.scores, err);
    out->heard = nas_arena_array(a, (size_t)c->n, sizeof *out->heard, err);
    if (!out->confusion || !out->heard || !b.pcm || !b.x || !b.scores) return NAS_ENOMEM;
    NAS_TRY(place_labels(&b, c, err));
    nas_status st = nas_frontend_open(&d->frontend, b.samples, &b.fe, err);
    if (st == NAS_OK) st = nas_interp_open_as(&d->graph, d->runtime, &b.it, err);
    if (st == NAS_OK) st = judge_clips(&b, c, parts, part, log, each, ctx, out, err);
    out->contents = nas_hasher_end(&b.contents);
    nas_interp_close(b.it);
    nas_frontend_close(b.fe);
    if (st == NAS_OK) nas_verdict_interval(b.scores, join_speakers(b.scores, out->n), out);
    if (st == NAS_OK) nas_deployed_classes(d, out);
    return st;
}

/* A split by folders says how its own data lies; other clips may lie in plain class folders. */
static bool in_parts(const nas_deployed *d, const char *data, int part) {
    char path[4096];
    if (!d->has_candidate || d->task.split.by != NAS_BY_FOLDERS) return false;
    snprintf(path, sizeof path, "%s/train", data);
    return part >= 0 || nas_path_is_dir(path);
}

nas_status nas_deployed_judge(const nas_deployed *d, const char *data, int part, bool allow_missing,
                              const nas_cache *cache, const nas_log *log, nas_arena *a,
                              nas_verdict_fn each, void *ctx, nas_verdict *out, nas_err *err) {
    *out = (nas_verdict){0};
    if (part >= 0 && !d->has_candidate)
        return nas_fail(
            err, NAS_EINVAL,
            "--split: there is no candidate.json beside the model that says how clips are "
            "split; leave --split out");
    const nas_clips_options o = {
        .folder = data,
        .labels = d->labels,
        .n_labels = d->n_labels,
        .some = true,
        .parts = in_parts(d, data, part),
        .unknown = d->has_candidate ? &d->task.unknown : NULL,
        .silence = d->has_candidate ? &d->task.silence : NULL,
        .clip_seconds = d->hearing.seconds,
        .crop = d->hearing.crop,
        .full_scale = d->has_candidate ? d->task.full_scale : 1.0,
        .unreadable = allow_missing      ? INT32_MAX
                      : d->has_candidate ? d->task.unreadable
                                         : 0,
        .unreadable_list = nas_clips_list_name(a, data),
        .speaker_pattern = d->has_candidate ? d->task.speaker_pattern : NULL,
        .cache = cache->dir,
    };
    nas_clips *c = NULL;
    NAS_TRY(nas_clips_open(&o, log, &c, err));
    const nas_status st = judge_on(d, c, part, allow_missing, log, a, each, ctx, out, err);
    nas_clips_close(c);
    return st;
}
