/* tests/tools/archives.c - archives for test_cli_data.sh, honest ones and others: archives FOLDER.
 */
#include <archive.h>
#include <archive_entry.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *folder;

typedef struct entry {
    const char *path, *content;
    unsigned type;    /* 0: a file */
    const char *link; /* target */
    size_t zeros;     /* in place of content */
} entry;

static void write_entry(struct archive *a, const entry *e) {
    struct archive_entry *head = archive_entry_new();
    const size_t n = e->content ? strlen(e->content) : e->zeros;
    archive_entry_set_pathname(head, e->path);
    archive_entry_set_filetype(head, e->type ? e->type : AE_IFREG);
    archive_entry_set_perm(head, e->type == AE_IFDIR ? 0755 : 0644);
    archive_entry_set_size(head, (la_int64_t)n);
    if (e->link && e->type == AE_IFLNK) archive_entry_set_symlink(head, e->link);
    if (e->link && e->type != AE_IFLNK) {
        archive_entry_set_hardlink(head, e->link);
        archive_entry_set_size(head, 0);
    }
    if (archive_write_header(a, head) != ARCHIVE_OK)
        fprintf(stderr, "%s\n", archive_error_string(a));
    if (e->content && !e->link) archive_write_data(a, e->content, n);
    static const char none[65536];
    for (size_t left = e->content ? 0 : e->zeros; left > 0;) {
        const size_t k = left < sizeof none ? left : sizeof none;
        archive_write_data(a, none, k);
        left -= k;
    }
    archive_entry_free(head);
}

static void make(const char *name, int n, const entry *entries) {
    char path[4096];
    const bool zip = strstr(name, ".zip") != NULL;
    struct archive *a = archive_write_new();
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (zip) {
        archive_write_set_format_zip(a);
    } else {
        archive_write_add_filter_gzip(a);
        archive_write_set_format_gnutar(a);
    }
    if (archive_write_open_filename(a, path) != ARCHIVE_OK) exit(1);
    for (int i = 0; i < n; i++) write_entry(a, &entries[i]);
    if (archive_write_close(a) != ARCHIVE_OK) exit(1);
    archive_write_free(a);
}

#define MAKE(name, ...) \
    make(name, (int)(sizeof((entry[]){__VA_ARGS__}) / sizeof(entry)), (entry[]){__VA_ARGS__})

static char noise[300001]; /* does not compress, so that a download has a middle */

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    folder = argv[1];
    unsigned x = 1;
    for (size_t i = 0; i + 1 < sizeof noise; i++) {
        x = x * 1664525u + 1013904223u;
        noise[i] = (char)('!' + (x >> 24) % 90);
    }
    const entry top = {"top/", NULL, AE_IFDIR, NULL, 0};
    MAKE("good.zip", top, {"top/go/a.wav", "sound", 0, NULL, 0},
         {"top/go/b.wav", noise, 0, NULL, 0}, {"top/README", "read", 0, NULL, 0},
         {"__MACOSX/top/._README", "x", 0, NULL, 0}, {"top/go/._a.wav", "x", 0, NULL, 0},
         {"top/.DS_Store", "x", 0, NULL, 0});
    MAKE("good.tar.gz", {"./go/", NULL, AE_IFDIR, NULL, 0}, {"./go/a.wav", "sound", 0, NULL, 0},
         {"./list.txt", "go/a.wav\n", 0, NULL, 0}, {"./go/b.wav", noise, 0, NULL, 0});
    MAKE("table.zip", {"table.csv", "a,b\n1,2\n", 0, NULL, 0}, {"notes.txt", "n", 0, NULL, 0});
    MAKE("up.tar.gz", {"top/a", "x", 0, NULL, 0}, {"top/../../escaped", "x", 0, NULL, 0});
    MAKE("up.zip", {"top/a", "x", 0, NULL, 0}, {"../escaped", "x", 0, NULL, 0});
    MAKE("absolute.tar.gz", {"/tmp/nas_escaped", "x", 0, NULL, 0});
    MAKE("symlink.tar.gz", {"top/out", NULL, AE_IFLNK, "/tmp", 0},
         {"top/out/nas_escaped", "x", 0, NULL, 0});
    MAKE("hardlink.tar.gz", {"top/out", NULL, AE_IFREG, "/etc/passwd", 0});
    MAKE("device.tar.gz", {"top/dev", NULL, AE_IFCHR, NULL, 0});
    MAKE("fifo.tar.gz", {"top/fifo", NULL, AE_IFIFO, NULL, 0});
    MAKE("bomb.tar.gz", {"top/zeros", NULL, 0, NULL, (size_t)200 << 20});
    MAKE("bomb.zip", {"top/zeros", NULL, 0, NULL, (size_t)200 << 20});
    MAKE("twice.tar.gz", {"top/a", "x", 0, NULL, 0}, {"top/a", "y", 0, NULL, 0});
    MAKE("control.tar.gz", {"top/a\033[2Jb", "x", 0, NULL, 0});
    MAKE("outside.zip", {"top/a", "x", 0, NULL, 0}, {"b", "x", 0, NULL, 0});
    MAKE("empty.tar.gz", top);
    return 0;
}
