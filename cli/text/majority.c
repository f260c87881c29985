/* cli/text/majority.c - what a trial's accuracy is worth where one class is common. */
#include "cli/text/report.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct classes {
    int64_t clips, right; /* of all */
    int64_t most;         /* clips of the commonest class */
    int64_t known;        /* classes with a clip that is right */
    int64_t known_clips;  /* clips of the last of them */
    char common[256], only[256];
} classes;

static bool add_class(void *ctx, const nas_share *g) {
    classes *c = ctx;
    c->clips += g->n;
    c->right += g->right;
    if (g->n > c->most) snprintf(c->common, sizeof c->common, "%s", g->name);
    if (g->n > c->most) c->most = g->n;
    if (!g->right) return true;
    c->known++;
    c->known_clips = g->n;
    snprintf(c->only, sizeof c->only, "%s", g->name);
    return true;
}

static void print_class(const char *name) {
    putchar('"');
    cli_print_visible(stdout, name, false);
    putchar('"');
}

static void print_share(int64_t n, int64_t of) {
    char a[32], b[32];
    printf(" (%s of %s clips)\n", nas_thousands(n, a), nas_thousands(of, b));
}

void cli_print_majority(nas_store *store, nas_study_id id, int64_t row) {
    classes c = {0};
    int64_t trained;
    if (nas_store_trained(store, id, row, &trained, NULL) != NAS_OK ||
        nas_store_shares(store, id, trained, "validation", true, add_class, &c, NULL) != NAS_OK ||
        !c.clips)
        return;
    if (c.known == 1 && c.right == c.known_clips) {
        fputs("one class only\n  it is right on ", stdout);
        print_class(c.only);
        fputs(" alone, as always answering that would be", stdout);
        print_share(c.right, c.clips);
    } else if (c.right <= c.most) {
        fputs("no better than one answer\n  always answering ", stdout);
        print_class(c.common);
        fputs(" would be right as often", stdout);
        print_share(c.most, c.clips);
    }
}
