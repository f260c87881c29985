/* core/data/table/csv_kind.c - files that are no table of text, named for what they are. */
#include "core/data/table/csv_int.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

typedef struct file_kind {
    const char *magic; /* the bytes at `at` */
    int32_t n, at;
    const char *what;
} file_kind;

#define TEXT(magic) magic, sizeof magic - 1, 0
static const file_kind kinds[] = {
    {TEXT("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
     "an old Office document (.xls is one); save the sheet as CSV in UTF-8"},
    {TEXT("version https://git-lfs.github.com/spec/"),
     "a Git LFS pointer, not the file itself; run \"git lfs pull\" where it came from"},
    {TEXT("\xff\xfe"), "UTF-16; save the table as UTF-8"},
    {TEXT("\xfe\xff"), "UTF-16; save the table as UTF-8"},
    {TEXT("%PDF"), "a PDF; the table in it must be saved as CSV"},
    {TEXT("PAR1"), "Parquet; save the table as CSV"},
    {TEXT("SQLite format 3"), "an SQLite database; write a query of it as CSV"},
    {TEXT("\x89HDF"), "HDF5; save the table as CSV"},
    {TEXT("CDF\x01"), "NetCDF; save the table as CSV"},
    {TEXT("CDF\x02"), "NetCDF; save the table as CSV"},
    {TEXT("\x93NUMPY"), "a NumPy array; save it as CSV with a header"},
    {TEXT("BZh"), "packed by bzip2; unpack it first"},
    {TEXT("\xfd"
          "7zXZ"),
     "packed by xz; unpack it first"},
    {TEXT("\x28\xb5\x2f\xfd"), "packed by zstd; unpack it first"},
    {TEXT("7z\xbc\xaf"), "a 7z archive; unpack it first"},
    {TEXT("Rar!"), "a RAR archive; unpack it first"},
    {"ustar", 5, 257, "a tar archive; unpack it first"},
};

static bool holds(const char *p, size_t n, const char *text) {
    return memmem(p, n, text, strlen(text)) != NULL;
}

/* What begins like markup. Case and blanks before it are free. */
static const char *markup(const char *p, size_t n) {
    static const char page[] =
        "a web page, not a table: a download may have been answered by one; get the file itself";
    while (n && strchr(" \t\r\n", *p) && *p) p++, n--;
    if (n > 14 && strncasecmp(p, "<!doctype html", 14) == 0) return page;
    if (n > 5 && strncasecmp(p, "<html", 5) == 0) return page;
    if (n > 5 && memcmp(p, "<?xml", 5) == 0) return "XML; save the table as CSV";
    /* A header's first name may begin with a bracket, but not be a list or an object as well. */
    if (n > 2 && (*p == '{' || *p == '[') && (p[1] == '"' || p[1] == '\n' || p[1] == '{'))
        return "JSON; write the table as CSV with a header";
    return NULL;
}

/* A zip archive is told by its first name. */
static const char *archive(const char *p, size_t n) {
    const size_t head = n < 65536 ? n : 65536;
    if (n < 4 || memcmp(p, "PK\x03\x04", 4) != 0) return NULL;
    if (holds(p, head, "xl/") || holds(p, head, "[Content_Types].xml"))
        return "an Excel workbook (.xlsx); save the sheet as CSV in UTF-8";
    if (holds(p, head, "opendocument.spreadsheet"))
        return "an OpenDocument sheet (.ods); save it as CSV in UTF-8";
    return "a zip archive; unpack it first";
}

/* Every second byte of a text in UTF-16 is 0; no table of text has one. */
static const char *zeros(const char *p, size_t n) {
    const size_t head = n < 4096 ? n : 4096;
    if (!memchr(p, '\0', head)) return NULL;
    size_t zero = 0;
    for (size_t i = 0; i < head; i++) zero += p[i] == '\0';
    return zero * 3 > head && zero * 3 < head * 2 ? "UTF-16; save the table as UTF-8"
                                                  : "no text: there are zero bytes in it";
}

nas_status nas_csv_refuse(const char *path, const char *p, size_t n, nas_err *err) {
    const char *what = NULL;
    for (size_t i = 0; !what && i < sizeof kinds / sizeof *kinds; i++) {
        const file_kind *k = &kinds[i];
        if (n >= (size_t)(k->at + k->n) && memcmp(p + k->at, k->magic, (size_t)k->n) == 0)
            what = k->what;
    }
    if (!what) what = archive(p, n);
    if (!what) what = markup(p, n);
    if (!what) what = zeros(p, n);
    return what ? nas_fail(err, NAS_EFORMAT, "%s: expected a CSV file; this is %s", path, what)
                : NAS_OK;
}
