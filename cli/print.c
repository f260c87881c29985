/* cli/print.c - numbers, durations and texts as people read them. */
#include "cli/cli.h"

#include "base/text/visible.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *cli_duration(double seconds, char out[32]) {
    const long whole = lround(seconds);
    if (seconds < 60)
        snprintf(out, 32, "%.1f s", seconds);
    else if (whole < 3600)
        snprintf(out, 32, "%ld min %02ld s", whole / 60, whole % 60);
    else
        snprintf(out, 32, "%ld h %02ld min", whole / 3600, whole % 3600 / 60);
    return out;
}

int cli_folder_length(const char *folder) {
    size_t n = strlen(folder);
    while (n && folder[n - 1] == '/') n--;
    return (int)n;
}

const char *cli_value(const nas_value *v, char *out, size_t n) {
    if (v->is_null)
        snprintf(out, n, "%s", "");
    else if (v->type == NAS_COLUMN_INTEGER)
        snprintf(out, n, "%" PRId64, v->integer);
    else if (v->type == NAS_COLUMN_REAL)
        snprintf(out, n, "%.6g", v->real);
    else if (v->type == NAS_COLUMN_BLOB)
        snprintf(out, n, "<%" PRId64 " bytes>", v->integer);
    else
        snprintf(out, n, "%s", v->text);
    return out;
}

void cli_no_memory(void) {
    fputs("nas: out of memory\n", stderr);
    exit(CLI_FAILED);
}

void cli_print_visible(FILE *f, const char *s, bool keep_lines) {
    char text[NAS_VISIBLE];
    for (int n; *s; s += n) {
        n = nas_visible(s, text);
        fputs(*s == '\n' && keep_lines ? "\n" : text, f);
    }
}

char *cli_visible(const char *s, bool keep_lines) {
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (f) cli_print_visible(f, s, keep_lines);
    if (f && fclose(f) == 0) return text;
    cli_no_memory();
}

void cli_print_json_text(const char *s) {
    putchar('"');
    for (int n; *s; s += n ? n : 1) {
        unsigned code;
        n = nas_utf8_bytes(s);
        if (*s == '"' || *s == '\\')
            printf("\\%c", *s);
        else if (*s == '\n')
            fputs("\\n", stdout);
        else if (!n)
            fputs("\\ufffd", stdout);
        else if (nas_is_control(s, n, &code))
            printf("\\u%04x", code);
        else
            printf("%.*s", n, s);
    }
    putchar('"');
}
