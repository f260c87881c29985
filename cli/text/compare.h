/* cli/text/compare.h - what `nas compare` has read of a study, and how it shows what came of it.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_TEXT_COMPARE_H
#define NAS_CLI_TEXT_COMPARE_H

#include "cli/study.h"
#include "search/estimate/compare.h"
#include "search/study/study.h"

enum { CLI_COMPARE_ROWS = 5000 };

typedef struct cli_comparison {
    cli_study s;
    nas_space *space; /* NULL: the stored text is not read by this build */
    nas_arena *arena;
    const char *metric[NAS_COMPARE_METRICS];
    bool ratio[NAS_COMPARE_METRICS], size[NAS_COMPARE_METRICS];
    nas_compare_table t;
    nas_value *param;
    double *figure;
    int64_t others; /* trials that are not complete */
    bool more, failed;
} cli_comparison;

/* The changes, then the rankings, on stdout. all: changes that do not begin at the base, too. */
void cli_compare_print(const cli_comparison *c, const nas_contrast *v, int32_t n, bool all);
/* The changes as a JSON list. */
void cli_compare_json(const cli_comparison *c, const nas_contrast *v, int32_t n);

#endif
