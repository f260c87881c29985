/* tests/sim/sim.h - the driver: draws a scene from a seed, runs it, and judges what is left. */
#ifndef SIM_H
#define SIM_H

#include "tests/sim/plan.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Fills a char array; ends the driver where it is too short. */
#define SIM_PRINT(out, ...) sim_print((out), sizeof(out), __VA_ARGS__)
void sim_print(char *out, size_t n, const char *form, ...) __attribute__((format(printf, 3, 4)));

typedef struct sim_options {
    const char *nas, *seam, *clips, *work; /* absolute; clips may be NULL: formulas alone */
    const char *only;                      /* of faults, those with this in their name; or NULL */
    const char *study;                     /* that one alone; or NULL: any */
    bool keep, verbose, lie;
    bool single; /* one run at a time, of one worker */
} sim_options;

/* draw.c: numbers from a seed. */
typedef struct sim_dice {
    uint64_t state;
} sim_dice;
uint64_t sim_draw(sim_dice *d, uint64_t below);
int32_t sim_between(sim_dice *d, int32_t from, int32_t to);
int32_t sim_log_between(sim_dice *d, int32_t from, int32_t to); /* each power of two alike */

/* spaces.c: what is searched. */
typedef struct sim_space {
    const char *name, *metrics; /* those that are determined, as SQL */
    int32_t trials, weight;     /* how many trials a whole study has */
    bool clips;
    const char *json;
} sim_space;
extern const sim_space sim_spaces[];
extern const int32_t sim_n_spaces;

/* menu.c: what may go wrong. */
typedef enum sim_who {
    SIM_WORKER,
    SIM_MANY, /* the first ones, and those that take their places, each by its own count */
    SIM_LEADER,
    SIM_ALL, /* by one count */
    SIM_ONE
} sim_who;
typedef struct sim_fault {
    const char *name;
    int32_t call, action, value;
    int32_t times; /* how many calls in a row; 0: from then on */
    sim_who who;
    int32_t within; /* the first call that it concerns is one of the first so many */
    int32_t weight;
} sim_fault;
extern const sim_fault sim_faults[];
extern const int32_t sim_n_faults;

/* scene.c: a scene, and its launches. */
enum { SIM_ROUNDS = 4, SIM_CLIENTS = 3 };
typedef struct sim_scene {
    uint64_t seed;
    const sim_options *o;
    const sim_space *space;
    int32_t rounds, clients, launches;
    bool grows; /* each round asks for more trials than the one before */
    int32_t workers[SIM_LAUNCHES], skew[SIM_LAUNCHES];
    const char *fault[SIM_RULES]; /* the name of each rule's row */
    char folder[512];             /* of all files of the scene; DB and space are in its "work" */
    sim_plan *plan;
    int32_t status[SIM_LAUNCHES]; /* exit status, or 128 + signal; -1: had to be ended */
    char *trouble;                /* what was found, a line each; NULL: nothing */
    int32_t told;                 /* with power cuts: how many had been told, of all cuts */
    int32_t other, failed, lost;  /* rows that differ, failed trials, told trials that are lost */
} sim_scene;
void sim_scene_draw(sim_scene *s);
bool sim_scene_open(sim_scene *s); /* its folder with the space, the plan's file */
void sim_scene_close(sim_scene *s);
void sim_scene_play(sim_scene *s); /* all rounds, judged; then undisturbed, judged */
void sim_scene_print(const sim_scene *s, FILE *f);
uint64_t sim_scene_trace(const sim_scene *s); /* what fired, how all ended, what was told */
/* Runs it once without disturbance, in `folder`/work; its exit status. */
int32_t sim_run_calmly(const sim_options *o, const sim_space *space, const char *folder,
                       int32_t workers, const char *name);
bool sim_fill_folder(const sim_options *o, const sim_space *space, const char *folder);
int32_t sim_record(sim_scene *s, const char *log); /* launch 0 alone, with a log; its status */

/* judge.c: what must hold. Each adds lines to the scene's trouble. */
void sim_trouble(sim_scene *s, const char *form, ...) __attribute__((format(printf, 2, 3)));
void sim_judge_round(sim_scene *s, int32_t from, int32_t to); /* launches of the round */
void sim_judge_end(sim_scene *s);
void sim_judge_told(sim_scene *s, const char *db, const int64_t *told, int32_t n);
char *sim_text_of(const char *path); /* a whole file; "" where there is none */
int32_t sim_told_by(const sim_scene *s, int32_t launch, int64_t *told, int32_t most);

/* disk.c: what a disk may hold after a power cut. */
typedef struct sim_disk sim_disk;
sim_disk *sim_disk_read(const char *log);
int32_t sim_disk_entries(const sim_disk *d);
/* The numbers of trials told complete before entry `cut`; how many. */
int32_t sim_disk_told(const sim_disk *d, int32_t cut, int64_t *told, int32_t most);
/* Writes into `folder` what is there when power fails before entry `cut`. */
bool sim_disk_cut(const sim_disk *d, int32_t cut, sim_dice *dice, const char *folder);
void sim_disk_close(sim_disk *d);

/* power.c: scenes with a power cut. */
void sim_power_play(sim_scene *s, int32_t cuts);

#endif
