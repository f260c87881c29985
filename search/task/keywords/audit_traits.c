/* search/task/keywords/audit_traits.c - differences between the recordings of classes, which a net
 * may learn instead of the words: what nearly all clips of one class have and nearly none of
 * another. */
#include "base/text/digits.h"
#include "search/task/keywords/audit_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LEAST_CLIPS = 12 }; /* of a class that counts */
static const double nearly_all = 0.85, nearly_none = 0.1;

/* A trait of a clip as a number; NaN: it is not known. */
typedef double value_fn(const nas_auditing *w, int32_t clip);
/* Does a clip have it? */
typedef bool has_fn(double value, double than);

static bool is_same(double v, double than) {
    return v == than;
}

static bool is_about(double v, double than) {
    return fabs(v - than) <= 0.01 * than;
}

static bool is_above(double v, double than) {
    return v > than;
}

/* A class's clips that are known and that have it. */
typedef struct tally {
    int32_t n, has, first; /* the first clip that has it */
} tally;

enum side { BETWEEN, NONE, ALL };

static enum side side_of(const tally *t) {
    if (t->n < LEAST_CLIPS) return BETWEEN;
    return t->has >= nearly_all * t->n ? ALL : t->has <= nearly_none * t->n ? NONE : BETWEEN;
}

typedef struct question {
    const nas_auditing *w;
    const double *value; /* [clips] */
    has_fn *has;
    double than;
    tally *by; /* [labels] */
    int32_t sides[3];
} question;

static void ask(question *q) {
    const nas_clips *c = nas_clips_of(q->w->d);
    memset(q->by, 0, (size_t)c->n_labels * sizeof *q->by);
    memset(q->sides, 0, sizeof q->sides);
    for (int32_t i = 0; i < c->n; i++) {
        tally *t = &q->by[c->clips[i].label];
        if (isnan(q->value[i])) continue;
        const bool has = q->has(q->value[i], q->than);
        if (has && !t->has) t->first = i;
        t->n++;
        t->has += has;
    }
    for (int32_t l = 0; l < c->n_labels; l++) q->sides[side_of(&q->by[l])]++;
}

static bool is_found(const question *q) {
    return q->sides[ALL] && q->sides[NONE];
}

/* "\"a\", \"b\" and 3 more" of the classes on a side, and their clips. */
static tally name_side(const question *q, enum side side, char *out, size_t room) {
    const nas_clips *c = nas_clips_of(q->w->d);
    tally sum = {.first = -1};
    size_t used = 0;
    int32_t named = 0;
    for (int32_t l = 0; l < c->n_labels; l++) {
        const tally *t = &q->by[l];
        if (side_of(t) != side) continue;
        sum.n += t->n;
        sum.has += t->has;
        if (t->has && sum.first < 0) sum.first = t->first;
        if (named++ < 3 && used < room)
            used += (size_t)snprintf(out + used, room - used, "%s\"%.40s\"", used ? ", " : "",
                                     c->labels[l]);
    }
    if (named > 3 && used < room) snprintf(out + used, room - used, " and %d more", named - 3);
    return sum;
}

/* what: "hold nothing above 4,000 Hz". */
static nas_status say(const question *q, const char *about, const char *what, const char *remedy) {
    char all[192], none[192], n[4][32];
    const tally a = name_side(q, ALL, all, sizeof all), b = name_side(q, NONE, none, sizeof none);
    return nas_audit_say(q->w, about,
                         "%s of %s clips of %s %s, and %s of %s of %s; %.120s is the first: unless "
                         "the words are so, a net can learn that instead of them; %s",
                         nas_thousands(a.has, n[0]), nas_thousands(a.n, n[1]), all, what,
                         nas_thousands(b.has, n[2]), nas_thousands(b.n, n[3]), none,
                         nas_clips_of(q->w->d)->clips[a.first].name, remedy);
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of each class; NaN where too few are known. */
static nas_status find_medians(const question *q, double *median) {
    const nas_clips *c = nas_clips_of(q->w->d);
    double *v = malloc((size_t)c->n * sizeof *v);
    if (!v) return nas_fail(q->w->err, NAS_ENOMEM, "out of memory");
    for (int32_t l = 0; l < c->n_labels; l++) {
        int32_t n = 0;
        for (int32_t i = 0; i < c->n; i++)
            if (c->clips[i].label == l && !isnan(q->value[i])) v[n++] = q->value[i];
        qsort(v, (size_t)n, sizeof *v, by_value);
        median[l] = n < LEAST_CLIPS ? (double)NAN : v[n / 2];
    }
    free(v);
    return NAS_OK;
}

/* A value that nearly all clips of some classes have: of those, the one that fewest classes have.
 */
static bool find_usual(question *q, const double *median) {
    double best = (double)NAN;
    int32_t fewest = nas_clips_of(q->w->d)->n_labels;
    for (int32_t l = 0; l < nas_clips_of(q->w->d)->n_labels; l++) {
        if (isnan(q->than = median[l])) continue;
        ask(q);
        if (!is_found(q) || q->sides[ALL] >= fewest) continue;
        fewest = q->sides[ALL];
        best = q->than;
    }
    if (isnan(q->than = best)) return false;
    ask(q);
    return true;
}

/* The middle of the widest gap between the medians of two classes, if it is at least so wide. */
static bool find_gap(question *q, double *median, double least) {
    const int32_t labels = nas_clips_of(q->w->d)->n_labels;
    int32_t n = 0;
    double widest = 0;
    for (int32_t l = 0; l < labels; l++)
        if (!isnan(median[l])) median[n++] = median[l];
    qsort(median, (size_t)n, sizeof *median, by_value);
    for (int32_t l = 1; l < n; l++) {
        if (median[l] - median[l - 1] <= widest) continue;
        widest = median[l] - median[l - 1];
        q->than = (median[l] + median[l - 1]) / 2;
    }
    if (!(widest >= least)) return false;
    ask(q);
    return is_found(q);
}

static const nas_clip *clip_at(const nas_auditing *w, int32_t i) {
    return &nas_clips_of(w->d)->clips[i];
}

static double rate_of(const nas_auditing *w, int32_t i) {
    return clip_at(w, i)->rate_hz;
}

static double seconds_of(const nas_auditing *w, int32_t i) {
    return (double)clip_at(w, i)->samples / clip_at(w, i)->rate_hz;
}

static double octave_of(const nas_auditing *w, int32_t i) {
    return log2(seconds_of(w, i));
}

/* Silence is quieter by its nature. */
static double level_of(const nas_auditing *w, int32_t i) {
    const char *label = nas_clips_of(w->d)->labels[clip_at(w, i)->label];
    if (clip_at(w, i)->cut || strcmp(label, "_silence_") == 0 || strcmp(label, "silence") == 0)
        return (double)NAN;
    return 20 * log10((double)w->t[i].rms);
}

static double offset_of(const nas_auditing *w, int32_t i) {
    return fabs((double)w->t[i].mean);
}

static double padding_of(const nas_auditing *w, int32_t i) {
    return w->t[i].still;
}

/* The mean of several channels is finer than they are. */
enum { FINER = 32, FLOATS };
static double bits_of(const nas_auditing *w, int32_t i) {
    const nas_clip *c = clip_at(w, i);
    if (c->channels > 1) return (double)NAN;
    if (c->state & NAS_CLIP_FLOATS) return FLOATS;
    return w->t[i].bits ? w->t[i].bits : FINER;
}

static double channels_of(const nas_auditing *w, int32_t i) {
    return clip_at(w, i)->cut ? (double)NAN : clip_at(w, i)->channels;
}

/* Encodings that lose something, by the end of the file's name; the others are one. A cut's name
 * goes on behind it. */
static const char *const lossy[] = {".mp3", ".ogg", ".oga", ".opus", NULL};
static double encoding_of(const nas_auditing *w, int32_t i) {
    const char *dot = strrchr(clip_at(w, i)->name, '.');
    const size_t n = !dot ? 0 : clip_at(w, i)->cut ? strcspn(dot, "@") : strlen(dot);
    for (int k = 0; lossy[k]; k++)
        if (n == strlen(lossy[k]) && strncasecmp(dot, lossy[k], n) == 0) return k + 1;
    return 0;
}

static void fill(question *q, value_fn *value, double *room) {
    for (int32_t i = 0; i < nas_clips_of(q->w->d)->n; i++)
        room[i] = nas_audit_is_constant(q->w, i) ? (double)NAN : value(q->w, i);
    q->value = room;
}

/* Is there a value that is usual in some classes and not in others? q->than then. */
static nas_status look_for_usual(question *q, value_fn *value, has_fn *has, double *room,
                                 double *median, bool *found) {
    fill(q, value, room);
    q->has = has;
    NAS_TRY(find_medians(q, median));
    *found = find_usual(q, median);
    return NAS_OK;
}

static nas_status say_rate(question *q, double *room, double *median) {
    char what[96], hz[32];
    bool found;
    NAS_TRY(look_for_usual(q, rate_of, is_same, room, median, &found));
    if (!found) return NAS_OK;
    snprintf(what, sizeof what, "have a sample rate of %s Hz", nas_thousands((int64_t)q->than, hz));
    return say(q, "rate", what,
               "record all classes alike, or set frontend.upper_hz to half of the lowest rate");
}

static nas_status say_length(question *q, double *room, double *median) {
    char what[96];
    bool found;
    NAS_TRY(look_for_usual(q, seconds_of, is_about, room, median, &found));
    if (found) {
        snprintf(what, sizeof what, "are %.3g s long", q->than);
    } else {
        fill(q, octave_of, room);
        q->has = is_above;
        NAS_TRY(find_medians(q, median));
        if (!find_gap(q, median, 1)) return NAS_OK;
        snprintf(what, sizeof what, "are longer than %.2g s", exp2(q->than));
    }
    return say(q, "length", what,
               "what is shorter than clip_seconds is padded with zeros: cut all clips alike");
}

static nas_status say_level(question *q, double *room, double *median) {
    char what[96];
    fill(q, level_of, room);
    q->has = is_above;
    NAS_TRY(find_medians(q, median));
    if (!find_gap(q, median, 6)) return NAS_OK;
    snprintf(what, sizeof what, "are louder than %.0f dB of full scale", q->than);
    return say(q, "level", what, "set frontend.level to \"rms\" or \"peak\"");
}

static nas_status say_channels(question *q, double *room, double *median) {
    char what[96];
    bool found;
    NAS_TRY(look_for_usual(q, channels_of, is_same, room, median, &found));
    if (!found) return NAS_OK;
    snprintf(what, sizeof what, "have %.0f channel%s", q->than, q->than > 1 ? "s" : "");
    return say(q, "channels", what, "record all classes alike");
}

static nas_status say_encoding(question *q, double *room, double *median) {
    char what[96] = "are files of floats";
    bool found;
    NAS_TRY(look_for_usual(q, encoding_of, is_same, room, median, &found));
    if (found) {
        if (q->than > 0) snprintf(what, sizeof what, "are %s files", lossy[(int)q->than - 1]);
        return say(q, "encoding", q->than > 0 ? what : "are in an encoding that loses nothing",
                   "record all classes alike");
    }
    NAS_TRY(look_for_usual(q, bits_of, is_same, room, median, &found));
    if (!found) return NAS_OK;
    if (q->than < FINER)
        snprintf(what, sizeof what, "have samples of %.0f bits", q->than);
    else if (q->than < FLOATS)
        snprintf(what, sizeof what, "have samples finer than 24 bits");
    return say(q, "encoding", what, "record all classes alike");
}

static nas_status say_ends(question *q, double *room) {
    q->has = is_above;
    fill(q, padding_of, room);
    q->than = 0;
    ask(q);
    if (is_found(q))
        NAS_TRY(say(q, "padding", "begin or end with 10 ms or more of one value",
                    "cut that off, or record all classes alike"));
    fill(q, offset_of, room);
    q->than = 0.01;
    ask(q);
    if (!is_found(q)) return NAS_OK;
    return say(q, "offset", "have a mean of more than 0.01 of full scale",
               "take the mean off, or record all classes alike");
}

static bool has_same_sides(const question *q, bool *before) {
    bool same = true;
    for (int32_t l = 0; l < nas_clips_of(q->w->d)->n_labels; l++) {
        const bool all = side_of(&q->by[l]) == ALL;
        same = same && before[l] == all;
        before[l] = all;
    }
    return same;
}

/* What ends at 4,000 Hz has nothing above 5,000 Hz either: said once, at the lowest edge. */
static nas_status say_band(question *q, double *room, bool *before) {
    q->has = is_above;
    q->value = room;
    q->than = 0;
    for (int e = 0; e < NAS_TRAITS_EDGES; e++) {
        char what[96], remedy[128], hz[32];
        for (int32_t i = 0; i < nas_clips_of(q->w->d)->n; i++) {
            const nas_traits *t = &q->w->t[i];
            const bool known =
                t->edge_hz > 0 && clip_at(q->w, i)->rate_hz > 2.3 * (double)nas_traits_edges[e];
            room[i] = known ? (double)(t->cut >> e & 1) : (double)NAN;
        }
        ask(q);
        if (!is_found(q) || has_same_sides(q, before)) continue;
        nas_thousands((int64_t)nas_traits_edges[e], hz);
        snprintf(what, sizeof what, "hold nothing above %s Hz", hz);
        snprintf(remedy, sizeof remedy,
                 "record all classes alike, or set frontend.upper_hz to at most %.0f",
                 0.9 * (double)nas_traits_edges[e]); /* resamplers fall off before it */
        NAS_TRY(say(q, "band", what, remedy));
    }
    return NAS_OK;
}

nas_status nas_audit_differences(const nas_auditing *w) {
    const size_t n = (size_t)nas_clips_of(w->d)->n, labels = (size_t)nas_clips_of(w->d)->n_labels;
    question q = {.w = w, .by = nas_arena_array(w->a, labels, sizeof *q.by, w->err)};
    double *room = nas_arena_array(w->a, n, sizeof *room, w->err);
    double *median = nas_arena_array(w->a, labels, sizeof *median, w->err);
    bool *before = nas_arena_array(w->a, labels, sizeof *before, w->err);
    if (!q.by || !room || !median || !before) return NAS_ENOMEM;
    NAS_TRY(say_rate(&q, room, median));
    NAS_TRY(say_band(&q, room, before));
    NAS_TRY(say_level(&q, room, median));
    NAS_TRY(say_length(&q, room, median));
    NAS_TRY(say_channels(&q, room, median));
    NAS_TRY(say_encoding(&q, room, median));
    return say_ends(&q, room);
}
