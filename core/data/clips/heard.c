/* core/data/clips/heard.c - what is heard of clips: which cannot be used, and what is said of the
 * others. */
#include "core/data/clips/int.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED = 2, RATES = 4 };

/* Samples near full scale are clipped where so many of them in a row are the same. */
static const float full = 0.99f;
enum { RUN = 3, CLIPPED_OF = 1000 };

static int64_t count_clipped(const nas_sound *s) {
    int64_t n = 0, run = 0;
    for (int64_t i = 0; i < s->samples; i++) {
        const bool same = i > 0 && !(s->pcm[i] < s->pcm[i - 1]) && !(s->pcm[i] > s->pcm[i - 1]);
        run = fabsf(s->pcm[i]) < full ? 0 : same ? run + 1 : 1;
        n += run == RUN ? RUN : run > RUN;
    }
    return n;
}

uint32_t nas_clip_judge(const nas_sound *s) {
    uint32_t state = s->floats ? NAS_CLIP_FLOATS : 0;
    int64_t same = 1;
    while (same < s->samples && s->pcm[same] >= s->pcm[0] && s->pcm[same] <= s->pcm[0]) same++;
    if (same >= s->samples && fabsf(s->pcm[0]) <= 0.0f)
        state |= NAS_CLIP_SILENT;
    else if (same >= s->samples && s->samples > 1)
        state |= NAS_CLIP_CONSTANT;
    else if (!(s->peak > 1.0f) && count_clipped(s) * CLIPPED_OF >= s->samples)
        state |= NAS_CLIP_CLIPPED;
    return state;
}

static const char *reason(const nas_pack *p, int32_t i) {
    return p->text + p->bad[i].text;
}

/* How many of the bad clips cannot be read, or are empty; the first. */
static nas_counted count_bad(const nas_pack *p, bool empty) {
    nas_counted c = {0};
    for (int32_t i = 0; i < p->n_bad; i++)
        if ((p->bad[i].empty != 0) == empty) nas_count(&c, reason(p, i));
    return c;
}

/* All bad clips, one a line. What in a name is no text of a line is a question mark. */
static nas_status write_list(const char *path, const nas_pack *p, nas_err *err) {
    size_t room = 1, n = 0;
    for (int32_t i = 0; i < p->n_bad; i++) room += strlen(reason(p, i)) + 1;
    char *text = malloc(room);
    if (!text) return nas_fail(err, NAS_ENOMEM, "out of memory");
    for (int32_t i = 0; i < p->n_bad; i++) {
        for (const char *t = reason(p, i); *t; t++) text[n++] = (unsigned char)*t < ' ' ? '?' : *t;
        text[n++] = '\n';
    }
    const nas_status st = nas_file_write(path, text, n, err);
    free(text);
    return st;
}

static nas_status refuse_unreadable(const nas_clip_list *l, const nas_pack *p, int64_t n,
                                    bool listed, nas_err *err) {
    char some[1000] = "";
    size_t used = 0;
    int named = 0;
    for (int32_t i = 0; i < p->n_bad && named < NAMED; i++) {
        if (p->bad[i].empty) continue;
        used += (size_t)snprintf(some + used, sizeof some - used, "%s%.400s", named++ ? "; " : "",
                                 reason(p, i));
    }
    return nas_fail(err, NAS_EFORMAT,
                    "%" PRId64
                    " of %d clips in %s cannot be read%s%s: %s%s; repair or remove them, "
                    "or leave them out: set task.unreadable to %" PRId64 ", or --allow-missing",
                    n, l->n, l->folder, listed ? ", all listed in " : "",
                    listed ? l->unreadable_list : "", some, n > named ? "; ..." : "", n);
}

/* The least full scale of the formats of integers that holds a value. */
static double full_scale_of(double peak) {
    static const double scales[] = {128.0, 32768.0, 8388608.0, 2147483648.0};
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++)
        if (peak <= scales[i]) return scales[i];
    return peak;
}

static nas_status check_floats(const nas_clip_list *l, const nas_pack *p, nas_err *err) {
    nas_counted c = {0};
    float most = 0;
    for (int32_t i = 0; i < p->n; i++) {
        const nas_pack_entry *e = &p->entries[i];
        if (!(e->state & NAS_CLIP_FLOATS) || e->peak <= NAS_SOUND_FAR) continue;
        if (e->peak > most) c.first = p->text + e->name;
        most = fmaxf(most, e->peak);
        c.n++;
    }
    if (!c.n) return NAS_OK;
    const double peak = (double)most * l->hearing.full_scale;
    return nas_fail(err, NAS_EFORMAT,
                    "%" PRId64
                    " of %d clips in %s hold floats far beyond -1 .. 1 (up to %.6g, %s). "
                    "Set task.full_scale to the value that stands for 1 in them (%.0f?), or write "
                    "them between -1 and 1",
                    c.n, l->n, l->folder, peak, c.first, full_scale_of(peak));
}

nas_status nas_pack_judge(const nas_clip_list *l, const nas_pack *p, nas_err *err) {
    const nas_counted unreadable = count_bad(p, false);
    const bool listed =
        p->n_bad && l->unreadable_list && write_list(l->unreadable_list, p, NULL) == NAS_OK;
    if (unreadable.n > l->unreadable) return refuse_unreadable(l, p, unreadable.n, listed, err);
    int32_t i = 0; /* entries are in the order of their labels */
    for (int32_t label = 0; label < l->n_labels; label++) {
        if (i == p->n || p->entries[i].label != label)
            return nas_fail(err, NAS_EFORMAT, "no clip of the class folder %s/%s can be read%s%s",
                            l->folder, l->labels[label], listed ? ": " : "",
                            listed ? l->unreadable_list : "");
        while (i < p->n && p->entries[i].label == label) i++;
    }
    return check_floats(l, p, err);
}

static void warn_of_bad(const nas_clip_list *l, const nas_pack *p, const nas_log *log) {
    const nas_counted unreadable = count_bad(p, false), empty = count_bad(p, true);
    const bool listed = l->unreadable_list && nas_path_exists(l->unreadable_list);
    const char *and = listed ? "; all are listed in " : "",
               *list = listed ? l->unreadable_list : "";
    if (empty.n)
        nas_warn(log, "clips: %" PRId64 " of %d are empty and left out, as %.300s%s%s", empty.n,
                 l->n, empty.first, and, list);
    if (unreadable.n)
        nas_warn(log, "clips: %" PRId64 " of %d cannot be read and are left out, as %.300s%s%s",
                 unreadable.n, l->n, unreadable.first, and, list);
}

static double seconds_of(int64_t samples, int32_t rate_hz) {
    return (double)samples / (double)rate_hz;
}

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_seconds(const nas_clips *c) {
    double *all = malloc((size_t)c->n * sizeof *all);
    if (!all) return (double)NAN;
    for (int32_t i = 0; i < c->n; i++) all[i] = seconds_of(c->clips[i].length, c->clips[i].rate_hz);
    qsort(all, (size_t)c->n, sizeof *all, compare_doubles);
    const double median = 0.5 * (all[(c->n - 1) / 2] + all[c->n / 2]);
    free(all);
    return median;
}

static void warn_of_lengths(const nas_clips *c, const nas_log *log) {
    static const char *const heard[] = {
        [NAS_CROP_START] =
            ("only their beginnings are heard. Set task.clip_seconds, or task.crop to "
             "\"centre\" or \"loudest\", where what counts comes later"),
        [NAS_CROP_CENTRE] = "only their middles are heard, as task.crop says",
        [NAS_CROP_LOUDEST] = "only their loudest parts are heard, as task.crop says"};
    nas_counted longer = {0}, shorter = {0};
    double longest = 0, shortest = (double)INFINITY;
    for (int32_t i = 0; i < c->n; i++) {
        const nas_clip *k = &c->clips[i];
        const double s = seconds_of(k->length, k->rate_hz);
        if (k->length > k->samples) {
            if (s > longest) longer.first = k->name;
            longest = fmax(longest, s);
            longer.n++;
        }
        if (s >= 0.1 * c->clip_seconds) continue;
        if (s < shortest) shorter.first = k->name;
        shortest = fmin(shortest, s);
        shorter.n++;
    }
    if (longer.n)
        nas_warn(log,
                 "clips: %" PRId64
                 " of %d are longer than the %g s of task.clip_seconds (median of "
                 "all %.3g s, longest %.3g s, %s): %s",
                 longer.n, c->n, c->clip_seconds, median_seconds(c), longest, longer.first,
                 heard[c->crop]);
    if (shorter.n)
        nas_warn(log,
                 "clips: %" PRId64 " of %d are shorter than a tenth of the %g s of "
                 "task.clip_seconds (shortest %.3g s, %s); zeros follow them",
                 shorter.n, c->n, c->clip_seconds, shortest, shorter.first);
}

static void warn_of_states(const nas_clips *c, const nas_log *log) {
    static const struct {
        nas_clip_state state;
        const char *text;
    } states[] = {
        {NAS_CLIP_SILENT, "are silent in what is heard of them: all samples are 0"},
        {NAS_CLIP_CONSTANT, "are constant in what is heard of them: all samples are the same"},
        {NAS_CLIP_CLIPPED, "were recorded too loud: at least 1 in 1,000 of their samples stand at "
                           "full scale, in runs"},
    };
    for (size_t s = 0; s < sizeof states / sizeof *states; s++) {
        nas_counted found = {0};
        for (int32_t i = 0; i < c->n; i++)
            if (c->clips[i].state & states[s].state) nas_count(&found, c->clips[i].name);
        if (found.n)
            nas_warn(log, "clips: %" PRId64 " of %d %s (as %s)", found.n, c->n, states[s].text,
                     found.first);
    }
}

/* Samples beyond -1 .. 1, and floats that a full scale makes too small. */
static void warn_of_scale(const nas_clips *c, const nas_log *log) {
    nas_counted beyond = {0}, small = {0};
    float most = 0;
    for (int32_t i = 0; i < c->n; i++) {
        const nas_clip *k = &c->clips[i];
        if (k->peak > 1.0f) {
            if (k->peak > most) beyond.first = k->name;
            most = fmaxf(most, k->peak);
            beyond.n++;
        }
        if (k->state & NAS_CLIP_FLOATS && c->full_scale > 1.0 && k->peak > 0.0f &&
            (double)k->peak * c->full_scale <= 1.0)
            nas_count(&small, k->name);
    }
    if (beyond.n)
        nas_warn(log,
                 "clips: %" PRId64 " of %d go beyond -1 .. 1 (up to %.4g, %s), and are cut off "
                 "there. For files of floats task.full_scale says what stands for 1",
                 beyond.n, c->n, (double)most, beyond.first);
    if (small.n)
        nas_warn(log,
                 "clips: %" PRId64 " of %d hold floats between -1 and 1, which task.full_scale "
                 "divides by %g (as %s). Are they written like the others?",
                 small.n, c->n, c->full_scale, small.first);
}

static void warn_of_channels(const nas_clips *c, const nas_log *log) {
    nas_counted several = {0};
    int32_t channels = 0;
    for (int32_t i = 0; i < c->n; i++) {
        if (c->clips[i].channels < 2) continue;
        if (!several.n) channels = c->clips[i].channels;
        nas_count(&several, c->clips[i].name);
    }
    if (several.n)
        nas_warn(log,
                 "clips: %" PRId64 " of %d have several channels (as %s, %d); their mean is heard",
                 several.n, c->n, several.first, channels);
}

static void warn_of_rates(const nas_clips *c, const nas_log *log) {
    struct {
        int32_t rate_hz;
        nas_counted clips;
    } rates[RATES] = {0};
    int32_t n = 0;
    for (int32_t i = 0; i < c->n; i++) {
        int32_t r = 0;
        while (r < n && rates[r].rate_hz != c->clips[i].rate_hz) r++;
        if (r == RATES) r--; /* the last stands for all the others */
        if (r == n) rates[n++].rate_hz = c->clips[i].rate_hz;
        nas_count(&rates[r].clips, c->clips[i].name);
    }
    char text[1000] = "";
    for (int32_t r = 0, used = 0; r < n && n > 1; r++)
        used +=
            snprintf(text + used, sizeof text - (size_t)used, "%s%d Hz%s: %" PRId64 ", as %.180s",
                     r ? "; " : "", rates[r].rate_hz, r == RATES - 1 ? " and others" : "",
                     rates[r].clips.n, rates[r].clips.first);
    if (n > 1)
        nas_warn(log, "clips: they have several rates (%s); all are made that of the front end",
                 text);
}

void nas_clips_warn(const nas_clips *c, const nas_clip_list *l, const nas_pack *p,
                    const nas_log *log) {
    warn_of_bad(l, p, log);
    warn_of_lengths(c, log);
    warn_of_states(c, log);
    warn_of_scale(c, log);
    warn_of_channels(c, log);
    warn_of_rates(c, log);
}
