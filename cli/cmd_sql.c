/* cli/cmd_sql.c - nas sql: any query that only reads. */
#include "cli/text/report.h"

#include "base/text/visible.h"
#include "search/json/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CSV, JSON, STUDY, VERSION };

typedef struct output {
    cli_table *table; /* NULL: CSV or JSON */
    bool json;
    int64_t rows;
} output;

/* A terminal gets what it can show, a file or a pipe the very bytes. */
static void print_csv(const char *s) {
    if (isatty(STDOUT_FILENO) && nas_has_control(s)) {
        putchar('"');
        cli_print_visible(stdout, s, false);
        putchar('"');
        return;
    }
    if (*s && !strpbrk(s, ",\"\r\n")) {
        fputs(s, stdout);
        return;
    }
    putchar('"');
    for (; *s; s++) {
        if (*s == '"') putchar('"');
        putchar(*s);
    }
    putchar('"');
}

/* Numbers that read back as they are: infinity as one that is too large for a double. */
static void exact(const nas_value *v, char text[64]) {
    if (v->is_null)
        text[0] = '\0';
    else if (v->type == NAS_COLUMN_REAL && isinf(v->real))
        snprintf(text, 64, "%s9e999", v->real < 0 ? "-" : "");
    else if (v->type == NAS_COLUMN_REAL)
        nas_json_number(v->real, text);
    else if (v->type == NAS_COLUMN_INTEGER)
        snprintf(text, 64, "%" PRId64, v->integer);
    else
        cli_value(v, text, 64);
}

static void csv_row(const nas_row *row) {
    for (int32_t i = 0; i < row->n; i++) {
        const nas_value *v = row->values ? &row->values[i] : NULL;
        char text[64];
        if (i) putchar(',');
        if (!v) {
            print_csv(row->names[i]);
        } else if (!v->is_null && v->type == NAS_COLUMN_TEXT) {
            print_csv(v->text);
        } else {
            exact(v, text);
            fputs(text, stdout);
        }
    }
    putchar('\n');
}

static void json_row(const nas_row *row, bool first) {
    fputs(first ? "[\n  {" : ",\n  {", stdout);
    for (int32_t i = 0; i < row->n; i++) {
        const nas_value *v = &row->values[i];
        char text[64];
        if (i) fputs(", ", stdout);
        cli_print_json_text(row->names[i]);
        fputs(": ", stdout);
        exact(v, text);
        if (v->is_null)
            fputs("null", stdout);
        else if (v->type == NAS_COLUMN_TEXT)
            cli_print_json_text(v->text);
        else if (v->type == NAS_COLUMN_BLOB)
            cli_print_json_text(text);
        else
            fputs(text, stdout);
    }
    putchar('}');
}

static void table_row(cli_table *t, const nas_row *row) {
    for (int32_t i = 0; i < row->n; i++) {
        char text[64];
        const nas_value *v = &row->values[i];
        const bool is_text = v->type == NAS_COLUMN_TEXT;
        cli_table_cell(t, is_text && !v->is_null ? v->text : cli_value(v, text, sizeof text),
                       !is_text);
    }
    cli_table_row(t);
}

static bool add_names(void *ctx, const nas_row *row) {
    output *o = ctx;
    if (!o->table && !o->json) csv_row(row);
    for (int32_t i = 0; o->table && i < row->n; i++) cli_table_cell(o->table, row->names[i], false);
    if (o->table) cli_table_row(o->table);
    return true;
}

static bool add_row(void *ctx, const nas_row *row) {
    output *o = ctx;
    const bool first = o->rows++ == 0;
    if (o->json)
        json_row(row, first);
    else if (!o->table)
        csv_row(row);
    else
        table_row(o->table, row);
    for (int32_t i = 0; o->table && first && i < row->n; i++)
        cli_table_head(o->table, i, row->values[i].type != NAS_COLUMN_TEXT);
    return !ferror(stdout);
}

/* False after a message. */
static bool show_version(nas_store *store, const cli_args *args) {
    int64_t version = 0;
    nas_err err = {0};
    nas_arena *a = NULL;
    nas_study def;
    nas_study_id id;
    if (!cli_number("--version", args->option[VERSION], 1, INT64_MAX, &version)) return false;
    nas_status st = nas_arena_open(&a, &err);
    if (st == NAS_OK)
        st = nas_store_find_version(store, args->option[STUDY], version, a, &def, &id, &err);
    nas_arena_close(a);
    if (st != NAS_OK) (void)cli_fail(&err);
    return st == NAS_OK;
}

static int run(const cli_args *args) {
    nas_err err = {0};
    nas_store *store = NULL;
    if (args->option[CSV] && args->option[JSON]) {
        fputs("nas sql: --csv and --json exclude each other\n", stderr);
        return CLI_BAD;
    }
    if (args->option[STUDY] && !args->option[VERSION]) {
        fputs("nas sql: --study goes with --version; a query names the study itself\n", stderr);
        return CLI_BAD;
    }
    if (nas_store_open(args->word[0], NAS_STORE_READ, &store, &err) != NAS_OK)
        return cli_fail(&err);
    cli_warn_of_wal(store, args->word[0]);
    if (args->option[VERSION] && !show_version(store, args)) {
        nas_store_close(store);
        return CLI_BAD;
    }
    output o = {.json = args->option[JSON] != NULL};
    if (!o.json && !args->option[CSV]) o.table = cli_table_open();
    int st = CLI_OK;
    if (nas_store_query_head(store, args->word[1], NULL, 0, add_names, add_row, &o, &err) !=
        NAS_OK) {
        st = cli_fail(&err);
    } else if (o.json) {
        fputs(o.rows ? "\n]\n" : "[]\n", stdout);
    } else if (o.table) {
        cli_table_print(o.table);
    }
    cli_table_close(o.table);
    nas_store_close(store);
    return st;
}

const cli_command cli_sql = {
    .name = "sql",
    .words = "DB QUERY",
    .least = 2,
    .most = 2,
    .summary = "Ask the database by SQL; the query can change nothing and holds no worker up",
    .options =
        {
            [CSV] = {"--csv", NULL,
                     "comma-separated values with a header; control characters are escaped on a "
                     "terminal, exact elsewhere"},
            [JSON] = {"--json", NULL, "a list of objects"},
            [STUDY] = {"--study", "NAME", "the study of --version, where the database has several"},
            [VERSION] = {"--version", "N",
                         "the study's views show this version, not the current one"},
        },
    .text = "Each study has a view of its own name. Beside it stand <study>_feasible,\n"
            "<study>_pareto, <study>_best and <study>_rejected. The view `trials` spans all\n"
            "studies. docs/SCHEMA.md has every column.\n\n"
            "examples:\n"
            "  nas sql demo.db \"select number, accuracy, zlib_bytes from demo_pareto\"\n"
            "  nas sql demo.db \"select state, count(*) from trials group by state\" --csv\n",
    .run = run,
};
