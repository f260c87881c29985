/* cli/text/check_clips.c - nas data check of clips. */
#include "cli/text/check.h"
#include "search/task/keywords/audit.h"
#include "search/task/keywords/keywords.h"

#include <stdio.h>
#include <string.h>

enum { POINTS = 500, FRONTS = 64 };

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

nas_status cli_check_clips(cli_checked *c, const nas_space *s, nas_arena *a, const nas_log *log,
                           nas_err *err) {
    fronts f = {.n = 0};
    c->found = nas_audit_of(c->d);
    NAS_TRY(look_at_fronts(s, c->d->outputs, &f, a, log, err));
    c->fronts = f.n;
    return NAS_OK;
}

static void print_classes(const nas_dataset *d, const nas_audit *v) {
    const bool folds = d->folds > 0;
    const char *const head[] = {
        "class", "clips",   folds ? "folds" : "train", folds ? "pick epochs" : "validation",
        "test",  "speakers"};
    cli_table *t = cli_table_open();
    cli_check_head(t, head, 6);
    for (int32_t l = 0; l < v->n_classes; l++) {
        const nas_audit_class *c = &v->classes[l];
        cli_table_cell(t, c->name, false);
        cli_check_count(t, c->clips);
        for (int p = 0; p < NAS_PARTS; p++) cli_check_count(t, c->part[p]);
        cli_check_count(t, c->speakers);
        cli_table_row(t);
    }
    cli_check_end(t);
}

/* "0.50 .. 1.00", or one of them where both are the same. */
static void add_range(cli_table *t, int decimals, double lo, double hi) {
    char a[32], b[32], text[72];
    snprintf(a, sizeof a, "%.*f", decimals, lo);
    snprintf(b, sizeof b, "%.*f", decimals, hi);
    snprintf(text, sizeof text, strcmp(a, b) == 0 ? "%s" : "%s .. %s", a, b);
    cli_table_cell(t, isnan(lo) ? "-" : text, true);
}

static void print_sound(const nas_audit *v) {
    static const char *const head[] = {"class",    "rate Hz",          "seconds",
                                       "level dB", "nothing above Hz", "constant"};
    cli_table *t = cli_table_open();
    cli_check_head(t, head, 6);
    for (int32_t l = 0; l < v->n_classes; l++) {
        const nas_audit_class *c = &v->classes[l];
        cli_table_cell(t, c->name, false);
        add_range(t, 0, c->rate_lo, c->rate_hi);
        add_range(t, 2, c->seconds.lo, c->seconds.hi);
        add_range(t, 0, c->level_db.lo, c->level_db.hi);
        add_range(t, 0, c->edge_hz.lo, c->edge_hz.hi);
        cli_check_count(t, c->constant);
        cli_table_row(t);
    }
    cli_check_end(t);
    puts("  a tenth of the clips lies below the first figure, a tenth above the second");
}

void cli_check_clips_print(const cli_checked *c) {
    const nas_audit *v = c->found;
    static const char *const by[] = {"speaker", "file", "lists", "folders", "groups"};
    char n[3][32];
    putchar('\n');
    print_classes(c->d, v);
    putchar('\n');
    print_sound(v);
    printf("\nsplit       by %s; %s speakers\n", by[v->by], nas_thousands(v->speakers, n[0]));
    if (v->unnamed)
        printf("            %s clips whose names tell no speaker: each file name counts as one\n",
               nas_thousands(v->unnamed, n[0]));
    printf("copies      %s clips; with a copy in another %s: %s, in another class: %s\n",
           nas_thousands(v->copies, n[0]), c->d->folds ? "fold" : "set",
           nas_thousands(v->copies_in_parts, n[1]), nas_thousands(v->copies_in_classes, n[2]));
    for (int p = NAS_VALIDATION; p < NAS_PARTS; p++)
        if (v->part_speakers[p])
            printf("%-10s  %s speakers, %s of them train too\n", nas_part_name((nas_part)p),
                   nas_thousands(v->part_speakers[p], n[0]), nas_thousands(v->shared[p], n[1]));
    printf("front ends  %d looked at\n", c->fronts);
}

static void put_spread(const char *name, const nas_spread *v) {
    printf(", \"%s\": ", name);
    cli_check_number("{", "tenth", v->lo);
    cli_check_number(", ", "half", v->mid);
    cli_check_number(", ", "nine_tenths", v->hi);
    putchar('}');
}

void cli_check_clips_json(const cli_checked *c) {
    const nas_audit *v = c->found;
    printf(", \"clips\": %d, \"speakers\": %d, \"copies\": %d, \"copies_in_parts\": %d, "
           "\"copies_in_classes\": %d",
           v->clips, v->speakers, v->copies, v->copies_in_parts, v->copies_in_classes);
    cli_check_parts("part_speakers", v->part_speakers);
    cli_check_parts("shared_speakers", v->shared);
    fputs(", \"classes\": [", stdout);
    for (int32_t l = 0; l < v->n_classes; l++) {
        const nas_audit_class *k = &v->classes[l];
        fputs(l ? ", {\"class\": " : "{\"class\": ", stdout);
        cli_print_json_text(k->name);
        printf(", \"clips\": %d, \"speakers\": %d, \"constant\": %d, \"rate_hz\": [%d, %d]",
               k->clips, k->speakers, k->constant, k->rate_lo, k->rate_hi);
        cli_check_parts("parts", k->part);
        put_spread("seconds", &k->seconds);
        put_spread("level_db", &k->level_db);
        put_spread("edge_hz", &k->edge_hz);
        putchar('}');
    }
    putchar(']');
}
