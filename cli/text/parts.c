/* cli/text/parts.c - which clips were heard, and which classes are absent. */
#include "cli/text/parts.h"

#include "cli/cli.h"

#include <stdio.h>

static bool is_absent(const nas_deployed *d, const nas_verdict *v, int32_t label) {
    for (int32_t k = 0; k < d->n_labels; k++)
        if (v->confusion[(size_t)label * (size_t)d->n_labels + (size_t)k]) return false;
    return true;
}

/* "300 train, 40 validation, 40 test", and where a split by lists names not all: ", 8 of no list"
 */
static void print_counts(const nas_verdict *v) {
    char n[32];
    for (int p = 0; p < 3; p++)
        printf("%s%s %s", p ? ", " : "", nas_thousands(v->parts[p], n), nas_part_name((nas_part)p));
    if (v->parts[NAS_NO_PART]) printf(", %s of no list", nas_thousands(v->parts[NAS_NO_PART], n));
}

static void print_all(const nas_verdict *v) {
    if (v->parts_known == NAS_PARTS_NOT) {
        puts("heard all clips; whether it was trained on some of them is not known");
        return;
    }
    fputs(v->parts_known == NAS_PARTS_OWN ? "heard all that it was made with: "
                                          : "heard all clips, by its own split ",
          stdout);
    print_counts(v);
    puts(v->parts_known == NAS_PARTS_OWN
             ? "\n  it has learnt those of train; --split test takes the test set alone"
             : "\n  these may be other clips than those it was made with; where it has learnt\n"
               "  some of them its figures are too good; --split test takes the test set alone");
}

void cli_print_parts(const char *who, const nas_verdict *v) {
    fputs(who, stdout);
    if (v->part < 0) {
        print_all(v);
        return;
    }
    printf("heard the %s%s\n", nas_part_set((nas_part)v->part),
           v->part == NAS_TRAIN ? ", which it has learnt" : "");
    if (v->parts_known != NAS_PARTS_OWN)
        puts("  these may not be the clips it was made with: it may have learnt some of them");
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
