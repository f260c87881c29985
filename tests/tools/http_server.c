/* tests/tools/http_server.c - a server with faults, for test_cli_data.sh: one connection at a time,
 * on loopback, for two minutes at most. It prints its port.
 *
 *   http_server FOLDER LOG      a line of LOG a request: path, then the Range that was asked for
 *
 * /name                the file, in ranges, with an ETag of its length and time
 * /cut/N/name          closes the connection after N bytes of the body, each time
 * /once/N/name         the same, the first time
 * /plain/name          knows no ranges and gives no ETag
 * /long/name           claims ten bytes more than it sends
 * /busy/K/name         503 for the first K requests
 * /status/CODE         that status, with a page
 * /to/URL              302 to the rest of the path
 * /loop                302 to itself
 * /slow/name           a kilobyte every 50 ms */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *folder;
static int turns; /* of /once and /busy so far */

typedef struct answer {
    const char *name;
    long cut; /* bytes after which it ends; below 0: never */
    bool plain, slow;
    int more; /* bytes that are claimed and do not come */
} answer;

static void send_text(int fd, const char *text) {
    size_t n = strlen(text);
    while (n > 0) {
        const ssize_t k = write(fd, text, n);
        if (k <= 0) return;
        text += k;
        n -= (size_t)k;
    }
}

static void send_status(int fd, int code, const char *more) {
    char text[2048];
    snprintf(text, sizeof text,
             "HTTP/1.1 %d x\r\n%sContent-Length: 6\r\nConnection: close\r\n\r\nsorry\n", code,
             more);
    send_text(fd, text);
}

static void send_body(int fd, FILE *f, long from, long n, const answer *a) {
    char block[1024];
    fseek(f, from, SEEK_SET);
    for (long sent = 0; sent < n;) {
        size_t want = sizeof block;
        if ((long)want > n - sent) want = (size_t)(n - sent);
        if (a->cut >= 0 && (long)want > a->cut - sent) want = (size_t)(a->cut - sent);
        if (want == 0) return;
        const size_t got = fread(block, 1, want, f);
        if (got == 0 || write(fd, block, got) != (ssize_t)got) return;
        sent += (long)got;
        if (a->slow) nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
}

static void send_file(int fd, const answer *a, const char *range, const char *if_range) {
    char path[4096], head[1024], tag[64];
    struct stat s;
    snprintf(path, sizeof path, "%s/%s", folder, a->name);
    FILE *f = strstr(a->name, "..") ? NULL : fopen(path, "rb");
    if (!f || fstat(fileno(f), &s) != 0 || !S_ISREG(s.st_mode)) {
        send_status(fd, 404, "");
        if (f) fclose(f);
        return;
    }
    snprintf(tag, sizeof tag, "\"%ld-%ld\"", (long)s.st_size, (long)s.st_mtim.tv_nsec);
    long from = 0;
    const long size = (long)s.st_size;
    if (!a->plain && range[0] && (!if_range[0] || strcmp(if_range, tag) == 0)) from = atol(range);
    if (from > 0 && from >= size) {
        send_status(fd, 416, "");
    } else {
        char where[96] = "", etag[96] = "";
        if (from > 0)
            snprintf(where, sizeof where, "Content-Range: bytes %ld-%ld/%ld\r\n", from, size - 1,
                     size);
        if (!a->plain) snprintf(etag, sizeof etag, "ETag: %s\r\nAccept-Ranges: bytes\r\n", tag);
        snprintf(head, sizeof head,
                 "HTTP/1.1 %s\r\n%s%sContent-Length: %ld\r\nConnection: close\r\n\r\n",
                 from > 0 ? "206 Partial Content" : "200 OK", where, etag, size - from + a->more);
        send_text(fd, head);
        send_body(fd, f, from, size - from, a);
    }
    fclose(f);
}

static void serve(int fd, const char *path, const char *range, const char *if_range) {
    answer a = {.name = path + 1, .cut = -1};
    char more[1200];
    long n = 0;
    int used = 0;
    if (strncmp(path, "/to/", 4) == 0 || strcmp(path, "/loop") == 0) {
        snprintf(more, sizeof more, "Location: %.1000s\r\n", path[1] == 't' ? path + 4 : "/loop");
        send_status(fd, 302, more);
        return;
    }
    if (sscanf(path, "/status/%ld", &n) == 1) {
        send_status(fd, (int)n, "");
        return;
    }
    if (sscanf(path, "/busy/%ld/%n", &n, &used) == 1 && used) {
        if (turns++ < n) {
            send_status(fd, 503, "");
            return;
        }
        a.name = path + used;
    } else if (sscanf(path, "/cut/%ld/%n", &n, &used) == 1 && used) {
        a = (answer){.name = path + used, .cut = n};
    } else if (sscanf(path, "/once/%ld/%n", &n, &used) == 1 && used) {
        a = (answer){.name = path + used, .cut = turns++ ? -1 : n};
    } else if (strncmp(path, "/plain/", 7) == 0) {
        a = (answer){.name = path + 7, .cut = -1, .plain = true};
    } else if (strncmp(path, "/long/", 6) == 0) {
        a = (answer){.name = path + 6, .cut = -1, .more = 10};
    } else if (strncmp(path, "/slow/", 6) == 0) {
        a = (answer){.name = path + 6, .cut = -1, .slow = true};
    }
    send_file(fd, &a, range, if_range);
}

static void read_header(const char *text, const char *name, char *out, size_t n) {
    out[0] = '\0';
    const char *at = strcasestr(text, name);
    if (!at) return;
    at += strlen(name);
    snprintf(out, n, "%.*s", (int)strcspn(at, "\r\n"), at);
}

static void answer_one(int fd, FILE *log) {
    char text[8192] = "", path[2048], range[64], if_range[128];
    size_t n = 0;
    while (n < sizeof text - 1 && !strstr(text, "\r\n\r\n")) {
        const ssize_t k = read(fd, text + n, sizeof text - 1 - n);
        if (k <= 0) return;
        n += (size_t)k;
        text[n] = '\0';
    }
    if (sscanf(text, "GET %2047s", path) != 1) return;
    read_header(text, "\nRange: bytes=", range, sizeof range);
    read_header(text, "\nIf-Range: ", if_range, sizeof if_range);
    fprintf(log, "%s %s\n", path, range);
    fflush(log);
    serve(fd, path, range, if_range);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    folder = argv[1];
    FILE *log = fopen(argv[2], "w");
    (void)signal(SIGPIPE, SIG_IGN);
    (void)alarm(120);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    const int door = socket(AF_INET, SOCK_STREAM, 0);
    if (!log || door < 0 || bind(door, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(door, 8) != 0 || getsockname(door, (struct sockaddr *)&at, &n) != 0)
        return 1;
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        const int fd = accept(door, NULL, NULL);
        if (fd < 0) return 1;
        answer_one(fd, log);
        (void)shutdown(fd, SHUT_WR);
        (void)close(fd);
    }
}
