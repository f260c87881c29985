/* search/study/machines.h - times that were measured on more than one machine are no one measure:
 * what is to be said where a study selects by them.
 * Thread safety: one thread at a time for each store. */
#ifndef NAS_SEARCH_STUDY_MACHINES_H
#define NAS_SEARCH_STUDY_MACHINES_H

#include "store/store.h"

/* Stands in each such text. */
#define NAS_MACHINES_MARK "machines or builds are compared"

/* *text: which of these columns are times (n 0: of the study's constraints and objectives), and the
 * machines (processor, cores, versions, kernel variant) that its complete trials were measured on;
 * NULL where none is a time, or all are of one machine. also: a machine that measured some of them
 * again, or NULL. The same for the same machines, so that it is stored once. Owner: arena a.
 * Errors: those of nas_store_trials. */
NAS_NODISCARD nas_status nas_machines_mixed(nas_store *store, const nas_study *study,
                                            const char *const *columns, int32_t n, const char *also,
                                            nas_arena *a, const char **text, nas_err *err);

#endif
