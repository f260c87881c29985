/* bench/threads.c - what base/team.h costs and withstands; bench/libraries.py runs it on the
 * project's pool and on OpenMP.
 *
 * threads regions THREADS TASKS WORK GAP: median microseconds of 2,000 regions of TASKS tasks of
 * WORK multiply-adds in a chain, with GAP of them before each region.
 *
 * threads fork keep|end: a region, a fork, regions in the child; with the threads kept, or ended
 * before the fork.
 *
 * threads limit: a region of four threads where the system gives none (setrlimit). */
#include "base/team.h"

#include "base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REGIONS = 2000, MOST_TASKS = 64 };

static float sums[MOST_TASKS][16];
static _Atomic int done;

static int die(const char *text) {
    fprintf(stderr, "threads: %s\n", text);
    exit(2);
}

static void chain(float *sum, int32_t n) {
    float x = *sum;
    for (int32_t i = 0; i < n; i++) x = x * 0.999f + 0.5f;
    *sum = x;
}

static void work(void *ctx, int32_t task, int32_t lane) {
    (void)lane;
    chain(sums[task], *(const int32_t *)ctx);
    atomic_fetch_add(&done, 1);
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int regions(int32_t threads, int32_t tasks, int32_t n, int32_t gap) {
    static double took[REGIONS];
    if (threads < 1 || tasks < 1 || tasks > MOST_TASKS) die("THREADS 1.., TASKS 1 to 64");
    float sum = 0;
    const double cpu = nas_clock_cpu(), wall = nas_clock_wall();
    for (int r = 0; r < REGIONS; r++) {
        chain(&sum, gap);
        const double at = nas_clock_wall();
        nas_team_run(threads, tasks, work, &n);
        took[r] = nas_clock_wall() - at;
    }
    const double all = nas_clock_wall() - wall;
    const double used = nas_clock_cpu() - cpu;
    qsort(took, REGIONS, sizeof *took, by_value);
    printf("%.2f %.2f %.2f\n", 1e6 * took[REGIONS / 2], 1e6 * all / REGIONS, 1e6 * used / REGIONS);
    return sum < 0 || done != REGIONS * tasks;
}

static int across_fork(bool end) {
    int32_t n = 1000;
    nas_team_run(2, 8, work, &n);
    if (end) nas_team_end();
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(5); /* the child's default: it ends */
        nas_team_run(2, 8, work, &n);
        _exit(done == 16 ? 0 : 1);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) die("no child");
    nas_team_run(2, 8, work, &n);
    printf("%s\n", WIFSIGNALED(status) ? "hangs" : WEXITSTATUS(status) ? "wrong" : "works");
    return 0;
}

/* Root is not bound by the limit. */
static int limited(void) {
    int32_t n = 1000;
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) die("cannot leave root");
    if (setrlimit(RLIMIT_NPROC, &(struct rlimit){1, 1}) != 0) die("no limit");
    nas_team_run(4, 8, work, &n);
    printf("%s\n", done == 8 ? "works" : "wrong");
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 6 && !strcmp(argv[1], "regions"))
        return regions(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
    if (argc == 3 && !strcmp(argv[1], "fork")) return across_fork(!strcmp(argv[2], "end"));
    if (argc == 2 && !strcmp(argv[1], "limit")) return limited();
    return die("usage: threads regions THREADS TASKS WORK GAP | fork keep|end | limit");
}
