/* search/task/keywords/audit_classes.c - the table of classes, and how many clips of them there
 * are. */
#include "base/text/digits.h"
#include "search/task/keywords/audit_int.h"

#include <math.h>
#include <stdlib.h>

enum { TIMES = 5 }; /* as many clips as the smallest class: out of balance */

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static nas_spread spread_of(double *v, int32_t n) {
    if (!n) return (nas_spread){(double)NAN, (double)NAN, (double)NAN};
    qsort(v, (size_t)n, sizeof *v, by_value);
    return (nas_spread){v[n / 10], v[n / 2], v[n - 1 - n / 10]};
}

/* room: three times as many numbers as there are clips; seen: [speakers], of earlier classes. */
static void fill(const nas_auditing *w, int32_t label, double *room, int32_t *seen,
                 nas_audit_class *out) {
    const nas_clips *all = nas_clips_of(w->d);
    double *seconds = room, *level = seconds + all->n, *edge = level + all->n;
    int32_t n = 0, edges = 0;
    for (int32_t i = 0; i < all->n; i++) {
        const nas_clip *c = &all->clips[i];
        const nas_traits *t = &w->t[i];
        if (c->label != label) continue;
        if (!out->clips++) out->rate_lo = out->rate_hi = c->rate_hz;
        if (w->part[i] < NAS_PARTS) out->part[w->part[i]]++;
        if (c->rate_hz < out->rate_lo) out->rate_lo = c->rate_hz;
        if (c->rate_hz > out->rate_hi) out->rate_hi = c->rate_hz;
        out->speakers += seen[w->speaker[i]] != label + 1;
        seen[w->speaker[i]] = label + 1;
        out->constant += nas_audit_is_constant(w, i);
        if (nas_audit_is_constant(w, i)) continue;
        seconds[n] = (double)(c->cut ? c->samples : c->length) / c->rate_hz;
        level[n++] = 20 * log10(fmax(1e-6, (double)(c->cut ? c->volume : 1) * (double)t->rms));
        if (t->edge_hz > 0) edge[edges++] = (double)t->edge_hz;
    }
    out->seconds = spread_of(seconds, n);
    out->level_db = spread_of(level, n);
    out->edge_hz = spread_of(edge, edges);
}

static nas_status fill_classes(const nas_auditing *w) {
    const nas_clips *c = nas_clips_of(w->d);
    nas_audit *out = w->out;
    double *room = nas_arena_array(w->a, 3 * (size_t)c->n, sizeof *room, w->err);
    int32_t *seen = nas_arena_array(w->a, (size_t)out->speakers, sizeof *seen, w->err);
    out->classes = nas_arena_array(w->a, (size_t)c->n_labels, sizeof *out->classes, w->err);
    if (!room || !seen || !out->classes) return NAS_ENOMEM;
    out->n_classes = c->n_labels;
    out->clips = c->n;
    out->by = nas_keywords_keys(w->d->task)->split.by;
    out->unnamed = c->n_unnamed;
    for (int32_t l = 0; l < c->n_labels; l++) {
        out->classes[l].name = nas_arena_text(w->a, c->labels[l], w->err);
        if (!out->classes[l].name) return NAS_ENOMEM;
        fill(w, l, room, seen, &out->classes[l]);
    }
    return NAS_OK;
}

static nas_status say_balance(const nas_auditing *w) {
    const nas_audit_class *c = w->out->classes, *most = c, *least = c;
    char a[32], b[32];
    int32_t small = 0;
    for (int32_t l = 1; l < w->out->n_classes; l++) {
        if (c[l].clips > most->clips) most = &c[l];
        if (c[l].clips < least->clips) least = &c[l];
    }
    for (int32_t l = 0; l < w->out->n_classes; l++) small += TIMES * c[l].clips < most->clips;
    if (!small) return NAS_OK;
    return nas_audit_say(
        w, "classes",
        "%d of %d have less than a fifth of the clips of \"%.60s\" (%s): "
        "\"%.60s\" has the fewest, %s. Who always says \"%.60s\" is right on many; "
        "add clips of the small classes, or leave out some of the large",
        small, w->out->n_classes, most->name, nas_thousands(most->clips, a), least->name,
        nas_thousands(least->clips, b), most->name);
}

/* Lists, folders and groups say it themselves. */
static nas_status say_absent(const nas_auditing *w) {
    const int32_t by = nas_keywords_keys(w->d->task)->split.by;
    if (w->d->folds || (by != NAS_BY_SPEAKER && by != NAS_BY_FILE)) return NAS_OK;
    for (int p = NAS_VALIDATION; p < NAS_PARTS; p++) {
        int32_t absent = 0;
        const char *first = NULL;
        for (int32_t l = 0; l < w->out->n_classes; l++) {
            if (w->out->classes[l].part[p]) continue;
            if (!absent++) first = w->out->classes[l].name;
        }
        if (!absent) continue;
        NAS_TRY(nas_audit_say(w, "split",
                              "%d of %d classes have no clip in the %s, \"%.60s\" is the "
                              "first: its score says nothing of them; give more clips or speakers, "
                              "or set split.%s higher",
                              absent, w->out->n_classes, nas_part_set((nas_part)p), first,
                              nas_part_name((nas_part)p)));
    }
    return NAS_OK;
}

nas_status nas_audit_classes(const nas_auditing *w) {
    NAS_TRY(fill_classes(w));
    NAS_TRY(say_balance(w));
    return say_absent(w);
}
