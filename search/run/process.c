/* search/run/process.c - names of processes. */
#include "search/run/process.h"

#include "base/libm.h"
#include "core/deploy/deploy.h"
#include "core/nn/train/train.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { TOKEN_DIGITS = 16 };

/* Where pids mean something: this host, this boot, this pid namespace. False where /proc does not
 * say which. */
static bool here(char *out, size_t n) {
    struct utsname u;
    struct stat ns = {0};
    char boot[40] = "";
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "r");
    if (f) {
        if (fscanf(f, "%36s", boot) != 1) boot[0] = '\0';
        fclose(f);
    }
    const bool known = stat("/proc/self/ns/pid", &ns) == 0 && ns.st_ino != 0 && *boot;
    if (uname(&u) != 0) snprintf(u.nodename, sizeof u.nodename, "?");
    snprintf(out, n, "%.64s %.8s/%llu", u.nodename, *boot ? boot : "?",
             (unsigned long long)ns.st_ino);
    return known;
}

void nas_process_name(uint64_t token, bool locked, char out[NAS_PROCESS_ID]) {
    char place[128];
    (void)here(place, sizeof place);
    snprintf(out, NAS_PROCESS_ID, "%s %ld %0*" PRIx64 "%s", place, (long)getpid(), TOKEN_DIGITS,
             token, locked ? "" : " unlocked");
}

/* The word with 16 digits that ends the name, or stands before "unlocked". */
static bool token_of(const char *id, uint64_t *token, bool *locked) {
    static const char tail[] = " unlocked";
    const size_t all = strlen(id), t = sizeof tail - 1;
    *locked = all < t || strcmp(id + all - t, tail) != 0;
    const size_t n = *locked ? all : all - t;
    if (n <= TOKEN_DIGITS || id[n - TOKEN_DIGITS - 1] != ' ') return false;
    const char *digits = id + n - TOKEN_DIGITS;
    if (strspn(digits, "0123456789abcdef") < TOKEN_DIGITS) return false;
    *token = strtoull(digits, NULL, 16);
    return true;
}

bool nas_process_is(const char *id, uint64_t token) {
    uint64_t its;
    bool locked;
    return token_of(id, &its, &locked) && its == token;
}

/* No process has that pid in the pid namespace that both see: kill() says so where /proc is hidden,
 * too. That somebody has it tells nothing. */
static bool pid_is_free(const char *id) {
    char place[128];
    const bool known = here(place, sizeof place);
    const size_t n = strlen(place);
    if (!known || strncmp(id, place, n) != 0 || id[n] != ' ') return false;
    const long pid = strtol(id + n, NULL, 10);
    return pid > 0 && pid == (pid_t)pid && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

nas_alive nas_process_alive(const char *id, nas_life *db) {
    uint64_t token;
    bool locked;
    if (token_of(id, &token, &locked) && locked) {
        const nas_alive told = nas_life_look(db, token);
        if (told != NAS_LIFE_UNKNOWN) return told;
    }
    return pid_is_free(id) ? NAS_LIFE_ENDED : NAS_LIFE_UNKNOWN;
}

void nas_process_machine(const char *kernel_row, char out[NAS_PROCESS_ID]) {
    char line[256], cpu[96] = "unknown processor", libm[NAS_LIBM_TEXT];
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        snprintf(cpu, sizeof cpu, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
        break;
    }
    if (f) fclose(f);
    nas_libm_text(", ", libm);
    snprintf(out, NAS_PROCESS_ID, "%s, %ld cores, training %d, inference %d, %s%s", cpu,
             sysconf(_SC_NPROCESSORS_ONLN), NAS_TRAIN_VERSION, NAS_DEPLOY_VERSION, libm,
             kernel_row);
}
