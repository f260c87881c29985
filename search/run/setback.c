/* search/run/setback.c - whose fault the end of a worker was; see setback.h. */
#include "search/run/setback.h"

#include <signal.h>
#include <string.h>

static const double first_pause = 0.1, longest_pause = 6.4;
enum { ENDS_UNTIL_ASIDE = 2 };

nas_fault nas_fault_of_signal(int signal) {
    switch (signal) {
    case SIGSEGV:
    case SIGABRT:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGSYS: return NAS_FAULT_CRASH;
    default: return NAS_FAULT_OUTSIDE;
    }
}

nas_fault nas_fault_of_status(nas_status st) {
    return st == NAS_ENOMEM ? NAS_FAULT_MEMORY : NAS_FAULT_OUTSIDE;
}

bool nas_is_setback(nas_status st) {
    return st == NAS_EFULL || st == NAS_EIO || st == NAS_ENOTFOUND || st == NAS_ENOMEM;
}

static nas_suspect *find(nas_setbacks *s, int64_t row) {
    for (int32_t i = 0; row && i < s->n; i++)
        if (s->v[i].row == row) return &s->v[i];
    return NULL;
}

static void forget(nas_setbacks *s, const nas_suspect *p) {
    const size_t at = (size_t)(p - s->v);
    memmove(&s->v[at], &s->v[at + 1], ((size_t)s->n - at - 1) * sizeof *s->v);
    s->n--;
}

/* Where there is no room, the oldest that is not aside goes: it was ended by chance. */
static nas_suspect *suspect(nas_setbacks *s, int64_t row) {
    nas_suspect *p = find(s, row);
    if (p || !row) return p;
    for (int32_t i = 0; s->n == NAS_ASIDE_MOST && i < s->n; i++)
        if (!s->v[i].aside) forget(s, &s->v[i]);
    if (s->n == NAS_ASIDE_MOST) return NULL;
    p = &s->v[s->n++];
    *p = (nas_suspect){.row = row};
    return p;
}

static void put_aside(nas_setbacks *s, nas_suspect *p) {
    const int32_t n = atomic_load(&s->aside->n);
    if (p->aside || n == NAS_ASIDE_MOST) return;
    p->aside = true;
    s->aside->row[n] = p->row;
    atomic_store(&s->aside->n, n + 1);
}

static void take_from_aside(nas_setbacks *s, int64_t row) {
    const int32_t n = atomic_load(&s->aside->n);
    int32_t kept = 0;
    for (int32_t i = 0; i < n; i++)
        if (s->aside->row[i] != row) s->aside->row[kept++] = s->aside->row[i];
    atomic_store(&s->aside->n, kept);
}

/* Once the pause is over, another round begins. Trials that end by being judged need no bound; what
 * ends without a trial is not judged. */
static void count_round(nas_setbacks *s, int64_t row, nas_fault fault, bool alone, double now) {
    const bool judged = row && fault != NAS_FAULT_OUTSIDE &&
                        (s->trained > 0 || (alone && fault == NAS_FAULT_CRASH));
    double pause = first_pause;
    if (s->due > 0 && now < s->due) return;
    for (int32_t i = 0; i < s->rounds && pause < longest_pause; i++) pause *= 2;
    if (!judged) s->rounds++;
    s->due = now + pause;
}

static bool is_guilty(const nas_setbacks *s, const nas_suspect *p, nas_fault fault) {
    if (fault == NAS_FAULT_MEMORY && !s->trained) return false;
    return fault != NAS_FAULT_OUTSIDE && p->alone >= NAS_ALONE_TRIES;
}

nas_judgement nas_setback_add(nas_setbacks *s, int64_t row, nas_fault fault, bool alone,
                              double now) {
    const int32_t most_given_up = 3; /* without a trained trial it is not they */
    nas_suspect *p = suspect(s, row);
    count_round(s, row, fault, alone, now);
    s->ends++;
    if (p) {
        p->ends++;
        if (alone && fault != NAS_FAULT_OUTSIDE) p->alone++;
        if (is_guilty(s, p, fault)) {
            if (!s->trained && s->given_up + 1 >= most_given_up) return NAS_ENOUGH;
            s->given_up++;
            s->rounds = 0;
            return NAS_GUILTY;
        }
        if (fault != NAS_FAULT_OUTSIDE || p->ends >= ENDS_UNTIL_ASIDE) put_aside(s, p);
    }
    return s->rounds >= NAS_ROUNDS_MOST ? NAS_ENOUGH : NAS_AGAIN;
}

bool nas_setback_is_last(nas_setbacks *s, int64_t row) {
    const nas_suspect *p = find(s, row);
    return p && s->trained > 0 && p->alone + 1 >= NAS_ALONE_TRIES;
}

void nas_setback_finished(nas_setbacks *s, int64_t row, bool trained) {
    const nas_suspect *p = find(s, row);
    if (trained) s->rounds = s->ends = 0;
    if (trained) s->trained++;
    if (p && !p->aside) forget(s, p);
}

int64_t nas_setback_next(nas_setbacks *s) {
    if (atomic_load(&s->aside->n) == 0) return 0;
    const int64_t row = s->aside->row[0];
    take_from_aside(s, row);
    s->aside->row[atomic_load(&s->aside->n)] = row;
    atomic_fetch_add(&s->aside->n, 1);
    return row;
}

void nas_setback_drop(nas_setbacks *s, int64_t row) {
    const nas_suspect *p = find(s, row);
    if (p) forget(s, p);
    take_from_aside(s, row);
}
