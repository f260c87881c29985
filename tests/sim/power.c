/* tests/sim/power.c - one run leaves a log of its changes; then power is cut at places of it: what
 * had been told by then must be there, and the study must go on from what is left. */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_TOLD = 512 };

static void cut_once(sim_scene *s, const sim_disk *d, int32_t cut, sim_dice *dice) {
    char folder[560], work[600], db[680], command[600];
    int64_t told[MOST_TOLD];
    sim_scene after = *s; /* the same study in a folder of its own */
    after.trouble = NULL;
    after.lost = after.other = after.failed = 0;
    SIM_PRINT(folder, "%s/cut", s->folder);
    SIM_PRINT(command, "rm -rf '%s'", folder);
    if (system(command) != 0 || !sim_fill_folder(s->o, s->space, folder)) exit(2);
    SIM_PRINT(work, "%s/work", folder);
    if (!sim_disk_cut(d, cut, dice, work)) exit(2);
    SIM_PRINT(after.folder, "%s", folder);
    SIM_PRINT(db, "%s/%s.db", work, s->space->name);
    const int32_t n = sim_disk_told(d, cut, told, MOST_TOLD);
    s->told += n;
    sim_judge_told(&after, db, told, n);
    sim_judge_end(&after);
    s->other += after.other;
    s->failed += after.failed;
    s->lost += after.lost;
    if (after.trouble)
        sim_trouble(s, "power cut at entry %d of %d:\n%s", (int)cut, (int)sim_disk_entries(d),
                    after.trouble);
    free(after.trouble);
}

void sim_power_play(sim_scene *s, int32_t cuts) {
    char log[560];
    sim_dice dice = {s->seed + 1};
    SIM_PRINT(log, "%s/log", s->folder);
    FILE *f = fopen(log, "w");
    if (!f || fclose(f) != 0) exit(2);
    s->plan->logs = 1;
    s->plan->rules = s->o->lie ? 1 : 0;
    s->plan->rule[0] =
        (sim_rule){.process = SIM_ANYBODY, .call = SIM_CALL_SYNC, .action = SIM_LIE, .from = 1};
    s->fault[0] = "syncs do nothing";
    s->grows = false;
    s->launches = s->rounds = s->clients = 1;
    s->status[0] = sim_record(s, log);
    if (s->status[0] != 0) sim_trouble(s, "the run ended with %d", (int)s->status[0]);
    sim_disk *d = sim_disk_read(log);
    const int32_t n = sim_disk_entries(d);
    int64_t told[MOST_TOLD]; /* a simulation that hears nothing would find nothing lost */
    if (sim_disk_told(d, n, told, MOST_TOLD) == 0) sim_trouble(s, "nobody was told anything");
    for (int32_t i = 0; i < cuts && n > 0; i++) cut_once(s, d, sim_between(&dice, 0, n), &dice);
    sim_disk_close(d);
}
