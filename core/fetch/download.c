/* core/fetch/download.c - libcurl, a part file, and what tells whether the part is of the same
 * file.
 */
#include "core/fetch/download.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/files/file.h"

#include <curl/curl.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    TRIES = 5,
    REDIRECTS = 5,
    CONNECT_SECONDS = 20,
    SLOW_SECONDS = 30, /* without a byte */
    TAG = 512
};

typedef struct transfer {
    const nas_download *d;
    const nas_log *log;
    char part[4096], note[4096 + 8]; /* <path>.part and what it is a part of */
    int fd;
    int64_t have;  /* bytes in the part */
    int64_t begun; /* bytes in the part when this answer began */
    char tag[TAG]; /* ETag, else Last-Modified, of the answer */
    bool told;     /* the answer's tag has been noted */
    bool stopped;
    CURL *curl;
    nas_err err; /* why a callback ended the transfer; code NAS_OK: it did not */
} transfer;

static long answer(const transfer *t) {
    long code = 0;
    (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
    return code;
}

/* "ETag: x" into tag; a strong one wins over a date, a weak one says nothing of bytes. */
static size_t on_header(char *p, size_t size, size_t n, void *ctx) {
    transfer *t = ctx;
    const size_t bytes = size * n;
    static const struct {
        const char *name;
        bool wins;
    } known[] = {{"etag:", true}, {"last-modified:", false}};
    if (bytes >= 5 && strncasecmp(p, "HTTP/", 5) == 0) t->tag[0] = '\0'; /* after a redirect */
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const size_t skip = strlen(known[i].name);
        if (bytes <= skip || strncasecmp(p, known[i].name, skip) != 0) continue;
        size_t from = skip, to = bytes;
        while (from < to && p[from] == ' ') from++;
        while (to > from && (p[to - 1] == '\r' || p[to - 1] == '\n' || p[to - 1] == ' ')) to--;
        const bool weak = to - from >= 2 && memcmp(p + from, "W/", 2) == 0;
        if (weak || to - from >= TAG || (!known[i].wins && t->tag[0])) continue;
        memcpy(t->tag, p + from, to - from);
        t->tag[to - from] = '\0';
    }
    return bytes;
}

static nas_status start_anew(transfer *t, nas_err *err) {
    if (ftruncate(t->fd, 0) != 0 || lseek(t->fd, 0, SEEK_SET) != 0)
        return nas_fail_errno(err, "%s", t->part);
    t->have = t->begun = 0;
    return NAS_OK;
}

/* The first bytes of an answer: whole (200), or from where the part ends (206). */
static nas_status begin_answer(transfer *t, nas_err *err) {
    char note[4096 + TAG];
    t->told = true;
    if (answer(t) == 200) NAS_TRY(start_anew(t, err));
    curl_off_t length = -1;
    (void)curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (t->d->bytes >= 0 && length >= 0 && t->have + (int64_t)length != t->d->bytes)
        return nas_fail(err, NAS_EFORMAT,
                        "%s has %lld bytes, the list says %lld: it is another file; nothing was "
                        "kept",
                        t->d->url, (long long)(t->have + (int64_t)length), (long long)t->d->bytes);
    const int n = snprintf(note, sizeof note, "%s\n%s\n", t->d->url, t->tag);
    return n > 0 && (size_t)n < sizeof note ? nas_file_write(t->note, note, (size_t)n, err)
                                            : NAS_OK;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx) {
    transfer *t = ctx;
    const size_t bytes = size * n;
    const long code = answer(t);
    if (code != 200 && code != 206) return bytes; /* a page that explains an error */
    if (!t->told && begin_answer(t, &t->err) != NAS_OK) return 0;
    if (t->d->bytes >= 0 && t->have + (int64_t)bytes > t->d->bytes) {
        (void)nas_fail(&t->err, NAS_EFORMAT,
                       "%s goes on after the %lld bytes that the list says: it is another file; "
                       "nothing was kept",
                       t->d->url, (long long)t->d->bytes);
        return 0;
    }
    for (size_t done = 0; done < bytes;) {
        const ssize_t k = write(t->fd, p + done, bytes - done);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) {
            (void)nas_fail_errno(&t->err, "%s: after %lld bytes", t->part, (long long)t->have);
            return 0;
        }
        done += (size_t)k;
        t->have += k;
    }
    return bytes;
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up) {
    transfer *t = ctx;
    (void)now;
    (void)up_total;
    (void)up;
    const int64_t all = t->d->bytes >= 0 ? t->d->bytes : total ? t->begun + (int64_t)total : -1;
    if (all > 0 && t->told) nas_progress(t->log, t->d->name, t->have, all);
    t->stopped = nas_should_stop(t->log);
    return t->stopped;
}

/* What the part is of, where it was said: the tag of the same URL. */
static void read_note(transfer *t, char tag[TAG]) {
    nas_arena *a = NULL;
    uint8_t *text;
    size_t n;
    tag[0] = '\0';
    if (nas_arena_open(&a, NULL) != NAS_OK) return;
    if (nas_file_read(a, t->note, sizeof t->note + TAG, &text, &n, NULL) == NAS_OK) {
        char *line = strchr((char *)text, '\n');
        if (line && (size_t)(line - (char *)text) == strlen(t->d->url) &&
            strncmp((char *)text, t->d->url, strlen(t->d->url)) == 0) {
            const size_t bytes = strcspn(line + 1, "\n");
            if (bytes < TAG) {
                memcpy(tag, line + 1, bytes);
                tag[bytes] = '\0';
            }
        }
    }
    nas_arena_close(a);
}

static nas_status open_part(transfer *t, nas_err *err) {
    struct stat s;
    const int n = snprintf(t->part, sizeof t->part, "%s.part", t->d->path);
    if (n < 0 || (size_t)n >= sizeof t->part)
        return nas_fail(err, NAS_EINVAL, "%s: the path is too long", t->d->path);
    snprintf(t->note, sizeof t->note, "%s.of", t->part);
    t->fd = open(t->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (t->fd < 0 || fstat(t->fd, &s) != 0) return nas_fail_errno(err, "%s", t->part);
    t->have = s.st_size;
    if (t->d->bytes >= 0 && t->have > t->d->bytes) return start_anew(t, err);
    return lseek(t->fd, 0, SEEK_END) < 0 ? nas_fail_errno(err, "%s", t->part) : NAS_OK;
}

static void set_up(transfer *t) {
    CURL *c = t->curl;
    const char *both = "http,https";
    const char *after = strncasecmp(t->d->url, "https:", 6) == 0 ? "https" : both;
#if LIBCURL_VERSION_NUM >= 0x075500
    (void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, both);
    (void)curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, after);
#else
    const long bits = CURLPROTO_HTTP | CURLPROTO_HTTPS;
    (void)curl_easy_setopt(c, CURLOPT_PROTOCOLS, bits);
    (void)curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS, after == both ? bits : CURLPROTO_HTTPS);
#endif
    (void)curl_easy_setopt(c, CURLOPT_URL, t->d->url);
    (void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    (void)curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS);
    (void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    (void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)SLOW_SECONDS);
    (void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(c, CURLOPT_USERAGENT, "nas");
    (void)curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    (void)curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
    (void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
}

/* One request. Without a tag nobody can tell whether the server still has the same file, so it is
 * asked for whole. */
static CURLcode ask(transfer *t, char text[CURL_ERROR_SIZE], nas_err *err) {
    char tag[TAG], range[32], condition[TAG + 16];
    struct curl_slist *headers = NULL;
    read_note(t, tag);
    if (t->have > 0 && !tag[0] && start_anew(t, err) != NAS_OK) return CURLE_WRITE_ERROR;
    text[0] = '\0';
    t->told = false;
    t->begun = t->have;
    (void)curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, text);
    (void)curl_easy_setopt(t->curl, CURLOPT_RANGE, NULL);
    if (t->have > 0) {
        snprintf(range, sizeof range, "%lld-", (long long)t->have);
        snprintf(condition, sizeof condition, "If-Range: %s", tag);
        headers = curl_slist_append(NULL, condition);
        (void)curl_easy_setopt(t->curl, CURLOPT_RANGE, range);
    }
    (void)curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers);
    const CURLcode code = curl_easy_perform(t->curl);
    (void)curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    return code;
}

static bool may_pass(CURLcode code, long status) {
    switch (code) {
    case CURLE_OK: return status >= 500 || status == 429 || status == 408;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return true;
    default: return false;
    }
}

static nas_status why(const transfer *t, CURLcode code, const char *text, nas_err *err) {
    const long status = answer(t);
    char kept[96] = "";
    if (t->have > 0)
        snprintf(kept, sizeof kept, "; %lld bytes are kept, the same command goes on with them",
                 (long long)t->have);
    if (t->stopped) return nas_fail(err, NAS_ESTOP, "%s: stopped%s", t->d->name, kept);
    if (t->err.code) {
        if (err) *err = t->err;
        return t->err.code;
    }
    if (code == CURLE_TOO_MANY_REDIRECTS)
        return nas_fail(err, NAS_EIO, "%s: more than %d redirects", t->d->url, REDIRECTS);
    if (code == CURLE_UNSUPPORTED_PROTOCOL)
        return nas_fail(err, NAS_EIO, "%s: the server sends on to what is neither http nor https%s",
                        t->d->url, strncasecmp(t->d->url, "https:", 6) ? "" : ", or not to https");
    if (code != CURLE_OK)
        return nas_fail(err, NAS_EIO, "%s: %s%s", t->d->url,
                        text[0] ? text : curl_easy_strerror(code), kept);
    return nas_fail(err, NAS_EIO, "%s: the server answers with status %ld%s%s", t->d->url, status,
                    status == 404 ? ": it does not have the file" : "", kept);
}

/* 0.25, 0.5, 1, 2 s; asked for a stop meanwhile. */
static void wait_a_little(const transfer *t, int tries) {
    const double end = nas_clock_wall() + 0.125 * (double)(1 << tries);
    while (nas_clock_wall() < end && !nas_should_stop(t->log))
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

static bool is_whole(const transfer *t) {
    return t->d->bytes < 0 || t->have == t->d->bytes;
}

static nas_status receive(transfer *t, nas_err *err) {
    char text[CURL_ERROR_SIZE];
    if (t->d->bytes >= 0 && t->have == t->d->bytes) return NAS_OK; /* its sum will tell */
    bool restarted = false;
    for (int tries = 1;; tries++) {
        const int64_t before = t->have;
        const CURLcode code = ask(t, text, &t->err);
        const long status = answer(t);
        if (code == CURLE_OK && status == 416 && t->have > 0 && !restarted) {
            NAS_TRY(start_anew(t, err)); /* the part is longer than what is there now */
            restarted = true;
            continue;
        }
        const bool file = code == CURLE_OK && (status == 200 || status == 206);
        if (file && !t->told) (void)begin_answer(t, &t->err); /* an empty one */
        if (file && !t->err.code && is_whole(t)) return NAS_OK;
        if (t->have > before) tries = 1;
        if (t->stopped || t->err.code || (!file && !may_pass(code, status)) || tries >= TRIES) {
            if (file)
                return nas_fail(err, NAS_EFORMAT,
                                "%s ended after %lld bytes, the list says %lld; nothing was kept",
                                t->d->url, (long long)t->have, (long long)t->d->bytes);
            return why(t, code, text, err);
        }
        wait_a_little(t, tries);
    }
}

static nas_status sum_of(const transfer *t, nas_hash *sum, nas_err *err) {
    enum { BLOCK = 1 << 20 };
    char *p = malloc(BLOCK);
    if (!p) return nas_fail(err, NAS_ENOMEM, "%s: out of memory", t->part);
    nas_hasher h = nas_hasher_start();
    nas_status st = lseek(t->fd, 0, SEEK_SET) == 0 ? NAS_OK : nas_fail_errno(err, "%s", t->part);
    for (int64_t done = 0; st == NAS_OK && done < t->have;) {
        const ssize_t k = read(t->fd, p, BLOCK);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) st = nas_fail_errno(err, "%s", t->part);
        if (k > 0) nas_hasher_add(&h, p, (size_t)k);
        done += k > 0 ? k : 0;
        nas_progress(t->log, "checking", done, t->have);
        if (nas_should_stop(t->log)) st = nas_fail(err, NAS_ESTOP, "stopped");
    }
    free(p);
    *sum = nas_hasher_end(&h);
    return st;
}

nas_status nas_download_file(const nas_download *d, const nas_log *log, nas_hash *sum,
                             nas_err *err) {
    transfer t = {.d = d, .log = log, .fd = -1};
    static bool ready;
    if (!ready && curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return nas_fail(err, NAS_ENOMEM, "libcurl cannot begin");
    ready = true;
    nas_status st = open_part(&t, err);
    if (st == NAS_OK && !(t.curl = curl_easy_init()))
        st = nas_fail(err, NAS_ENOMEM, "%s: out of memory", d->url);
    if (st == NAS_OK) {
        set_up(&t);
        st = receive(&t, err);
    }
    if (st == NAS_OK) st = sum_of(&t, sum, err);
    if (st == NAS_OK && fsync(t.fd) != 0) st = nas_fail_errno(err, "%s", t.part);
    if (st == NAS_OK && rename(t.part, d->path) != 0) st = nas_fail_errno(err, "%s", d->path);
    if (st == NAS_EFORMAT) (void)unlink(t.part);
    if (st == NAS_OK || st == NAS_EFORMAT) (void)unlink(t.note);
    curl_easy_cleanup(t.curl);
    if (t.fd >= 0) (void)close(t.fd);
    return st;
}
