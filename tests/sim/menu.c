/* tests/sim/menu.c - what may go wrong: a row each. To add a fault, add a row; when it needs a call
 * that is not counted yet, add that to sim_call (plan.h) and ask for it in seam.c or files.c. */
#include "tests/sim/sim.h"

#include <errno.h>
#include <signal.h>

enum { ON = 0, ONCE = 1, SOME = 3, MANY = 100, DAY = 86400 };

const sim_fault sim_faults[] = {
    /* name, call, action, value, how many calls, whose, within the first so many, weight */
    {"a worker is killed at a change", SIM_CALL_CHANGE, SIM_KILL, 0, ONCE, SIM_WORKER, 400, 12},
    {"workers are killed one after another", SIM_CALL_CHANGE, SIM_KILL, 0, ONCE, SIM_MANY, 60, 8},
    {"workers are killed as they tell", SIM_CALL_TELL, SIM_KILL, 0, ONCE, SIM_MANY, 4, 3},
    {"writes of workers fail", SIM_CALL_WRITE, SIM_FAIL, EIO, ONCE, SIM_MANY, 60, 4},
    {"reads of workers fail", SIM_CALL_READ, SIM_FAIL, EIO, ONCE, SIM_MANY, 60, 4},
    {"allocations of workers fail", SIM_CALL_ALLOC, SIM_FAIL, ENOMEM, ONCE, SIM_MANY, 4000, 4},
    {"maps of workers find no memory", SIM_CALL_MAP, SIM_FAIL, ENOMEM, ONCE, SIM_MANY, 4, 3},
    {"a worker is killed as it tells", SIM_CALL_TELL, SIM_KILL, 0, ONCE, SIM_WORKER, 20, 4},
    {"a worker is killed at a sync", SIM_CALL_SYNC, SIM_KILL, 0, ONCE, SIM_WORKER, 20, 4},
    {"a worker is killed at a lock", SIM_CALL_LOCK, SIM_KILL, 0, ONCE, SIM_WORKER, 300, 4},
    {"a run is killed at a change", SIM_CALL_CHANGE, SIM_KILL_RUN, 0, ONCE, SIM_ONE, 400, 8},
    {"a run is killed as it tells", SIM_CALL_TELL, SIM_KILL_RUN, 0, ONCE, SIM_ONE, 24, 4},
    {"all runs are killed at a change", SIM_CALL_CHANGE, SIM_KILL_ALL, 0, ONCE, SIM_ONE, 400, 6},
    {"a write is torn by a kill", SIM_CALL_WRITE, SIM_TORN, 0, ONCE, SIM_ONE, 400, 8},
    {"Ctrl-C", SIM_CALL_CHANGE, SIM_SIGNAL, SIGINT, ONCE, SIM_ONE, 400, 4},
    {"SIGTERM", SIM_CALL_CHANGE, SIM_SIGNAL, SIGTERM, ONCE, SIM_ONE, 400, 2},
    {"a worker stands still", SIM_CALL_CHANGE, SIM_STOP, 200, ONCE, SIM_WORKER, 400, 4},
    {"a worker stands still with a lock", SIM_CALL_LOCK, SIM_STOP, 300, ONCE, SIM_WORKER, 300, 4},
    {"a coordinator stands still", SIM_CALL_CHANGE, SIM_STOP, 300, ONCE, SIM_LEADER, 30, 3},
    {"a worker comes late", SIM_CALL_OPEN, SIM_STOP, 100, ONCE, SIM_WORKER, 1, 3},
    {"the disk is full", SIM_CALL_CHANGE, SIM_FAIL, ENOSPC, ON, SIM_ALL, 400, 6},
    {"a write finds no room", SIM_CALL_WRITE, SIM_FAIL, ENOSPC, ONCE, SIM_ONE, 400, 6},
    {"some writes find no room", SIM_CALL_WRITE, SIM_FAIL, ENOSPC, SOME, SIM_ONE, 400, 3},
    {"a file cannot be made", SIM_CALL_CREATE, SIM_FAIL, ENOSPC, ONCE, SIM_ONE, 6, 3},
    {"a folder cannot be made", SIM_CALL_MKDIR, SIM_FAIL, ENOSPC, ONCE, SIM_ONE, 4, 2},
    {"a write fails", SIM_CALL_WRITE, SIM_FAIL, EIO, ONCE, SIM_ONE, 400, 5},
    {"the disk fails", SIM_CALL_CHANGE, SIM_FAIL, EIO, ON, SIM_ALL, 400, 3},
    {"a sync fails", SIM_CALL_SYNC, SIM_FAIL, EIO, ONCE, SIM_ONE, 30, 5},
    {"syncs fail from here on", SIM_CALL_SYNC, SIM_FAIL, EIO, ON, SIM_ALL, 30, 3},
    {"a read fails", SIM_CALL_READ, SIM_FAIL, EIO, ONCE, SIM_ONE, 400, 5},
    {"reads fail from here on", SIM_CALL_READ, SIM_FAIL, EIO, ON, SIM_ALL, 400, 2},
    {"a cut fails", SIM_CALL_TRUNCATE, SIM_FAIL, EIO, ONCE, SIM_ONE, 4, 2},
    {"a renaming fails", SIM_CALL_RENAME, SIM_FAIL, EIO, ONCE, SIM_ONE, 6, 2},
    {"a removal fails", SIM_CALL_UNLINK, SIM_FAIL, EIO, ONCE, SIM_ONE, 10, 2},
    {"a write is short", SIM_CALL_WRITE, SIM_SHORT, 0, SOME, SIM_ONE, 400, 4},
    {"a read is short", SIM_CALL_READ, SIM_SHORT, 0, SOME, SIM_ONE, 400, 4},
    {"a write is interrupted", SIM_CALL_WRITE, SIM_FAIL, EINTR, SOME, SIM_ONE, 400, 4},
    {"a read is interrupted", SIM_CALL_READ, SIM_FAIL, EINTR, SOME, SIM_ONE, 400, 4},
    {"an open is interrupted", SIM_CALL_OPEN, SIM_FAIL, EINTR, ONCE, SIM_ONE, 40, 2},
    {"no descriptor is free once", SIM_CALL_OPEN, SIM_FAIL, EMFILE, ONCE, SIM_ONE, 40, 5},
    {"no descriptor is free", SIM_CALL_OPEN, SIM_FAIL, EMFILE, ON, SIM_ALL, 40, 3},
    {"fopen finds no descriptor once", SIM_CALL_FOPEN, SIM_FAIL, EMFILE, ONCE, SIM_ONE, 40, 3},
    {"fopen finds no descriptor", SIM_CALL_FOPEN, SIM_FAIL, EMFILE, ON, SIM_ONE, 40, 3},
    {"/proc is not there", SIM_CALL_FOPEN, SIM_FAIL, ENOENT, ON, SIM_ALL, 1, 3},
    {"a map finds no memory", SIM_CALL_MAP, SIM_FAIL, ENOMEM, ONCE, SIM_ONE, 6, 3},
    {"maps find no memory", SIM_CALL_MAP, SIM_FAIL, ENOMEM, ON, SIM_ALL, 6, 2},
    {"an allocation fails", SIM_CALL_ALLOC, SIM_FAIL, ENOMEM, ONCE, SIM_ONE, 4000, 6},
    {"no process can be made", SIM_CALL_FORK, SIM_FAIL, EAGAIN, ONCE, SIM_LEADER, 4, 2},
    {"a lock fails", SIM_CALL_LOCK, SIM_FAIL, ENOLCK, ONCE, SIM_ONE, 300, 3},
    {"many locks fail", SIM_CALL_LOCK, SIM_FAIL, ENOLCK, MANY, SIM_ALL, 300, 2},
    {"the clock jumps 200 s ahead", SIM_CALL_CLOCK, SIM_SKEW, 200, ONCE, SIM_ONE, 100, 4},
    {"the clock jumps a day ahead", SIM_CALL_CLOCK, SIM_SKEW, DAY, ONCE, SIM_ONE, 100, 2},
    {"the clock jumps an hour back", SIM_CALL_CLOCK, SIM_SKEW, -3600, ONCE, SIM_ONE, 100, 4},
};
const int32_t sim_n_faults = sizeof sim_faults / sizeof *sim_faults;
