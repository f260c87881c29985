/* base/text/c_text.c - numbers and arrays as C source; texts in memory. */
#include "base/text/c_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 100 };

/* The shortest of a few forms that reads back as v. */
void nas_c_float(char text[NAS_C_NUMBER], float v) {
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, NAS_C_NUMBER, "%.*g", digits, (double)v);
        if (strtof(text, NULL) == v) break;
    }
    strcat(text, strpbrk(text, ".e") ? "f" : ".0f");
}

void nas_c_string(FILE *out, const char *s, size_t n) {
    fputc('"', out);
    for (size_t i = 0; i < n; i++)
        if (isalnum((unsigned char)s[i]) || (s[i] && strchr(" _-.,:;()[]/%+*=", s[i])))
            fputc(s[i], out);
        else
            fprintf(out, "\\%03o", (unsigned char)s[i]);
    fputc('"', out);
}

void nas_c_f32(char text[NAS_C_NUMBER], const void *values, int64_t i) {
    nas_c_float(text, ((const float *)values)[i]);
}

void nas_c_i32(char text[NAS_C_NUMBER], const void *values, int64_t i) {
    const int32_t v = ((const int32_t *)values)[i];
    if (v == INT32_MIN)
        strcpy(text, "INT32_MIN"); /* -2147483648 is no int in C */
    else
        snprintf(text, NAS_C_NUMBER, "%d", v);
}

void nas_c_i8(char text[NAS_C_NUMBER], const void *values, int64_t i) {
    snprintf(text, NAS_C_NUMBER, "%d", ((const int8_t *)values)[i]);
}

void nas_c_array(FILE *out, const char *type, const char *name, int64_t n, const void *values,
                 nas_c_item *item) {
    size_t column = 3;
    fprintf(out, "static const %s %s[%lld] = {\n   ", type, name, (long long)n);
    for (int64_t i = 0; i < n; i++) {
        char text[NAS_C_NUMBER];
        item(text, values, i);
        const size_t more = strlen(text) + 2;
        if (column + more > WIDTH) {
            fputs("\n   ", out);
            column = 3;
        }
        fprintf(out, " %s,", text);
        column += more;
    }
    fputs("\n};\n", out);
}

void nas_c_part(const char *const *lines, int32_t n, const char *name, FILE *out) {
    const size_t length = strlen(name);
    bool on = false;
    for (int32_t i = 0; i < n; i++) {
        const char *at = lines[i] + sizeof NAS_C_PART - 1;
        if (strcmp(lines[i], NAS_C_END) == 0) on = false;
        if (on) fprintf(out, "%s\n", lines[i]);
        if (strncmp(lines[i], NAS_C_PART, sizeof NAS_C_PART - 1) == 0)
            on = strncmp(at, name, length) == 0 && at[length] == ' ';
    }
}

static nas_status no_room(nas_err *err) {
    return nas_fail(err, NAS_ENOMEM, "C source: out of memory");
}

nas_status nas_stream_open(nas_stream *t, nas_err *err) {
    *t = (nas_stream){0};
    t->to = open_memstream(&t->bytes, &t->n);
    return t->to ? NAS_OK : no_room(err);
}

nas_status nas_stream_take(nas_stream *t, nas_arena *a, const char **out, nas_err *err) {
    const bool whole = !ferror(t->to) && fflush(t->to) == 0;
    *out = whole ? nas_arena_text(a, t->bytes, err) : NULL;
    nas_stream_drop(t);
    return *out ? NAS_OK : no_room(err);
}

void nas_stream_drop(nas_stream *t) {
    if (t->to) fclose(t->to);
    free(t->bytes);
    *t = (nas_stream){0};
}
