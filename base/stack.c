/* base/stack.c - the kernel looks at the limit whenever the stack grows, so what is set late
 * counts. */
#include "base/stack.h"

#include <sys/resource.h>

long nas_stack_raise(void) {
    const rlim_t wanted = (rlim_t)NAS_STACK_KB * 1024;
    struct rlimit is;
    if (getrlimit(RLIMIT_STACK, &is) != 0 || is.rlim_cur >= wanted) return NAS_STACK_KB;
    const struct rlimit all = {wanted, is.rlim_max > wanted ? is.rlim_max : wanted};
    const struct rlimit allowed = {is.rlim_max, is.rlim_max};
    if (setrlimit(RLIMIT_STACK, &all) == 0) return NAS_STACK_KB;
    (void)setrlimit(RLIMIT_STACK, &allowed);
    return getrlimit(RLIMIT_STACK, &is) == 0 ? (long)(is.rlim_cur / 1024) : 0;
}
