#!/bin/sh
# tests/deps_check.sh [ROOT] - who may know whom. Reads the #include lines of base, core,
# search, store and cli, and which object under $BUILD (build/gcc) uses what another defines.
# Prints each arrow that runs against the rules below with its file, and each circle of files that
# use each other in folders that are free of them; exits with 1 when there is one. Without objects
# only includes are read, and that is said.
set -eu
cd "${1:-$(dirname "$0")/..}"
build=${BUILD:-build/gcc}

# A task is a room, with the folders below it. It stands where no other room of search may know it:
# all else asks its row, by the table of tasks.
tasks=$(find search/task -mindepth 1 -type d 2>/dev/null | sort | awk -F/ '
    { room[$3] = room[$3] (room[$3] ? "+" : "") $0 }
    END { for (t in room) printf "%s ", room[t] }')

# The rooms of a folder, lowest first: a room may know those of earlier lines. Rooms of one line
# do not know each other, but for those that + joins: they are one.
rooms='
base+base/text
base/files

core/data
core/data/clips+core/data/split core/data/table

core/nn/net+core/nn/layers
core/nn/train

core/graph+core/graph/ops

core/deploy
core/deploy/plain core/deploy/zip
core/deploy/ops+core/deploy/interp+core/deploy/tflite+core/deploy/emit
core/deploy/format

core/audio
core/audio/plain

store
store/sql
store/schema
store/read
store/write
store/sqlite

cli+cli/text

search/json search/cache search/estimate search/deployed
search/metrics search/fetch
search/task
search/candidate
search/space
search/sampler search/stage
search/study
search/run '"$tasks"'
'

# The one exemption: a table names its rows, wherever they are, and may be asked by anyone. For that
# it may have a header that knows nothing of the rows.
tables='store/sql/backends.c store/sqlite/backend.c search/task/table.c search/sampler/table.c search/candidate/blocks.c search/sampler/names.h'

# Folders without a circle of files, tables aside.
straight='search store'

files=$(find base core search store cli -name '*.[ch]' 2>/dev/null | sort)
[ -n "$files" ] || {
    echo "deps_check.sh: no sources in $(pwd)" >&2
    exit 1
}

# Folder names hold no blanks, so the list may be split.
# shellcheck disable=SC2086
awk -v rooms="$rooms" -v tables="$tables" '
BEGIN {
    # Folder: the folders whose headers it may include, besides its own and base.
    may["base"] = ""
    may["core/kernel"] = ""
    may["core/graph"] = ""
    may["core/audio"] = "core/kernel"
    may["core/data"] = "core/audio core/nn"
    may["core/nn"] = "core/kernel core/graph"
    may["core/compress"] = "core/nn core/graph"
    may["core/deploy"] = "core/graph core/kernel"
    may["core/fetch"] = ""
    may["store"] = ""
    core = "core/kernel core/graph core/audio core/data core/nn core/compress core/deploy core/fetch"
    may["search"] = core " store"
    may["cli"] = core " store search"

    # Start of a library header: the folders or rooms that may use it.
    home["cjson/"] = "search"
    home["sqlite3"] = "store/sqlite"
    home["libpq"] = "store/postgres"
    home["kissfft/"] = home["kiss_fft"] = home["sndfile"] = home["samplerate"] = "core/audio"
    home["zlib.h"] = "core/deploy base"
    home["nettle/"] = "base"
    home["immintrin.h"] = home["arm_neon.h"] = "core/kernel"
    home["curl/"] = home["archive"] = "core/fetch"
    home["microhttpd"] = "cli"

    read_rooms()

    # The C library.
    n = split("assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp" \
        " signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string" \
        " tgmath threads time uchar wchar wctype dirent dlfcn fcntl fnmatch ftw getopt glob grp" \
        " langinfo libgen poll pthread pwd regex sched semaphore spawn strings syslog termios" \
        " unistd wordexp endian byteswap malloc alloca err fpu_control cpuid execinfo features", \
        words, " ")
    for (i = 1; i <= n; i++) libc[words[i] ".h"] = 1
}

function folder_of(path,    part) {
    split(path, part, "/")
    if (path ~ /^core\/[^\/]+\//) return "core/" part[2]
    return part[1]
}

function has(list, word) {
    return index(" " list " ", " " word " ") > 0
}

function bad(what) {
    printf "%s:%d: %s\n", FILENAME, FNR, what
    wrong++
}

function read_rooms(    line, room, one, i, k, m, n) {
    n = split(rooms, line, "\n")
    for (i = 1; i <= n; i++) {
        m = split(line[i], room, " ")
        for (k = 1; k <= m; k++) place_room(room[k], i, k)
    }
}

function place_room(joined, line, column,    one, n) {
    n = split(joined, one, "+")
    while (n) {
        level[one[n]] = line
        of[one[n--]] = line "." column
    }
}

function room_of(path) {
    sub(/\/[^\/]*$/, "", path)
    return path
}

# An arrow between rooms of one folder.
function check_room(from_room, to,    to_room) {
    to_room = room_of(to)
    if (from_room == to_room || !(from_room in level) || !(to_room in level)) return
    if (folder_of(from_room "/") != folder_of(to)) return
    if (has(tables, FILENAME) || has(tables, to)) return
    if (of[from_room] != of[to_room] && level[to_room] >= level[from_room])
        bad(from_room " must not know " to_room " (\"" to "\"): it stands " \
            (level[to_room] == level[from_room] ? "beside" : "above") \
            " it in the list of rooms (tests/deps_check.sh)")
}

function said(list) {
    gsub(/ /, ", ", list)
    return list
}

function check_own(path,    to) {
    if (path !~ /\//) path = FILENAME_DIR path
    if (path ~ /^\.\.?\//) {
        bad("\"" path "\": write the path from the root of the project")
        return
    }
    to = folder_of(path)
    if (!(to in may)) bad("\"" path "\": no folder of the project")
    else if (to != from && to != "base" && !has(may[from], to))
        bad(from " must not know " to " (\"" path "\"); it may include " \
            said(from (from == "base" ? "" : " base") (may[from] == "" ? "" : " " may[from])))
    else if (to == from)
        check_room(room_of(FILENAME), path)
}

function check_library(header,    h) {
    if (header in libc || header ~ /^sys\// || header ~ /^(linux|netinet|arpa|net)\//) return
    for (h in home)
        if (index(header, h) == 1) {
            if (!has(home[h], from) && !has(home[h], room_of(FILENAME)))
                bad("<" header "> is at home in " said(home[h]) ", not in " from)
            return
        }
    bad("<" header "> is no library that has a home here (tests/deps_check.sh lists them)")
}

FNR == 1 {
    from = folder_of(FILENAME)
    FILENAME_DIR = FILENAME
    sub(/[^\/]*$/, "", FILENAME_DIR)
    seen++
    if (!(from in may))
        bad("folder " from " is not known: give it its place in tests/deps_check.sh")
    else if (room_of(FILENAME) != from && !(room_of(FILENAME) in level))
        bad("room " room_of(FILENAME) " is not known: give it its place in tests/deps_check.sh")
}
!(from in may) { next }
/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, part, "\"")
    check_own(part[2])
    next
}
/^[ \t]*#[ \t]*include[ \t]*</ {
    split($0, part, /[<>]/)
    check_library(part[2])
    next
}
/^[ \t]*#[ \t]*include/ { bad("an include that is neither \"...\" nor <...> cannot be checked") }
END {
    if (wrong) {
        printf "deps-check: %d wrong of %d files\n", wrong, seen
        exit 1
    }
    printf "deps-check: %d files, every arrow runs the right way\n", seen
}
' $files || exit 1

# What objects use of each other.
objects=$(for f in $files; do [ "${f%.c}" = "$f" ] || [ ! -f "$build/${f%.c}.o" ] ||
    echo "$build/${f%.c}.o"; done)
[ -n "$objects" ] || {
    echo "deps-check: no objects in $build, so only includes were read; make first"
    exit 0
}

# shellcheck disable=SC2086
found=$(nm -A -P -g $objects | awk -v build="$build/" -v rooms="$rooms" -v tables="$tables" \
    -v straight="$straight" '
function has(list, word) {
    return index(" " list " ", " " word " ") > 0
}

function room_of(path) {
    sub(/\/[^\/]*$/, "", path)
    return path
}

function place_room(joined, line, column,    one, n) {
    n = split(joined, one, "+")
    while (n) {
        level[one[n]] = line
        of[one[n--]] = line "." column
    }
}

BEGIN {
    n = split(rooms, line, "\n")
    for (i = 1; i <= n; i++) {
        m = split(line[i], room, " ")
        for (k = 1; k <= m; k++) place_room(room[k], i, k)
    }
}

{
    file = substr($1, length(build) + 1)
    sub(/\.o:$/, ".c", file)
    files[file]
    if ($3 == "U") uses[file, $2]
    else if ($3 ~ /^[TDBRVWC]$/) home[$2] = file
}

function top(path,    part) {
    split(path, part, "/")
    return path ~ /^core\// ? part[1] "/" part[2] : part[1]
}

function check_room(from, to, what,    a, b) {
    a = room_of(from)
    b = room_of(to)
    if (a == b || !(a in level) || !(b in level) || top(from) != top(to)) return
    if (of[a] == of[b] || level[b] < level[a]) return
    printf "%s: %s must not know %s: it uses %s of %s\n", from, a, b, what, to
    wrong++
}

END {
    for (use in uses) {
        split(use, part, SUBSEP)
        from = part[1]
        if (!(part[2] in home) || (to = home[part[2]]) == from) continue
        if (has(tables, from)) continue
        if (!has(tables, to)) check_room(from, to, part[2])
        if (has(straight, top(from)) && top(to) == top(from)) arrow[from, to] = part[2]
    }
    # Whoever uses nobody that is left, or is used by nobody, is in no circle.
    do {
        split("", out)
        split("", in_)
        for (a in arrow) {
            split(a, part, SUBSEP)
            out[part[1]]
            in_[part[2]]
        }
        gone = 0
        for (a in arrow) {
            split(a, part, SUBSEP)
            if (part[2] in out && part[1] in in_) continue
            delete arrow[a]
            gone++
        }
    } while (gone)
    for (a in arrow) {
        split(a, part, SUBSEP)
        printf "%s: stands in a circle of files: it uses %s of %s\n", part[1], arrow[a], part[2]
        wrong++
    }
    for (f in files) seen++
    if (wrong) {
        printf "deps-check: %d wrong of what %d objects use\n", wrong, seen
        exit 1
    }
    printf "deps-check: %d objects, no room uses what stands above or beside it\n", seen
}
') && echo "$found" && exit 0
echo "$found" | sort
exit 1
