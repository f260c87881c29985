/* store/state.c - the states of a trial, a row each. */
#include "store/state.h"

#include <string.h>

typedef struct row {
    const char *text;
    bool end, trained;
} row;

static const row rows[] = {
    [NAS_WAITING] = {"waiting", false, false}, [NAS_RUNNING] = {"running", false, false},
    [NAS_COMPLETE] = {"complete", true, true}, [NAS_STOPPED] = {"stopped", true, true},
    [NAS_DIVERGED] = {"diverged", true, true}, [NAS_REJECTED] = {"rejected", true, false},
    [NAS_FAILED] = {"failed", true, false},
};
_Static_assert(sizeof rows / sizeof *rows == NAS_STATES, "a row for each state");

const char *nas_state_text(nas_state s) {
    return s < NAS_STATES ? rows[s].text : "";
}

nas_state nas_state_of(const char *text) {
    int s = 0;
    while (text && s < NAS_STATES && strcmp(rows[s].text, text) != 0) s++;
    return text ? (nas_state)s : NAS_STATES;
}

bool nas_state_is_end(nas_state s) {
    return s < NAS_STATES && rows[s].end;
}

bool nas_state_is_trained(nas_state s) {
    return s < NAS_STATES && rows[s].trained;
}
