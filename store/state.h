/* store/state.h - the states of a trial: one table of words. Thread safety: functions of their
 * arguments. */
#ifndef NAS_STORE_STATE_H
#define NAS_STORE_STATE_H

#include <stdbool.h>

typedef enum nas_state {
    NAS_WAITING,  /* given back, will be tried again */
    NAS_RUNNING,  /* a worker has it */
    NAS_COMPLETE, /* measured */
    NAS_STOPPED,  /* by a scheduler */
    NAS_DIVERGED, /* the loss was not finite */
    NAS_REJECTED, /* known before training that it cannot fit */
    NAS_FAILED,   /* an error of its own */
    NAS_STATES
} nas_state;

/* As it stands in the database; "" of NAS_STATES. */
const char *nas_state_text(nas_state s);
/* That of a text; NAS_STATES: of none, nor of NULL. */
nas_state nas_state_of(const char *text);
/* Has it come to its end? */
bool nas_state_is_end(nas_state s);
/* An end of training: complete, stopped, diverged. */
bool nas_state_is_trained(nas_state s);

#endif
