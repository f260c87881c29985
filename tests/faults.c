/* tests/faults.c - a shared object for LD_PRELOAD that makes the n-th write, sync or allocation of
 * a whole run fail, once, or lets its clock jump. Environment:
 *   FAULT_KIND    write, sync, alloc or clock
 *   FAULT_COUNT   a file of 8 bytes: calls so far, of all processes of the run
 *   FAULT_AT      which call fails, from 1; 0: none, they are only counted
 *   FAULT_PLACES  with 0: a file to which the number of the first call from each place is added, a
 *                 place being a chain of callers
 * Writes are those to regular files. Allocations are those of nas itself, SQLite and cJSON: others
 * are not ours to survive. A clock that jumps is now and then a day ahead or behind.
 * What does not fail here goes on to the simulation's seam (tests/sim/seam.c), where the object
 * holds that, too. */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sim/seam.h"

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

static _Atomic uint64_t *count;
static uint64_t at;
static int places = -1;
static enum { NONE, WRITE, SYNC, ALLOC, CLOCK } kind;

/* Code of nas, SQLite and cJSON, found once: dladdr() for each allocation would take most of a
 * run's time. */
static struct { uintptr_t from, to; } code[16];
static int codes;

static int note_code(struct dl_phdr_info *info, size_t size, void *ctx) {
    const char *path = *info->dlpi_name ? info->dlpi_name : program_invocation_name;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    (void)size;
    (void)ctx;
    if (strcmp(name, "nas") != 0 && !strstr(name, "sqlite3") && !strstr(name, "cjson")) return 0;
    for (int i = 0; i < info->dlpi_phnum && codes < (int)(sizeof code / sizeof *code); i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type != PT_LOAD || !(h->p_flags & PF_X)) continue;
        code[codes].from = info->dlpi_addr + h->p_vaddr;
        code[codes].to = code[codes].from + h->p_memsz;
        codes++;
    }
    return 0;
}

__attribute__((constructor)) static void start(void) {
    static const char *const words[] = {"none", "write", "sync", "alloc", "clock"};
    const char *k = getenv("FAULT_KIND"), *path = getenv("FAULT_COUNT"), *n = getenv("FAULT_AT");
    (void)dl_iterate_phdr(note_code, NULL);
    if (!k || !path || !n) return;
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    void *p =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0) close(fd);
    if (p == MAP_FAILED) return;
    count = p;
    at = strtoull(n, NULL, 10);
    const char *noted = getenv("FAULT_PLACES");
    if (noted) places = open(noted, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    for (unsigned i = WRITE; i <= CLOCK; i++)
        if (strcmp(k, words[i]) == 0) kind = i;
}

/* Is this chain of callers new to this process? */
static int is_new_place(void) {
    enum { DEEP = 8, PLACES = 1 << 16 };
    static uint64_t seen[PLACES];
    void *chain[DEEP];
    const int n = backtrace(chain, DEEP);
    uint64_t h = 1469598103934665603u;
    for (int i = 2; i < n; i++) h = (h ^ (uintptr_t)chain[i]) * 1099511628211u;
    for (uint64_t i = h % PLACES;; i = (i + 1) % PLACES) {
        if (seen[i] == h) return 0;
        if (seen[i]) continue;
        seen[i] = h;
        return 1;
    }
}

static void note_place(uint64_t n) {
    static __thread int inside; /* looking at the chain may allocate */
    char text[24];
    if (places < 0 || inside) return;
    inside = 1;
    if (is_new_place()) {
        const int length = snprintf(text, sizeof text, "%llu\n", (unsigned long long)n);
        (void)!syscall(SYS_write, places, text, length);
    }
    inside = 0;
}

static int fails(unsigned what) {
    if (what == ALLOC && sim_allocation && sim_allocation()) return 1;
    if (kind != what) return 0;
    const uint64_t n = atomic_fetch_add(count, 1) + 1;
    if (at == 0) note_place(n);
    return n == at;
}

static int is_ours(void *caller) {
    for (int i = 0; i < codes; i++)
        if ((uintptr_t)caller >= code[i].from && (uintptr_t)caller < code[i].to) return 1;
    return 0;
}

#define REFUSE_IF_ASKED()                                                            \
    if ((kind == ALLOC || sim_allocation) && is_ours(__builtin_return_address(0)) && \
        fails(ALLOC)) {                                                              \
        errno = ENOMEM;                                                              \
        return NULL;                                                                 \
    }

void *malloc(size_t n) {
    REFUSE_IF_ASKED()
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
    REFUSE_IF_ASKED()
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n) {
    REFUSE_IF_ASKED()
    return __libc_realloc(p, n);
}

char *strdup(const char *s) {
    REFUSE_IF_ASKED()
    const size_t n = strlen(s) + 1;
    char *p = __libc_malloc(n);
    return p ? memcpy(p, s, n) : NULL;
}

static int is_full(int fd) {
    struct stat info;
    if (kind != WRITE || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || !fails(WRITE)) return 0;
    errno = ENOSPC;
    return 1;
}

static ssize_t put(int fd, const void *p, size_t n, off_t to) {
    if (is_full(fd)) return -1;
    if (sim_write) return sim_write(fd, p, n, to);
    return to < 0 ? syscall(SYS_write, fd, p, n) : syscall(SYS_pwrite64, fd, p, n, to);
}

ssize_t write(int fd, const void *p, size_t n) {
    return put(fd, p, n, -1);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t to) {
    return put(fd, p, n, to);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t to) {
    return put(fd, p, n, to);
}

static int sync_by(long number, int fd) {
    if (!fails(SYNC)) return sim_sync ? sim_sync(number, fd) : (int)syscall(number, fd);
    errno = EIO;
    return -1;
}

int fsync(int fd) {
    return sync_by(SYS_fsync, fd);
}

int fdatasync(int fd) {
    return sync_by(SYS_fdatasync, fd);
}

int clock_gettime(clockid_t id, struct timespec *t) {
    const int st = (int)syscall(SYS_clock_gettime, id, t);
    if (sim_clock && id == CLOCK_REALTIME && st == 0) t->tv_sec += sim_clock();
    if (kind == CLOCK && id == CLOCK_REALTIME && st == 0) {
        const uint64_t n = atomic_fetch_add(count, 1);
        t->tv_sec += n % 3 == 0 ? 86400 : n % 3 == 1 ? -86400 : 0;
    }
    return st;
}
