/* base/cores.h - how many processors this process may use.
 * Thread safety: any thread may call these. */
#ifndef NAS_BASE_CORES_H
#define NAS_BASE_CORES_H

/* Those of its affinity mask (taskset, the cpuset of a container); at least 1. */
int nas_cores(void);

#endif
