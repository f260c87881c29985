/* cli/cmd_cache.c - nas cache: what stages left on disk; brings it down to a bound, or clears it.
 */
#include "cli/cli.h"
#include "search/cache/cache_bound.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CLEAR, CACHE_BYTES };

enum { KINDS = 32 };

typedef struct tally {
    char kind[NAS_CACHE_KIND];
    int64_t files, bytes;
    double first, last; /* use */
} tally;

static tally *tally_of(tally *t, int32_t *n, const char *kind) {
    for (int32_t i = 0; i < *n; i++)
        if (strcmp(t[i].kind, kind) == 0) return &t[i];
    if (*n == KINDS) return &t[KINDS - 1];
    tally *fresh = &t[(*n)++];
    *fresh = (tally){.files = 0};
    memcpy(fresh->kind, kind, NAS_CACHE_KIND);
    return fresh;
}

static void add_date(cli_table *table, double date) {
    char text[32];
    const time_t t = (time_t)date;
    struct tm utc;
    if (!gmtime_r(&t, &utc) || strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &utc) == 0)
        text[0] = '\0';
    cli_table_cell(table, text, false);
}

static void add_row(cli_table *table, const char *kind, int64_t files, int64_t bytes) {
    char text[32];
    cli_table_cell(table, kind, false);
    cli_table_cell(table, nas_thousands(files, text), true);
    cli_table_cell(table, nas_thousands(bytes, text), true);
}

static void print_kinds(const tally *t, int32_t n) {
    static const char *const head[] = {"stage", "files", "bytes", "first used (UTC)", "last used"};
    cli_table *table = cli_table_open();
    tally all = {.files = 0};
    for (int i = 0; i < 5; i++) cli_table_cell(table, head[i], i == 1 || i == 2);
    cli_table_row(table);
    for (int32_t i = 0; i < n; i++) {
        add_row(table, t[i].kind, t[i].files, t[i].bytes);
        add_date(table, t[i].first);
        add_date(table, t[i].last);
        cli_table_row(table);
        all.files += t[i].files;
        all.bytes += t[i].bytes;
    }
    add_row(table, "all", all.files, all.bytes);
    cli_table_row(table);
    cli_table_print(table);
    cli_table_close(table);
}

static int show(const char *dir, nas_arena *a, nas_err *err) {
    nas_cache_entry *v;
    size_t n;
    tally t[KINDS];
    int32_t kinds = 0;
    if (nas_cache_list(dir, a, &v, &n, err) != NAS_OK) return cli_fail(err);
    for (size_t i = 0; i < n; i++) {
        char kind[NAS_CACHE_KIND];
        nas_cache_kind(&v[i], kind);
        tally *k = tally_of(t, &kinds, kind);
        if (!k->files++) k->first = v[i].used;
        k->last = v[i].used; /* they come in the order of their use */
        k->bytes += v[i].bytes;
    }
    printf("%s\n", dir);
    print_kinds(t, kinds);
    return CLI_OK;
}

static int clear(const char *dir, nas_arena *a, nas_err *err) {
    nas_cache_entry *v;
    size_t n;
    int64_t bytes = 0, gone = 0, stay = 0;
    char text[32], size[32];
    if (nas_cache_list(dir, a, &v, &n, err) != NAS_OK) return cli_fail(err);
    for (size_t i = 0; i < n; i++) {
        const bool went = nas_file_remove_unused(v[i].path);
        gone += went;
        stay += !went;
        if (went) bytes += v[i].bytes;
    }
    printf("%s: %s files removed, %s bytes\n", dir, nas_thousands(gone, text),
           nas_thousands(bytes, size));
    if (!stay) return CLI_OK;
    fprintf(stderr, "nas: %s files stay: a running trial needs them, or they cannot be removed\n",
            nas_thousands(stay, text));
    return CLI_FAILED;
}

/* A database stands for the cache that lies beside it. */
static bool folder_of(const char *word, char out[4096]) {
    const bool folder = nas_path_is_dir(word);
    const int n = snprintf(out, 4096, "%s%s", word, folder ? "" : ".cache");
    if (n > 0 && n < 4096 && nas_path_is_dir(out)) return true;
    fprintf(stderr,
            "nas: %s: there is no cache; name its folder, or a database that has one beside "
            "it\n",
            word);
    return false;
}

static int run(const cli_args *args) {
    char dir[4096];
    nas_cache c = {.dir = dir};
    nas_arena *a = NULL;
    nas_err err = {0};
    if (!folder_of(args->word[0], dir)) return CLI_BAD;
    if (args->option[CACHE_BYTES] &&
        !cli_number("--cache-bytes", args->option[CACHE_BYTES], 1, INT64_C(1) << 60, &c.most))
        return CLI_BAD;
    if (nas_cache_trim(&c, &err) != NAS_OK || nas_arena_open(&a, &err) != NAS_OK)
        return cli_fail(&err);
    const int st = args->option[CLEAR] ? clear(dir, a, &err) : show(dir, a, &err);
    nas_arena_close(a);
    return st;
}

const cli_command cli_cache = {
    .name = "cache",
    .words = "DB|DIR",
    .least = 1,
    .most = 1,
    .summary = "Show what stages left on disk, and clear it",
    .options =
        {
            [CLEAR] = {"--clear", NULL, "removes all files that no running trial needs"},
            [CACHE_BYTES] = {"--cache-bytes", "N",
                             "shrinks the cache to N bytes: the files used longest ago go"},
        },
    .text = "Nothing in a cache is a result: what is missing is computed again, to the same bits.\n"
            "Packed clips (`clips`) are removed by --clear alone. The databases of one folder\n"
            "share packed clips: a file goes when no database uses it any more.\n\n"
            "examples:\n"
            "  nas cache demo.db\n"
            "  nas cache demo.db.cache --cache-bytes 1000000000\n"
            "  nas cache demo.db --clear\n",
    .run = run,
};
