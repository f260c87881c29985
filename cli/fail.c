/* cli/fail.c - what is said of a fault, of a number and of a folder that an option cannot have. */
#include "cli/cli.h"

#include "base/files/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cli_status_of(nas_status st) {
    switch (st) {
    case NAS_OK: return CLI_OK;
    case NAS_EINVAL:
    case NAS_EFORMAT:
    case NAS_ENOTFOUND:
    case NAS_EUNSUPPORTED:
    case NAS_ESHAPE: return CLI_BAD;
    case NAS_ESTOP: return CLI_STOPPED;
    default: return CLI_FAILED;
    }
}

int cli_fail(const nas_err *err) {
    cli_clear_line();
    if (err->code == NAS_ESTOP && ferror(stdout)) return CLI_FAILED; /* main says why */
    fputs("nas: ", stderr);
    cli_print_visible(stderr, err->text[0] ? err->text : nas_status_name(err->code), true);
    fputc('\n', stderr);
    return cli_status_of(err->code);
}

bool cli_number(const char *option, const char *text, int64_t lo, int64_t hi, int64_t *out) {
    char *end;
    errno = 0;
    const long long v = strtoll(text, &end, 10);
    if (errno || end == text || *end || v < lo || v > hi) {
        fprintf(stderr,
                "nas: %s: expected a whole number from %" PRId64 " to %" PRId64 ", got '%s'\n",
                option, lo, hi, text);
        return false;
    }
    *out = v;
    return true;
}

/* The part of path that is there already, in out: "." at the least. */
static void longest_there(const char *path, char *out, size_t n) {
    snprintf(out, n, "%s", path);
    while (!nas_path_exists(out)) {
        char *slash = strrchr(out, '/');
        if (!slash) {
            snprintf(out, n, ".");
            return;
        }
        *(slash == out ? slash + 1 : slash) = '\0';
    }
}

/* By a file without a name, which a kill does not leave there; access() says yes to root, whatever
 * the file system. */
static bool can_write_in(const char *folder) {
    char probe[4096 + 16];
    const int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0) return close(fd) == 0;
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return false;
    snprintf(probe, sizeof probe, "%s/.nas-XXXXXX", folder);
    return mkdtemp(probe) && rmdir(probe) == 0;
}

bool cli_folder_fits(const char *option, const char *path) {
    char there[4096];
    if (!nas_path_exists(path) && errno != ENOENT && errno != ENOTDIR) {
        fprintf(stderr, "nas: %s %s: cannot be looked at (%s); name another\n", option, path,
                strerror(errno));
        return false;
    }
    longest_there(path, there, sizeof there);
    if (!nas_path_is_dir(there))
        fprintf(stderr, "nas: %s %s: %s is there and is not a folder; name another\n", option, path,
                there);
    else if (!can_write_in(there))
        fprintf(stderr, "nas: %s %s: %s cannot be written (%s); name another\n", option, path,
                there, strerror(errno));
    else
        return true;
    return false;
}
