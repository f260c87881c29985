/* tests/sim/scene.c - a scene: a study, rounds of one or more runs at once, and what disturbs them.
 * All of it is drawn from the seed before anything runs. */
#include "tests/sim/sim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_MS = 60000, LOOK_MS = 2 };

static const sim_space *draw_space(const sim_options *o, sim_dice *d) {
    int32_t total = 0;
    for (int32_t i = 0; i < sim_n_spaces; i++) total += sim_spaces[i].weight;
    for (;;) {
        int32_t at = (int32_t)sim_draw(d, (uint64_t)total), i = 0;
        while (at >= sim_spaces[i].weight) at -= sim_spaces[i++].weight;
        if (o->study && strcmp(o->study, sim_spaces[i].name) != 0) continue;
        if (!sim_spaces[i].clips || o->clips) return &sim_spaces[i];
    }
}

static const sim_fault *draw_fault(const sim_options *o, sim_dice *d) {
    int32_t total = 0;
    for (int32_t i = 0; i < sim_n_faults; i++) total += sim_faults[i].weight;
    for (int32_t tries = 0; tries < 100000; tries++) {
        int32_t at = (int32_t)sim_draw(d, (uint64_t)total), i = 0;
        while (at >= sim_faults[i].weight) at -= sim_faults[i++].weight;
        if (!o->only || strstr(sim_faults[i].name, o->only)) return &sim_faults[i];
    }
    fprintf(stderr, "sim: no fault has \"%s\" in its name\n", o->only);
    exit(2);
}

static void add_rule(sim_scene *s, const sim_fault *f, int32_t launch, sim_dice *d) {
    if (s->plan->rules == SIM_RULES) return;
    const int32_t workers = s->workers[launch], i = s->plan->rules++;
    int32_t process = SIM_ANYBODY, more = 0;
    if (f->who == SIM_MANY) {
        process = 1;
        more = sim_between(d, workers, 7) - 1;
    }
    if (f->who == SIM_WORKER) process = sim_between(d, 1, workers);
    if (f->who == SIM_LEADER) process = SIM_COORDINATOR;
    if (f->who == SIM_ONE) process = sim_between(d, 0, workers);
    s->plan->rule[i] = (sim_rule){.launch = launch,
                                  .process = process,
                                  .last = process + more,
                                  .call = f->call,
                                  .action = f->action,
                                  .value = f->value,
                                  .from = sim_log_between(d, 1, f->within),
                                  .times = f->times};
    s->fault[i] = f->name;
}

/* Runs of one scene may have clocks that differ from each other all the time. */
static void add_skew(sim_scene *s, int32_t launch, sim_dice *d) {
    static const int32_t skews[] = {0, 0, 0, 0, 200, -200, 3600, -3600};
    const int32_t by = skews[sim_draw(d, sizeof skews / sizeof *skews)];
    s->skew[launch] = by;
    if (!by || s->plan->rules == SIM_RULES) return;
    const int32_t i = s->plan->rules++;
    s->plan->rule[i] = (sim_rule){.launch = launch,
                                  .process = SIM_ANYBODY,
                                  .call = SIM_CALL_CLOCK,
                                  .action = SIM_SKEW,
                                  .value = by,
                                  .from = 1};
    s->fault[i] = "a clock that is off";
}

void sim_scene_draw(sim_scene *s) {
    sim_dice d = {s->seed};
    s->space = draw_space(s->o, &d);
    s->rounds = sim_between(&d, 1, SIM_ROUNDS);
    s->clients = sim_between(&d, 0, 1) ? 1 : sim_between(&d, 2, SIM_CLIENTS);
    s->grows = sim_between(&d, 0, 2) == 0;
    if (s->o->single) s->clients = 1;
    s->launches = s->rounds * s->clients;
    for (int32_t i = 0; i < s->launches; i++) {
        s->workers[i] = sim_between(&d, 0, 2) == 0 ? 1 : sim_between(&d, 2, 4);
        if (s->o->single) s->workers[i] = 1;
        if (!s->o->only) add_skew(s, i, &d);
        const int32_t faults = i == 0 ? sim_between(&d, 1, 2) : sim_between(&d, 0, 2);
        for (int32_t k = 0; k < faults; k++) add_rule(s, draw_fault(s->o, &d), i, &d);
    }
}

static bool write_text(const char *folder, const char *name, const char *ending, const char *text) {
    char path[700];
    SIM_PRINT(path, "%s/%s%s", folder, name, ending);
    FILE *f = fopen(path, "w");
    return f && fputs(text, f) >= 0 && fclose(f) == 0;
}

static bool write_table(const char *folder) {
    char path[700];
    SIM_PRINT(path, "%s/weather.csv", folder);
    FILE *f = fopen(path, "w");
    if (!f) return false;
    fputs("a,b\n", f);
    for (int i = 0; i < 600; i++) fprintf(f, "%d.%d,%d\n", i % 23, i % 7, (i / 6) % 11);
    return fclose(f) == 0;
}

bool sim_fill_folder(const sim_options *o, const sim_space *space, const char *folder) {
    char path[700];
    if (mkdir(folder, 0755) != 0) return false;
    SIM_PRINT(path, "%s/work", folder);
    if (mkdir(path, 0755) != 0 || !write_text(path, space->name, ".json", space->json))
        return false;
    if (strcmp(space->name, "weather") == 0 && !write_table(path)) return false;
    if (!space->clips) return true;
    char link[720];
    SIM_PRINT(link, "%s/clips", path);
    return symlink(o->clips, link) == 0;
}

bool sim_scene_open(sim_scene *s) {
    char path[600];
    SIM_PRINT(s->folder, "%s/%llu-%ld", s->o->work, (unsigned long long)s->seed, (long)getpid());
    SIM_PRINT(path, "rm -rf '%s'", s->folder);
    if (system(path) != 0) return false;
    if (!sim_fill_folder(s->o, draw_space(s->o, &(sim_dice){s->seed}), s->folder)) return false;
    SIM_PRINT(path, "%s/plan", s->folder);
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *s->plan) != 0) return false;
    s->plan = mmap(NULL, sizeof *s->plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (s->plan == MAP_FAILED) return false;
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&s->plan->lock, &kind);
    return true;
}

void sim_scene_close(sim_scene *s) {
    char command[600];
    if (s->plan && s->plan != MAP_FAILED) munmap(s->plan, sizeof *s->plan);
    s->plan = NULL;
    free(s->trouble);
    s->trouble = NULL;
    SIM_PRINT(command, "rm -rf '%s'", s->folder);
    if (!s->o->keep && system(command) != 0) fprintf(stderr, "sim: %s stays\n", s->folder);
}

static void to_file(const char *folder, const char *name, int fd) {
    char path[700];
    SIM_PRINT(path, "%s/%s", folder, name);
    const int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
    if (to < 0 || dup2(to, fd) < 0) _exit(127);
    if (to > STDERR_FILENO) close(to);
}

/* In the child: `nas run` in the folder's "work", in a process group of its own. trials: 0: all. */
static void be_run(const sim_options *o, const sim_space *space, const char *folder,
                   int32_t workers, int32_t trials, const char *name) {
    char path[700], json[64], db[64], n[16], most[16], out[80];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setpgid(0, 0);
    SIM_PRINT(out, "%s.out", name);
    to_file(folder, out, STDOUT_FILENO);
    SIM_PRINT(out, "%s.err", name);
    to_file(folder, out, STDERR_FILENO);
    SIM_PRINT(path, "%s/work", folder);
    SIM_PRINT(json, "%s.json", space->name);
    SIM_PRINT(db, "%s.db", space->name);
    SIM_PRINT(n, "%d", (int)workers);
    SIM_PRINT(most, "%d", (int)trials);
    if (chdir(path) != 0) _exit(127);
    execl(o->nas, "nas", "run", json, "--db", db, "--workers", n,
          trials ? "--trials" : (char *)NULL, most, (char *)NULL);
    _exit(127);
}

static int32_t status_of(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Ends what is left of a launch: its workers, too. */
static void end_group(pid_t leader) {
    (void)kill(-leader, SIGCONT);
    (void)kill(-leader, SIGKILL);
}

int32_t sim_run_calmly(const sim_options *o, const sim_space *space, const char *folder,
                       int32_t workers, const char *name) {
    int status = 0;
    const int64_t begun = now_ms();
    const pid_t pid = fork();
    if (pid == 0) be_run(o, space, folder, workers, 0, name);
    while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0) {
        if (now_ms() - begun > LONGEST_MS) {
            end_group(pid);
            waitpid(pid, &status, 0);
            return -1;
        }
        poll(NULL, 0, LOOK_MS);
    }
    return pid > 0 ? status_of(status) : 127;
}

static pid_t launch(sim_scene *s, int32_t i, const char *log) {
    char n[16], path[600], name[32];
    const pid_t pid = fork();
    if (pid != 0) return pid;
    SIM_PRINT(n, "%d", (int)i);
    SIM_PRINT(path, "%s/plan", s->folder);
    SIM_PRINT(name, "%d", (int)i);
    setenv("SIM_PLAN", path, 1);
    setenv("SIM_LAUNCH", n, 1);
    if (log) setenv("SIM_LOG", log, 1);
    setenv("LD_PRELOAD", s->o->seam, 1);
    const int32_t round = i / s->clients + 1;
    be_run(s->o, s->space, s->folder, s->workers[i],
           s->grows ? s->space->trials * round / s->rounds : 0, name);
    return -1;
}

/* Those whose time to stand still is over go on. */
static void let_go_on(sim_scene *s, int64_t until[SIM_STOPPED]) {
    for (int32_t k = 0; k < SIM_STOPPED; k++) {
        const pid_t pid = s->plan->stopped[k].pid;
        if (pid <= 0 || until[k] < 0) continue;
        if (until[k] == 0) until[k] = now_ms() + s->plan->stopped[k].milliseconds;
        if (now_ms() < until[k]) continue;
        (void)kill(pid, SIGCONT);
        until[k] = -1;
    }
}

/* Launches `from` to `to` at once, until all have ended. */
static void play_round(sim_scene *s, int32_t from, int32_t to) {
    pid_t pid[SIM_LAUNCHES] = {0};
    int64_t until[SIM_STOPPED] = {0};
    const int64_t begun = now_ms();
    int32_t left = to - from;
    s->plan->killed_all = 0;
    s->plan->stops = 0;
    memset(s->plan->stopped, 0, sizeof s->plan->stopped);
    for (int32_t i = from; i < to; i++) pid[i] = launch(s, i, NULL);
    while (left > 0) {
        const bool late = now_ms() - begun > LONGEST_MS;
        for (int32_t i = from; i < to; i++) {
            int status = 0;
            if (pid[i] <= 0) continue;
            /* One that is still being made as all are killed. */
            if (late || s->plan->killed_all) end_group(pid[i]);
            if (waitpid(pid[i], &status, late ? 0 : WNOHANG) != pid[i]) continue;
            s->status[i] = late ? -1 : status_of(status);
            end_group(pid[i]);
            pid[i] = 0;
            left--;
        }
        let_go_on(s, until);
        poll(NULL, 0, LOOK_MS);
    }
    for (int32_t i = from; i < to; i++) s->plan->launch[i].leader = 0;
}

int32_t sim_record(sim_scene *s, const char *log) {
    int status = 0;
    const pid_t pid = launch(s, 0, log);
    if (pid < 0 || waitpid(pid, &status, 0) != pid) return 127;
    return status_of(status);
}

void sim_scene_play(sim_scene *s) {
    for (int32_t r = 0; r < s->rounds; r++) {
        play_round(s, r * s->clients, (r + 1) * s->clients);
        sim_judge_round(s, r * s->clients, (r + 1) * s->clients);
    }
    sim_judge_end(s);
}

static const char *process_name(const sim_rule *r, char out[40]) {
    if (r->process == SIM_ANYBODY) return "all processes";
    if (r->process == SIM_COORDINATOR) return "coordinator";
    if (r->last > r->process)
        snprintf(out, 40, "workers %d to %d", (int)r->process, (int)r->last);
    else
        snprintf(out, 40, "worker %d", (int)r->process);
    return out;
}

void sim_scene_print(const sim_scene *s, FILE *f) {
    char who[40];
    fprintf(f, "seed %llu: study %s, %d round%s of %d run%s%s\n", (unsigned long long)s->seed,
            s->space->name, (int)s->rounds, s->rounds == 1 ? "" : "s", (int)s->clients,
            s->clients == 1 ? "" : "s", s->grows ? ", each for more trials" : "");
    for (int32_t i = 0; i < s->launches; i++) {
        fprintf(f, "  run %d: %d workers, ended with %d\n", (int)i, (int)s->workers[i],
                (int)s->status[i]);
        for (int32_t k = 0; k < s->plan->rules; k++) {
            const sim_rule *r = &s->plan->rule[k];
            if (r->launch == i)
                fprintf(f, "    %s: %s, call %d (it came to pass %d times)\n", s->fault[k],
                        process_name(r, who), (int)r->from, (int)r->fired);
        }
    }
    if (s->trouble) fprintf(f, "%s", s->trouble);
}

static uint64_t mix(uint64_t h, uint64_t v) {
    return (h ^ v) * 1099511628211u;
}

uint64_t sim_scene_trace(const sim_scene *s) {
    int64_t told[512];
    uint64_t h = 1469598103934665603u;
    for (int32_t k = 0; k < s->plan->rules; k++) h = mix(h, s->plan->rule[k].fired != 0);
    for (int32_t i = 0; i < s->launches; i++) {
        h = mix(h, (uint64_t)(s->status[i] + 1));
        const int32_t n = sim_told_by(s, i, told, 512);
        for (int32_t k = 0; k < n; k++) h = mix(h, (uint64_t)told[k]);
    }
    return h;
}
