#!/usr/bin/env bash
# A small stack (ulimit -s): it is raised as far as the system lets, threads have their own, and where it stays too small
# one message says so.
. tests/lib.sh
space stack 1 "zlib_bytes < 5000" >stack.json
low() { (ulimit -Ss 64 && "$@"); }
has_asan && { echo "SKIPPED: sanitizers need more stack than programs start with"; low() { "$@"; }; }
check "a run that is begun with 64 kB" low "$NAS" run stack.json --quiet
check "in which threads train, too" low env OMP_NUM_THREADS=3 "$NAS" verify stack.db 0
check "and by kernels that copy most" low "$NAS" run stack.json --db generic.db --kernel generic --out generic.best --quiet

# Only root may raise a limit that is hard.
hard() { # COMMAND...: without that right
    (
        ulimit -s 64
        if [ "$(id -u)" = 0 ]; then exec setpriv --bounding-set -sys_resource --inh-caps -sys_resource "$@"; fi
        exec "$@"
    )
}
if [ "$(id -u)" != 0 ] || setpriv --bounding-set -sys_resource true 2>/dev/null; then
    has_asan || check "a hard limit of 64 kB" says 2 \
        'nas: the stack may have 64 kB here (ulimit -s), and nas needs 1024: set `ulimit -s 8192`' hard "$NAS" top stack.db
else
    echo "SKIPPED: setpriv is not here"
fi
close_tests
