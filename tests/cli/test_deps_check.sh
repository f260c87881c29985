#!/usr/bin/env bash
# The check of who may know whom sees arrows between rooms of one folder, by include and by use, and
# circles of files; a table of rows is let through. The check of headers sees what they leave out.
. "$(dirname "$0")/../lib.sh"

put() { # PATH TEXT: a source, and its object
    mkdir -p "$(dirname "$1")" "build/gcc/$(dirname "$1")"
    printf '%s\n' "$2" >"$1"
    case $1 in *.c) cc -I. -c "$1" -o "build/gcc/${1%.c}.o" ;; esac
}

deps() { # STATUS TEXT
    local status=0
    BUILD=build/gcc sh "$ROOT/tests/deps_check.sh" . >found.txt 2>&1 || status=$?
    cat found.txt
    [ "$status" = "$1" ] && grep -qF -- "$2" found.txt
}

fresh() {
    rm -rf search build
    put search/json/json.h 'int json(void);'
    put search/json/json.c 'int json(void) { return 1; }'
    put search/run/run.c '#include "search/json/json.h"
int run(void) { return json(); }'
}

fresh
check "an arrow that runs down" deps 0 "2 objects, no room uses what stands above or beside it"
put search/run/run.h 'int run(void);'
put search/json/json.c '#include "search/run/run.h"
int json(void) { return 1; }'
check "an include that runs up" deps 1 \
    'search/json/json.c:1: search/json must not know search/run ("search/run/run.h")'
fresh
put search/json/json.c 'int run(void); int json(void) { return run(); }'
check "a use that runs up, without an include" deps 1 \
    "search/json/json.c: search/json must not know search/run: it uses run of search/run/run.c"
check "and is a circle" deps 1 "search/run/run.c: stands in a circle of files: it uses json of"
fresh
put search/run/more.c 'int run(void); int more(void) { return run(); }'
put search/run/run.c 'int more(void); int run(void) { return more(); }'
check "a circle inside a room" deps 1 \
    "search/run/more.c: stands in a circle of files: it uses run of search/run/run.c"
fresh
put search/estimate/a.c 'int json(void); int a(void) { return json(); }'
check "rooms of one line do not know each other" deps 1 \
    "search/estimate/a.c: search/estimate must not know search/json"
fresh
put search/task/table.c 'int run(void); int (*const rows[])(void) = {run};'
put search/run/run.c 'extern int (*const rows[])(void); int run(void) { return !rows[0]; }'
check "a table names its rows" deps 0 "3 objects"
fresh
put search/task/sound/row.c 'int row(void) { return 1; }'
put search/study/a.c 'int row(void); int a(void) { return row(); }'
check "a task is known by its row alone" deps 1 "search/study/a.c: search/study must not know search/task/sound: it uses row of search/task/sound/row.c"
fresh
mkdir -p store/read store/sqlite
echo '#include <sqlite3.h>' >store/sqlite/a.c
check "a library at home in one room" deps 0 "no room uses"
echo '#include <sqlite3.h>' >store/read/a.c
check "and not in the room beside it" deps 1 "store/read/a.c:1: <sqlite3.h> is at home in store/sqlite, not in store"
rm -r store
fresh
put search/attic/a.c 'int a;'
check "a room without a place" deps 1 "room search/attic is not known"
fresh
rm -r build
check "without objects that is said" deps 0 "no objects in build/gcc, so only includes were read"

# --- what headers leave out
mkdir layer
header() { # ENDS of the header's comment and of the function's
    printf '/* layer/x.h - x.%b */\n/* Does it.%b */\nnas_status nas_x_do(nas_err *err);\n' "$1" "$2" >layer/x.h
}
contracts() { # STATUS TEXT
    local status=0
    "$ROOT/tests/contracts_check.sh" "$work/layer" >found.txt 2>&1 || status=$?
    cat found.txt
    [ "$status" = "$1" ] && grep -qF -- "$2" found.txt
}
safe='\n * Thread safety: no shared state.'
header "$safe" ' Errors: NAS_ENOMEM.'
check "all is said" contracts 0 "0 of 1 functions"
header "$safe" ''
check "no error is named" contracts 1 "x.h:4: nas_x_do names no error"
header "$safe" ' A stop is not an error: *end says so.'
check "what is no error names none" contracts 1 "nas_x_do names no error"
header "$safe\\n * Errors, where none are named: NAS_ENOMEM." ''
check "the header names it for all" contracts 0 "0 of 1 functions"
header '' ' Errors: NAS_ENOMEM.'
check "nothing of threads" contracts 1 'x.h:1: no sentence begins with "Thread safety:"'
printf '/* layer/x.h - x. */\nenum { NAS_X };\n' >layer/x.h
check "a header without functions" contracts 0 "0 of 0 headers"

close_tests
