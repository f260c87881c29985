/* cli/cmd_retry.c - nas retry: trials that failed wait again. */
#include "cli/study.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STUDY, VERSION, ONE_NAME };
enum { RANGES_MOST = 256 };

typedef struct ranges {
    nas_retry v[RANGES_MOST];
    int32_t n;
} ranges;

static bool read_number(const char **p, int64_t *out) {
    char *end;
    if (**p < '0' || **p > '9') return false;
    errno = 0;
    *out = strtoll(*p, &end, 10);
    *p = end;
    return errno == 0;
}

/* "3", "3-7", "1,3-7,9". */
static bool read_ranges(const char *text, ranges *out) {
    const char *p = text;
    for (bool more = true; more; p++) {
        nas_retry *r = &out->v[out->n];
        if (out->n == RANGES_MOST || !read_number(&p, &r->first)) break;
        r->last = r->first;
        if (*p == '-' && (p++, !read_number(&p, &r->last))) break;
        if (r->last < r->first) break;
        out->n++;
        if (!*p) return true;
        more = *p == ',';
    }
    fprintf(stderr,
            "nas: TRIALS: expected numbers and ranges of them, as in 3 or 1,3-7 (at most %d), got "
            "'%s'\n",
            RANGES_MOST, text);
    return false;
}

static void note(void *ctx, int64_t number, const char *reason) {
    fprintf(ctx, "trial %" PRId64 ": ", number);
    cli_print_visible(ctx, *reason ? reason : "no reason is stored", false);
    fputc('\n', ctx);
}

static int set_back(const cli_study *s, const char *db, bool any_name, const ranges *r) {
    nas_err err = {0};
    nas_store *store = NULL;
    char *text = NULL, n[32];
    size_t size = 0;
    int64_t count = 0;
    FILE *f = open_memstream(&text, &size);
    const nas_store_place any = {.any_name = any_name};
    nas_status st = f ? nas_store_open_at(db, NAS_STORE_WRITE, &any, &store, &err)
                      : nas_fail_errno(&err, "cannot list trials");
    if (st == NAS_OK) st = nas_store_retry(store, s->id, r->v, r->n, note, f, &count, &err);
    nas_store_close(store);
    if (f) fclose(f); /* before text is read */
    if (st == NAS_OK && count)
        printf("%s%s trial%s of %s wait%s again; the same `nas run` as before goes on with %s\n",
               text ? text : "", nas_thousands(count, n), count == 1 ? "" : "s", s->def.name,
               count == 1 ? "s" : "", count == 1 ? "it" : "them");
    else if (st == NAS_OK)
        printf("no trial of %s failed among the numbers that were named\n", s->def.name);
    free(text);
    return st == NAS_OK ? CLI_OK : cli_fail(&err);
}

static int run(const cli_args *args) {
    cli_study s;
    int st;
    ranges r = {.n = 0};
    if (args->n_words < 2)
        r = (ranges){.v = {{0, INT64_MAX}}, .n = 1};
    else if (!read_ranges(args->word[1], &r))
        return CLI_BAD;
    if (!cli_study_open(&s, args->word[0], args->option[STUDY], args->option[VERSION], &st))
        return st;
    st = set_back(&s, args->word[0], args->option[ONE_NAME] != NULL, &r);
    cli_study_close(&s);
    return st;
}

const cli_command cli_retry = {
    .name = "retry",
    .words = "DB [TRIALS]",
    .least = 1,
    .most = 2,
    .summary = "Let failed trials wait again: the next `nas run` tries them as if they were new",
    .options =
        {
            [STUDY] = {"--study", "NAME", "which study, where the database has several"},
            [VERSION] = CLI_VERSION,
            [ONE_NAME] = CLI_ONE_NAME,
        },
    .text = "TRIALS are numbers and ranges (default: all that failed). Trials of a range that are\n"
            "in another state stay as they are. A trial that is named by itself must have failed.\n"
            "The reason of each failure is kept in <study>_warnings.\n\n"
            "Exit status: 0 done, also where none had failed, 1 a failure, or the trial is\n"
            "running, 2 bad input: nothing was changed.\n\n"
            "examples:\n"
            "  nas retry demo.db\n"
            "  nas retry demo.db 3,7-9\n",
    .run = run,
};
