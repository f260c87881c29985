/* search/process.c - process identities from /proc. */
#include "search/process.h"

#include "base/libm.h"
#include "core/nn/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static const double silence_of_the_dead = 120;

/* The start time in ticks since boot: field 22 of /proc/<pid>/stat; 0 when there is no such
 * process, or only its zombie. */
static unsigned long long started(long pid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    const size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    const char *p = strrchr(text, ')'); /* the command's name may hold anything */
    if (!p || p[1] != ' ' || p[2] == 'Z') return 0;
    p += 2;
    for (int field = 3; field < 22 && p; field++) {
        p = strchr(p, ' ');
        if (p) p++;
    }
    return p ? strtoull(p, NULL, 10) : 0;
}

/* Where pids mean something: this host, this boot, this pid namespace. */
static void here(char *out, size_t n) {
    struct utsname u;
    struct stat ns = {0};
    char boot[40] = "?";
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "r");
    if (f) {
        if (fscanf(f, "%36s", boot) != 1) boot[0] = '\0';
        fclose(f);
    }
    (void)stat("/proc/self/ns/pid", &ns);
    if (uname(&u) != 0) snprintf(u.nodename, sizeof u.nodename, "?");
    snprintf(out, n, "%.64s %.8s/%llu", u.nodename, boot, (unsigned long long)ns.st_ino);
}

void nas_process_self(char out[NAS_PROCESS_ID]) {
    nas_process_of((long)getpid(), out);
}

void nas_process_of(long pid, char out[NAS_PROCESS_ID]) {
    char place[128];
    here(place, sizeof place);
    snprintf(out, NAS_PROCESS_ID, "%s %ld %llu", place, pid, started(pid));
}

bool nas_process_dead(const char *id, double silent_seconds) {
    char place[128];
    here(place, sizeof place);
    const size_t n = strlen(place);
    if (strncmp(id, place, n) != 0 || id[n] != ' ') return silent_seconds > silence_of_the_dead;
    char *end;
    const long pid = strtol(id + n, &end, 10);
    const unsigned long long since = strtoull(end, NULL, 10);
    return started(pid) != since || since == 0;
}

void nas_process_machine(const char *kernel_row, char out[NAS_PROCESS_ID]) {
    char line[256], cpu[128] = "unknown processor", libm[NAS_LIBM_TEXT];
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        snprintf(cpu, sizeof cpu, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
        break;
    }
    if (f) fclose(f);
    nas_libm_text(", ", libm);
    snprintf(out, NAS_PROCESS_ID, "%s, %ld cores, training %d, %s%s", cpu,
             sysconf(_SC_NPROCESSORS_ONLN), NAS_TRAIN_VERSION, libm, kernel_row);
}
