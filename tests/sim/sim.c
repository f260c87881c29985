/* tests/sim/sim.c - small studies, disturbed. A seed gives what is searched, by how many runs and
 * workers, and what goes wrong at which call; sim --help has the options. */
#include "tests/sim/sim.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "sim [OPTIONS] - disturbed studies against the same study undisturbed\n"
    "  --seconds N   until then (30)\n"
    "  --count N     so many seeds, however long it takes\n"
    "  --seed N      the first one (1); a failure is repeated by --seed N --count 1\n"
    "  --cuts N      power cuts in place of faults: N of each seed\n"
    "  --lie         with --cuts: syncs do nothing, so that results are lost: does it see that?\n"
    "  --only TEXT   faults with that in their name alone\n"
    "  --study NAME  that one of tests/sim/spaces.c alone\n"
    "  --list        the faults there are\n"
    "  --twice       each seed twice: how many go the same way\n"
    "  --repeat N    each seed so many times\n"
    "  --csv         one line: first seed, seeds or cuts, runs, faults that came to pass,\n"
    "                rows other, failed, told and lost, seeds with trouble\n"
    "  --single      one run at a time, of one worker\n"
    "  --jobs N      scenes at once (the processors)\n"
    "  --nas FILE, --seam FILE, --clips FOLDER, --work FOLDER\n"
    "  --keep        leave the scenes' folders\n"
    "  --verbose     say what each scene was\n";

typedef struct asked {
    sim_options o;
    uint64_t seed;
    int64_t repeat, count; /* -1: no end but that of time */
    int32_t seconds, cuts, jobs;
    bool twice, csv;
    char work[256];
} asked;

/* Of all jobs, in memory that they share. */
typedef struct sums {
    _Atomic int64_t next, scenes, runs, fired, told, other, failed, lost, bad, same;
} sums;

static const char *full(const char *path) {
    char *out = realpath(path, NULL);
    if (out) return out;
    fprintf(stderr, "sim: %s: %s\n", path, strerror(errno));
    exit(2);
}

static void list(void) {
    for (int32_t i = 0; i < sim_n_faults; i++) puts(sim_faults[i].name);
    exit(0);
}

static int64_t number(const char *text) {
    char *end;
    const long long n = strtoll(text, &end, 10);
    if (*text && !*end && n >= 0) return n;
    fprintf(stderr, "sim: \"%s\" is no number\n", text);
    exit(2);
}

static const char *study_called(const char *name) {
    for (int32_t i = 0; i < sim_n_spaces; i++)
        if (strcmp(sim_spaces[i].name, name) == 0) return name;
    fprintf(stderr, "sim: no study is called \"%s\"\n", name);
    exit(2);
}

static void read_options(asked *a, int argc, char **argv) {
    enum {
        SECONDS,
        COUNT,
        SEED,
        CUTS,
        LIE,
        SINGLE,
        REPEAT,
        CSV,
        ONLY,
        LIST,
        STUDY,
        TWICE,
        JOBS,
        NAS,
        SEAM,
        CLIPS,
        WORK,
        KEEP,
        VERBOSE,
        HELP
    };
    static const struct option options[] = {
        {"seconds", 1, NULL, SECONDS}, {"count", 1, NULL, COUNT}, {"seed", 1, NULL, SEED},
        {"cuts", 1, NULL, CUTS},       {"lie", 0, NULL, LIE},     {"single", 0, NULL, SINGLE},
        {"repeat", 1, NULL, REPEAT},   {"csv", 0, NULL, CSV},     {"only", 1, NULL, ONLY},
        {"list", 0, NULL, LIST},       {"study", 1, NULL, STUDY}, {"twice", 0, NULL, TWICE},
        {"jobs", 1, NULL, JOBS},       {"nas", 1, NULL, NAS},     {"seam", 1, NULL, SEAM},
        {"clips", 1, NULL, CLIPS},     {"work", 1, NULL, WORK},   {"keep", 0, NULL, KEEP},
        {"verbose", 0, NULL, VERBOSE}, {"help", 0, NULL, HELP},   {0}};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) switch (c) {
        case SECONDS: a->seconds = (int32_t)number(optarg); break;
        case COUNT: a->count = number(optarg); break;
        case SEED: a->seed = (uint64_t)number(optarg); break;
        case CUTS: a->cuts = (int32_t)number(optarg); break;
        case LIE: a->o.lie = true; break;
        case SINGLE: a->o.single = true; break;
        case REPEAT: a->repeat = number(optarg); break;
        case CSV: a->csv = true; break;
        case ONLY: a->o.only = optarg; break;
        case LIST: list(); break;
        case STUDY: a->o.study = study_called(optarg); break;
        case TWICE: a->twice = true; break;
        case JOBS: a->jobs = (int32_t)number(optarg); break;
        case NAS: a->o.nas = full(optarg); break;
        case SEAM: a->o.seam = full(optarg); break;
        case CLIPS: a->o.clips = full(optarg); break;
        case WORK: a->o.work = full(optarg); break;
        case KEEP: a->o.keep = true; break;
        case VERBOSE: a->o.verbose = true; break;
        case HELP: fputs(help, stdout); exit(0);
        default: fputs(help, stderr); exit(2);
        }
}

static void say_again(const asked *a, const sim_scene *s, FILE *f) {
    fprintf(f, "  again: make test-sim SEED=%llu%s%s%s", (unsigned long long)s->seed,
            a->o.only ? " ONLY='" : "", a->o.only ? a->o.only : "", a->o.only ? "'" : "");
    if (a->o.study) fprintf(f, " STUDY=%s", a->o.study);
    if (a->cuts) fprintf(f, " CUTS=%d", (int)a->cuts);
    fputc('\n', f);
}

static uint64_t play(const asked *a, sums *sum, uint64_t seed) {
    sim_scene s = {.seed = seed, .o = &a->o};
    uint64_t trace = 0;
    if (!sim_scene_open(&s)) {
        fprintf(stderr, "sim: %s: %s\n", s.folder, strerror(errno));
        exit(2);
    }
    sim_scene_draw(&s);
    if (a->cuts)
        sim_power_play(&s, a->cuts);
    else
        sim_scene_play(&s);
    trace = sim_scene_trace(&s);
    sum->scenes += a->cuts ? a->cuts : 1;
    sum->runs += s.launches;
    for (int32_t i = 0; i < s.plan->rules; i++) sum->fired += s.plan->rule[i].fired != 0;
    sum->told += s.told;
    sum->other += s.other;
    sum->failed += s.failed;
    sum->lost += s.lost;
    sum->bad += s.trouble != NULL;
    if (s.trouble || a->o.verbose) {
        FILE *f = a->csv ? stderr : stdout;
        sim_scene_print(&s, f);
        if (s.trouble) say_again(a, &s, f);
        fflush(f);
    }
    sim_scene_close(&s);
    return trace;
}

static void work(const asked *a, sums *sum, time_t end) {
    for (;;) {
        const int64_t i = sum->next++;
        const uint64_t seed = a->seed + (uint64_t)(i / a->repeat);
        if (a->count >= 0 ? i >= a->count * a->repeat : time(NULL) >= end) return;
        const uint64_t trace = play(a, sum, seed);
        if (a->twice) sum->same += play(a, sum, seed) == trace;
    }
}

static void make_work(asked *a) {
    if (a->o.work) return;
    const char *in = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* no disk to wait for */
    SIM_PRINT(a->work, "%s/sim.XXXXXX", in);
    a->o.work = mkdtemp(a->work);
    if (a->o.work) return;
    perror("sim: a folder for its work");
    exit(2);
}

static void print_sums(const asked *a, const sums *sum) {
    const long long v[] = {sum->scenes, sum->runs, sum->fired, sum->other,
                           sum->failed, sum->lost, sum->bad};
    if (a->csv) {
        printf("%llu,%lld,%lld,%lld,%lld,%lld,%lld,%lld\n", (unsigned long long)a->seed, v[0], v[1],
               v[2], v[3], v[4], v[5], v[6]);
        return;
    }
    printf(
        "%lld %s, %lld runs, %lld faults came to pass: %lld rows other, %lld failed, %lld told and"
        " lost, %lld seeds with trouble\n",
        v[0], a->cuts ? "power cuts" : "seeds", v[1], v[2], v[3], v[4], v[5], v[6]);
    if (a->cuts) printf("%lld results had been told before the cuts\n", (long long)sum->told);
    if (a->twice) printf("%lld seeds went the same way twice\n", (long long)sum->same);
}

int main(int argc, char **argv) {
    asked a = {.seed = 1,
               .repeat = 1,
               .count = -1,
               .seconds = 30,
               .jobs = (int32_t)sysconf(_SC_NPROCESSORS_ONLN)};
    read_options(&a, argc, argv);
    if (!a.o.nas) a.o.nas = full("build/gcc/nas");
    if (!a.o.seam) a.o.seam = full("build/gcc/tests/sim/seam.so");
    make_work(&a);
    sums *sum = mmap(NULL, sizeof *sum, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (sum == MAP_FAILED) return 2;
    int bad = 0, status = 0;
    for (int32_t j = 0; j < a.jobs; j++)
        if (fork() == 0) {
            work(&a, sum, time(NULL) + a.seconds);
            _exit(0);
        }
    while (wait(&status) > 0) bad |= status;
    print_sums(&a, sum);
    char command[300];
    SIM_PRINT(command, "rm -rf '%s'", a.work);
    if (a.work[0] && !a.o.keep && system(command) != 0) bad = 1;
    return bad || sum->bad ? 1 : 0;
}
