/* cli/screen.c - warnings, the status line, and the wish to stop. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/hash.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static volatile sig_atomic_t stop_asked;
static int lines_shown; /* of the status block under the cursor */

static void on_signal(int sig) {
    (void)sig;
    stop_asked = 1;
}

static void listen_for(int sig, int flags) {
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = flags};
    sigemptyset(&a.sa_mask);
    sigaction(sig, &a, NULL);
}

static void catch_signals(void) {
    struct sigaction old;
    /* The second Ctrl-C ends at once: nothing stored can be lost by it. */
    listen_for(SIGINT, (int)SA_RESETHAND);
    listen_for(SIGTERM, 0);
    /* The terminal was closed, unless nohup said that this does not matter. */
    if (sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler != SIG_IGN) listen_for(SIGHUP, 0);
}

int cli_columns(int fd) {
    struct winsize w;
    if (ioctl(fd, TIOCGWINSZ, &w) != 0 || w.ws_col == 0) return 80;
    return w.ws_col < 20 ? 20 : w.ws_col;
}

static int rows(int fd) {
    struct winsize w;
    return ioctl(fd, TIOCGWINSZ, &w) != 0 || w.ws_row < 2 ? 24 : w.ws_row;
}

/* To the start of the block, which is erased. */
static void add_clear(FILE *f) {
    if (lines_shown > 1) fprintf(f, "\033[%dA", lines_shown - 1);
    if (lines_shown) fputs("\r\033[J", f);
    lines_shown = 0;
}

void cli_clear_line(void) {
    add_clear(stderr);
}

/* Bytes of a line that fill at most `room` columns. */
static int cut(const char *text, int room) {
    int bytes = 0, shown = 0;
    for (; text[bytes] && text[bytes] != '\n'; bytes++) {
        if (((unsigned char)text[bytes] & 0xC0) != 0x80 && ++shown > room) break;
    }
    return bytes;
}

/* The last lines of a text that fit on a screen of that height. */
static const char *last_lines(const char *text, int most) {
    int n = 1;
    for (const char *p = text; *p; p++) n += *p == '\n';
    for (; n > most; n--) text = strchr(text, '\n') + 1;
    return text;
}

static void add_lines(FILE *f, const char *text) {
    for (;;) {
        fprintf(f, "%.*s", cut(text, cli_columns(STDERR_FILENO) - 1), text);
        lines_shown++;
        text = strchr(text, '\n');
        if (!text) break;
        fputc('\n', f);
        text++;
    }
}

void cli_status_line(const char *text) {
    char *block = NULL;
    size_t n = 0;
    if (!isatty(STDERR_FILENO)) return;
    FILE *f = open_memstream(&block, &n); /* one write: no flicker */
    if (!f) return;
    char *shown = cli_visible(text, true);
    add_clear(f);
    add_lines(f, last_lines(shown, rows(STDERR_FILENO) - 1));
    if (fclose(f) == 0) fwrite(block, 1, n, stderr);
    free(shown);
    free(block);
}

void cli_print_wrapped(FILE *f, const char *text, int at, int indent) {
    enum { WIDEST = 100, ELSEWHERE = 96 };
    const int columns = isatty(fileno(f)) ? cli_columns(fileno(f)) : ELSEWHERE;
    const int room = columns < WIDEST ? columns : WIDEST, blanks = (int)strspn(text, " ");
    fprintf(f, "%*s", blanks, "");
    at += blanks;
    text += blanks;
    for (bool first = true; *text; first = false) {
        const int n = (int)strcspn(text, " ");
        int wide = 0;
        for (int i = 0; i < n; i++) wide += ((unsigned char)text[i] & 0xC0) != 0x80;
        if (!first && at + 1 + wide > room) {
            fprintf(f, "\n%*s", indent, "");
            at = indent;
        } else if (!first) {
            fputc(' ', f);
            at++;
        }
        fprintf(f, "%.*s", n, text);
        at += wide;
        text += n + (text[n] == ' ');
    }
    fputc('\n', f);
}

void cli_print_line(const char *line) {
    char *text = cli_visible(line, false);
    const int bytes = (int)strlen(text), room = cli_columns(STDOUT_FILENO);
    cli_clear_line();
    if (!isatty(STDOUT_FILENO) || cut(text, room) == bytes)
        puts(text);
    else
        printf("%.*s…\n", cut(text, room - 1), text);
    fflush(stdout);
    free(text);
}

/* Folds, and stages that open the same data, meet the same: it is said once. */
static bool is_said(const char *text) {
    enum { MOST = 256 };
    static nas_hash said[MOST];
    static int n;
    const nas_hash hash = nas_hash_of(text, strlen(text));
    for (int i = 0; i < n; i++)
        if (nas_hash_equal(&said[i], &hash)) return true;
    if (n < MOST) said[n++] = hash;
    return false;
}

static void warn(void *ctx, const char *text) {
    (void)ctx;
    if (is_said(text)) return;
    cli_clear_line();
    const int at = fprintf(stderr, "nas: warning: ");
    if (isatty(STDERR_FILENO))
        cli_print_wrapped(stderr, text, at, 4);
    else
        fprintf(stderr, "%s\n", text);
}

static void progress(void *ctx, const char *what, int64_t done, int64_t total) {
    static double last;
    (void)ctx;
    const double now = nas_clock_wall();
    if (done < total && now - last < 0.1) return;
    last = now;
    char a[32], b[32], line[160];
    snprintf(line, sizeof line, "%s: %s of %s", what, nas_thousands(done, a),
             nas_thousands(total, b));
    cli_status_line(line);
    if (done >= total) cli_clear_line();
}

/* Nobody hears of a run whose output is lost: it stops, and goes on when it is asked again. */
static bool stop(void *ctx) {
    (void)ctx;
    return stop_asked != 0 || ferror(stdout);
}

const nas_log *cli_log(bool quiet) {
    static nas_log log = {.warn = warn, .stop = stop};
    log.progress = quiet ? NULL : progress;
    catch_signals();
    return &log;
}
