/* cli/parts.c - which clips were heard, and which classes are absent. */
#include "cli/parts.h"

#include "cli/cli.h"

#include <stdio.h>

static bool is_absent(const nas_deployed *d, const nas_verdict *v, int32_t label) {
    for (int32_t k = 0; k < d->n_labels; k++)
        if (v->confusion[(size_t)label * (size_t)d->n_labels + (size_t)k]) return false;
    return true;
}

/* "300 train, 40 validation, 40 test" */
static void print_counts(const nas_verdict *v) {
    char n[32];
    for (int p = 0; p < 3; p++)
        printf("%s%s %s", p ? ", " : "", nas_thousands(v->parts[p], n), nas_part_name((nas_part)p));
}

static void print_all(const nas_verdict *v) {
    if (v->parts_known == NAS_PARTS_NOT) {
        puts("all clips were heard; which of them it was trained on is not known");
        return;
    }
    if (v->parts_known == NAS_PARTS_OWN) {
        fputs("all clips that it was made with were heard: ", stdout);
        print_counts(v);
        puts("\n  those of train it has learnt; --split test leaves them out");
        return;
    }
    fputs("all clips were heard; its split would have ", stdout);
    print_counts(v);
    puts("\n  these are not, or not all, the clips it was made with; what it was trained on\n"
         "  flatters: --split test leaves it out");
}

void cli_print_parts(const char *who, const nas_verdict *v) {
    fputs(who, stdout);
    if (v->part < 0) {
        print_all(v);
        return;
    }
    printf("the %s part was heard%s\n", nas_part_name((nas_part)v->part),
           v->part == NAS_TRAIN ? ": clips that it has learnt" : "");
    if (v->parts_known != NAS_PARTS_OWN)
        puts("  these are not, or not all, the clips it was made with: it may have learnt some\n"
             "  of this part");
}

void cli_print_absent(const nas_deployed *d, const nas_verdict *v) {
    if (v->of_class == d->n_labels) return;
    char n[32], all[32];
    printf("%s of %s classes have no clips here:", nas_thousands(d->n_labels - v->of_class, n),
           nas_thousands(d->n_labels, all));
    for (int32_t i = 0, printed = 0; i < d->n_labels; i++) {
        if (!is_absent(d, v, i)) continue;
        fputs(printed++ ? ", " : " ", stdout);
        cli_print_visible(stdout, d->labels[i], false);
    }
    puts("; nothing is said of them");
}

void cli_json_parts(const nas_verdict *v, const char *after) {
    printf("\"part\": \"%s\", \"trained_on_these\": %s, \"parts\": ",
           v->part < 0 ? "all" : nas_part_name((nas_part)v->part),
           v->parts_known == NAS_PARTS_OWN ? "true" : "null");
    if (v->parts_known == NAS_PARTS_NOT)
        printf("null%s", after);
    else
        printf("{\"train\": %d, \"validation\": %d, \"test\": %d}%s", v->parts[NAS_TRAIN],
               v->parts[NAS_VALIDATION], v->parts[NAS_TEST], after);
}

void cli_json_absent(const nas_deployed *d, const nas_verdict *v, const char *after) {
    fputs("\"absent\": [", stdout);
    for (int32_t i = 0, printed = 0; i < d->n_labels; i++) {
        if (!is_absent(d, v, i)) continue;
        fputs(printed++ ? ", " : "", stdout);
        cli_print_json_text(d->labels[i]);
    }
    printf("]%s", after);
}
