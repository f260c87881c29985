/* core/audio/sound_kind.c - what a file is, by its first bytes. */
#include "base/files/file.h"
#include "core/audio/sound.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

typedef struct beginning {
    int at, n;
    const char *bytes;
    const char *is; /* NULL: sound that libsndfile knows */
} beginning;

#define BEGINS(offset, text, what) \
    { offset, sizeof(text) - 1, text, what }

/* The first that fits counts. */
static const beginning beginnings[] = {
    BEGINS(8, "WAVE", NULL),
    BEGINS(8, "AVI ", "a video (AVI)"),
    BEGINS(8, "WEBP", "a picture (WebP)"),
    BEGINS(0, "RIFF", NULL),
    BEGINS(0, "RIFX", NULL),
    BEGINS(0, "RF64", NULL),
    BEGINS(0, "riff", NULL),
    BEGINS(0, "FORM", NULL),
    BEGINS(0, "fLaC", NULL),
    BEGINS(0, "OggS", NULL),
    BEGINS(0, ".snd", NULL),
    BEGINS(0, "dns.", NULL),
    BEGINS(0, "caff", NULL),
    BEGINS(0, "NIST_1A", NULL),
    BEGINS(0, "Creative Voice File", NULL),
    BEGINS(0, "ID3", "an MP3 file"),
    BEGINS(0, "\xff\xfb", "an MP3 file"),
    BEGINS(0, "\xff\xfa", "an MP3 file"),
    BEGINS(0, "\xff\xf3", "an MP3 file"),
    BEGINS(0, "\xff\xf2", "an MP3 file"),
    BEGINS(0, "\xff\xf1", "an AAC file"),
    BEGINS(0, "\xff\xf9", "an AAC file"),
    BEGINS(4, "ftypM4A", "an M4A file (AAC)"),
    BEGINS(4, "ftyp", "an MP4 file"),
    BEGINS(0, "\x1a\x45\xdf\xa3", "a Matroska or WebM file"),
    BEGINS(0, "#!AMR", "an AMR file"),
    BEGINS(0, "\x30\x26\xb2\x75", "a WMA file"),
    BEGINS(0, "version https://git-lfs",
           "a pointer of Git LFS, not the sound itself (git lfs pull "
           "brings it)"),
    BEGINS(0, "<!DOCTYPE", "a web page (a download that failed?)"),
    BEGINS(0, "<html", "a web page (a download that failed?)"),
    BEGINS(0, "<?xml", "an XML file"),
    BEGINS(0, "\x89PNG", "a picture (PNG)"),
    BEGINS(0, "\xff\xd8\xff", "a picture (JPEG)"),
    BEGINS(0, "GIF8", "a picture (GIF)"),
    BEGINS(0, "%PDF", "a PDF file"),
    BEGINS(0, "PK\003\004", "a zip archive"),
    BEGINS(0, "\x1f\x8b", "a gzip file"),
    BEGINS(0, "Rar!", "a RAR archive"),
    BEGINS(0, "SQLite format 3", "a SQLite database"),
    BEGINS(0, "\xd0\xcf\x11\xe0", "a file of Windows or Office"),
    BEGINS(0, "\000\005\026\007", "a file of resources that macOS made"),
    BEGINS(0, "\x93NUMPY", "an array of NumPy"),
    BEGINS(0, "{", "a JSON file"),
};

static bool fits(const beginning *b, const uint8_t *head, int64_t n) {
    if (n < b->at + b->n) return false;
    const char *at = (const char *)head + b->at;
    return b->bytes[0] == '<' ? strncasecmp(at, b->bytes, (size_t)b->n) == 0
                              : memcmp(at, b->bytes, (size_t)b->n) == 0;
}

static const beginning *find(const uint8_t *head, int64_t n) {
    while (n > 0 && (*head == ' ' || *head == '\n' || *head == '\r' || *head == '\t')) head++, n--;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (fits(&beginnings[i], head, n)) return &beginnings[i];
    return NULL;
}

const char *nas_sound_other(const uint8_t *head, int64_t n) {
    const beginning *b = find(head, n);
    if (b) return b->is;
    for (int64_t i = 0; i < n; i++)
        if (head[i]) return NULL;
    return n ? "zeros where a header should be" : NULL;
}

nas_status nas_sound_begins(const char *path, bool *out, nas_err *err) {
    uint8_t head[32];
    *out = false;
    const int fd = nas_file_open(path);
    if (fd < 0 && (errno == ENOENT || errno == ELOOP)) return NAS_OK;
    if (fd < 0) return nas_fail_errno(err, "cannot open %s", path);
    ssize_t n;
    do n = read(fd, head, sizeof head);
    while (n < 0 && errno == EINTR);
    const nas_status st = n < 0 ? nas_fail_errno(err, "cannot read %s", path) : NAS_OK;
    close(fd);
    const beginning *b = n > 0 ? find(head, n) : NULL;
    *out = b && (!b->is || strcmp(b->is, "an MP3 file") == 0);
    return st;
}
