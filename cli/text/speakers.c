/* cli/text/speakers.c - nas eval --by-speaker. */
#include "cli/text/speakers.h"

#include "cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINES = 20 };

static nas_status worst_first(nas_arena *a, const nas_verdict *v, nas_speaker_heard **s, int32_t *n,
                              nas_err *err) {
    NAS_TRY(nas_speakers_group(a, v, s, n, err));
    nas_speakers_sort(*s, *n);
    return NAS_OK;
}

static void add_count(cli_table *t, int64_t v) {
    char text[32];
    cli_table_cell(t, nas_thousands(v, text), true);
}

/* "go as stop 2, yes as no 1" */
static nas_status add_mistakes(cli_table *t, nas_arena *a, const nas_deployed *d,
                               const nas_verdict *v, const nas_speaker_heard *s, nas_err *err) {
    nas_mistake *m;
    int32_t n;
    char *text = NULL;
    size_t length = 0;
    NAS_TRY(nas_speaker_mistakes(a, v, s, &m, &n, err));
    FILE *f = open_memstream(&text, &length);
    if (!f) return nas_fail(err, NAS_ENOMEM, "out of memory");
    for (int32_t i = 0; i < n; i++)
        fprintf(f, "%s%s as %s %" PRId32, i ? ", " : "", d->labels[m[i].label],
                d->labels[m[i].class], m[i].n);
    if (fclose(f) == 0) cli_table_cell(t, text, false);
    free(text);
    return NAS_OK;
}

static nas_status add_speaker(cli_table *t, nas_arena *a, const nas_deployed *d,
                              const nas_verdict *v, const nas_speaker_heard *s, nas_err *err) {
    cli_table_cell(t, s->speaker, false);
    add_count(t, s->n);
    add_count(t, s->right);
    const nas_status st = add_mistakes(t, a, d, v, s, err);
    cli_table_row(t);
    return st;
}

nas_status cli_print_speakers(nas_arena *a, const nas_deployed *d, const nas_verdict *v,
                              nas_err *err) {
    static const char *const head[] = {"speaker", "clips", "right", "spoken as heard"};
    nas_speaker_heard *s;
    int32_t n;
    char left[32];
    NAS_TRY(worst_first(a, v, &s, &n, err));
    const int32_t shown = isatty(STDOUT_FILENO) && n > LINES ? LINES : n;
    puts("\nspeakers, most errors first");
    cli_table *t = cli_table_open();
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        cli_table_cell(t, head[i], i == 1 || i == 2);
    cli_table_row(t);
    nas_status st = NAS_OK;
    for (int32_t i = 0; i < shown && st == NAS_OK; i++) st = add_speaker(t, a, d, v, &s[i], err);
    cli_table_print_cut(t);
    cli_table_close(t);
    if (shown < n)
        printf("and %s more; --json has all, and so has a pipe or a file\n",
               nas_thousands(n - shown, left));
    return st;
}

static nas_status json_mistakes(nas_arena *a, const nas_deployed *d, const nas_verdict *v,
                                const nas_speaker_heard *s, nas_err *err) {
    nas_mistake *m;
    int32_t n;
    NAS_TRY(nas_speaker_mistakes(a, v, s, &m, &n, err));
    for (int32_t i = 0; i < n; i++) {
        fputs(i ? ", {\"spoken\": " : "{\"spoken\": ", stdout);
        cli_print_json_text(d->labels[m[i].label]);
        fputs(", \"heard\": ", stdout);
        cli_print_json_text(d->labels[m[i].class]);
        printf(", \"clips\": %d}", m[i].n);
    }
    return NAS_OK;
}

nas_status cli_json_speakers(nas_arena *a, const nas_deployed *d, const nas_verdict *v,
                             nas_err *err) {
    nas_speaker_heard *s;
    int32_t n;
    NAS_TRY(worst_first(a, v, &s, &n, err));
    putchar('[');
    for (int32_t i = 0; i < n; i++) {
        fputs(i ? ", {\"speaker\": " : "{\"speaker\": ", stdout);
        cli_print_json_text(s[i].speaker);
        printf(", \"clips\": %d, \"right\": %d, \"confused\": [", s[i].n, s[i].right);
        NAS_TRY(json_mistakes(a, d, v, &s[i], err));
        fputs("]}", stdout);
    }
    putchar(']');
    return NAS_OK;
}
