/* cli/text/compare_text.c - changes and rankings, as lines that fit the terminal and as JSON. */
#include "cli/text/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The last word of a parameter's path: "prune.to" is "to". */
static const char *last_word(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

static const char *path_of(const cli_comparison *c, int32_t param) {
    return c->space && param < nas_space_params(c->space) ? nas_space_param(c->space, param)->path
                                                          : c->s.def.params[param].name;
}

/* What a schedule is called says less than its end. */
static bool tells(const char *label) {
    return label && strcmp(label, "polynomial") != 0 && strcmp(label, "constant") != 0;
}

/* "0.5", "mfcc", "none", "to 0.7", "conv1d (filters 64, kernel 5)": a value and what exists only
 * under it. */
static void put_level(const cli_comparison *c, FILE *f, int32_t param, int32_t row, int32_t other) {
    const nas_value *v = &c->param[(size_t)row * (size_t)c->t.params];
    const nas_value *o = &c->param[(size_t)other * (size_t)c->t.params];
    char text[160];
    const char *label = v[param].type == NAS_COLUMN_TEXT ? v[param].text : NULL;
    int32_t n = 0, inner = 0;
    /* A column of positions: no option has a word, or an older build wrote it. */
    if (c->space && !v[param].is_null && v[param].type == NAS_COLUMN_INTEGER &&
        param < nas_space_params(c->space))
        label = nas_space_label(c->space, param, v[param].integer, c->arena);
    for (int32_t i = 0; i < c->t.params; i++) inner += i != param && !v[i].is_null && o[i].is_null;
    const bool named = v[param].is_null || !inner || tells(label);
    if (named)
        fputs(v[param].is_null ? "none"
              : label          ? label
                               : cli_value(&v[param], text, sizeof text),
              f);
    for (int32_t i = 0; i < c->t.params; i++) {
        if (i == param || v[i].is_null || !o[i].is_null) continue;
        fprintf(f, "%s%s %s",
                n++     ? ", "
                : named ? " ("
                        : "",
                last_word(path_of(c, i)), cli_value(&v[i], text, sizeof text));
    }
    if (n && named) fputc(')', f);
}

/* "width: 1 -> 0.5" */
static const char *title_of(const cli_comparison *c, const nas_contrast *k) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    if (!f) return "";
    fprintf(f, "%s: ", path_of(c, k->param));
    put_level(c, f, k->param, k->from, k->to);
    fputs(" -> ", f);
    put_level(c, f, k->param, k->to, k->from);
    if (fclose(f) != 0) return "";
    const char *kept = nas_arena_text(c->arena, text, NULL);
    free(text);
    return kept ? kept : "";
}

static bool is_fraction(const nas_study *study, const char *metric) {
    return nas_study_metric(study, metric).unit == NAS_UNIT_FRACTION;
}

/* "accuracy -0.8 points [-1.1, -0.5]", "zlib_bytes x 0.21 [0.20, 0.23]" */
static void put_figure(const cli_comparison *c, FILE *f, int32_t metric, const nas_paired *p) {
    const bool points = is_fraction(&c->s.def, c->metric[metric]);
    const double by = points ? 100 : 1;
    if (p->pairs == 0) {
        fprintf(f, "%s not known", c->metric[metric]);
        return;
    }
    if (c->ratio[metric])
        fprintf(f, "%s x %.3g", c->metric[metric], p->mean);
    else
        fprintf(f, points ? "%s %+.2f points" : "%s %+.4g", c->metric[metric], by * p->mean);
    if (p->pairs < 2)
        fputs(" [one pair]", f);
    else if (c->ratio[metric])
        fprintf(f, " [%.3g, %.3g]", p->lo, p->hi);
    else
        fprintf(f, points ? " [%+.2f, %+.2f]" : " [%+.4g, %+.4g]", by * p->lo, by * p->hi);
}

static void print_contrast(const cli_comparison *c, const nas_contrast *k) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    if (!f) return;
    fprintf(f, "%s (%d %s): ", title_of(c, k), k->pairs, k->pairs == 1 ? "pair" : "pairs");
    for (int32_t m = 0; m < c->t.metrics; m++) {
        if (m) fputs(", ", f);
        put_figure(c, f, m, &k->by[m]);
    }
    if (fclose(f) == 0) cli_print_wrapped(stdout, text, 0, 4);
    free(text);
}

/* What a change is ranked by: one metric, or what a halving of a metric costs in another. The first
 * of a ranking is the best: the least quotient, else the largest difference. */
typedef struct ranking {
    int32_t metric;
    int32_t halved; /* below 0: nothing */
} ranking;

/* A change that saves less than a tenth has no price of a halving. */
static const double least_saving = 0.9;

static nas_paired rank_of(const ranking *r, const nas_contrast *k) {
    nas_paired p = k->by[r->metric];
    if (r->halved < 0) return p;
    const double ratio = k->by[r->halved].mean;
    const double halvings = ratio < least_saving ? -log2(ratio) : (double)NAN;
    p.mean /= halvings;
    p.lo /= halvings;
    p.hi /= halvings;
    return p;
}

static bool is_better(const cli_comparison *c, const ranking *r, double a, double b) {
    return c->ratio[r->metric] ? a < b : a > b;
}

/* The best change of a parameter, of those from its base; -1: none. */
static int32_t best_of(const cli_comparison *c, const nas_contrast *v, int32_t n, int32_t param,
                       const ranking *r) {
    int32_t best = -1;
    for (int32_t k = 0; k < n; k++) {
        const double x = rank_of(r, &v[k]).mean;
        if (v[k].param != param || !v[k].from_base || !isfinite(x)) continue;
        if (best < 0 || is_better(c, r, x, rank_of(r, &v[best]).mean)) best = k;
    }
    return best;
}

/* Do the intervals of two changes lie apart? */
static bool apart(const nas_paired *a, const nas_paired *b) {
    return a->pairs > 1 && b->pairs > 1 && (a->hi < b->lo || b->hi < a->lo);
}

static void print_ranked(const cli_comparison *c, const nas_contrast *k, const ranking *r,
                         int32_t place, const nas_paired *next) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    if (!f) return;
    const nas_paired p = rank_of(r, k);
    fprintf(f, "%3d. %s, ", place, title_of(c, k));
    put_figure(c, f, r->metric, &p);
    if (next && !apart(&p, next)) fputs(" (not told apart from the next)", f);
    if (fclose(f) == 0) cli_print_wrapped(stdout, text, 0, 5);
    free(text);
}

/* One change a parameter, best first. */
static void print_answer(const cli_comparison *c, const nas_contrast *v, int32_t n,
                         const ranking *r, const char *question) {
    enum { MOST = 64 };
    int32_t order[MOST], found = 0;
    for (int32_t p = 0; p < c->t.params && found < MOST; p++) {
        const int32_t k = best_of(c, v, n, p, r);
        if (k < 0) continue;
        int32_t at = found++;
        for (;
             at > 0 && is_better(c, r, rank_of(r, &v[k]).mean, rank_of(r, &v[order[at - 1]]).mean);
             at--)
            order[at] = order[at - 1];
        order[at] = k;
    }
    if (found) printf("\n%s, one change a parameter:\n", question);
    for (int32_t i = 0; i < found; i++) {
        const nas_paired next = i + 1 < found ? rank_of(r, &v[order[i + 1]]) : (nas_paired){0};
        print_ranked(c, &v[order[i]], r, i + 1, i + 1 < found ? &next : NULL);
    }
}

/* The score is the first metric. */
static void print_answers(const cli_comparison *c, const nas_contrast *v, int32_t n) {
    char question[160];
    if (!c->ratio[0]) {
        snprintf(question, sizeof question, "What costs %s least", c->metric[0]);
        print_answer(c, v, n, &(ranking){.metric = 0, .halved = -1}, question);
    }
    for (int32_t m = 0; m < c->t.metrics; m++) {
        if (!c->ratio[m]) continue;
        snprintf(question, sizeof question, "What saves most %s", c->metric[m]);
        print_answer(c, v, n, &(ranking){.metric = m, .halved = -1}, question);
        if (c->ratio[0]) continue;
        snprintf(question, sizeof question, "What a halving of %s costs in %s", c->metric[m],
                 c->metric[0]);
        print_answer(c, v, n, &(ranking){.metric = 0, .halved = m}, question);
    }
}

void cli_compare_json(const cli_comparison *c, const nas_contrast *v, int32_t n) {
    putchar('[');
    for (int32_t k = 0; k < n; k++) {
        printf("%s{\"parameter\":", k ? ",\n " : "");
        cli_print_json_text(path_of(c, v[k].param));
        fputs(",\"change\":", stdout);
        cli_print_json_text(title_of(c, &v[k]));
        printf(",\"pairs\":%d,\"from_base\":%s", v[k].pairs, v[k].from_base ? "true" : "false");
        for (int32_t m = 0; m < c->t.metrics; m++) {
            const nas_paired *p = &v[k].by[m];
            char text[3][32];
            const double figure[] = {p->mean, p->lo, p->hi};
            for (int i = 0; i < 3; i++)
                if (isfinite(figure[i]))
                    nas_json_number(figure[i], text[i]);
                else
                    snprintf(text[i], sizeof text[i], "null");
            putchar(',');
            cli_print_json_text(c->metric[m]);
            printf(":{\"%s\":%s,\"lo\":%s,\"hi\":%s,\"pairs\":%d}",
                   c->ratio[m] ? "ratio" : "difference", text[0], text[1], text[2], p->pairs);
        }
        putchar('}');
    }
    puts("]");
}

void cli_compare_print(const cli_comparison *c, const nas_contrast *v, int32_t n, bool all) {
    char a[32], b[32];
    int32_t hidden = 0;
    printf("%s: %s complete trials compared", c->s.def.name, nas_thousands(c->t.rows, a));
    if (c->others) printf(", %s others left out", nas_thousands(c->others, b));
    if (c->more) fputs(", and complete ones beyond the first 5,000", stdout);
    putchar('\n');
    if (!n) {
        cli_print_wrapped(
            stdout,
            "no two of them differ in one parameter alone: a grid has such neighbours "
            "(\"sampler\": \"grid\")",
            0, 0);
        return;
    }
    cli_print_wrapped(
        stdout,
        "Each line is a change of one parameter, all else equal; means over pairs of "
        "trials with 95 % intervals (Student's t; quotients by their logarithms). All "
        "trials are judged on the same examples, so an interval is about the settings "
        "that were tried, not about other examples.",
        0, 0);
    putchar('\n');
    for (int32_t k = 0; k < n; k++) {
        if (all || v[k].from_base)
            print_contrast(c, &v[k]);
        else
            hidden++;
    }
    if (hidden) printf("%d more changes, between other values: --all\n", hidden);
    print_answers(c, v, n);
}
