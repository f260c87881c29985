#!/bin/sh
# tests/deps_check.sh [ROOT] - who may know whom. Reads the #include lines of base, core,
# search, store and cli, prints each that runs against the rules below with its file and line, and
# exits with 1 when there is one.
set -eu
cd "${1:-$(dirname "$0")/..}"

files=$(find base core search store cli -name '*.[ch]' 2>/dev/null | sort)
[ -n "$files" ] || {
    echo "deps_check.sh: no sources in $(pwd)" >&2
    exit 1
}

# Folder names hold no blanks, so the list may be split.
# shellcheck disable=SC2086
awk '
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

    # Start of a library header: the folders that may use it.
    home["cjson/"] = "search"
    home["sqlite3"] = "store"
    home["libpq"] = "store"
    home["kissfft/"] = home["kiss_fft"] = home["sndfile"] = home["samplerate"] = "core/audio"
    home["zlib.h"] = "core/deploy base"
    home["nettle/"] = "base"
    home["immintrin.h"] = home["arm_neon.h"] = "core/kernel"
    home["curl/"] = home["archive"] = "core/fetch"
    home["microhttpd"] = "cli"

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
}

function check_library(header,    h) {
    if (header in libc || header ~ /^sys\// || header ~ /^(linux|netinet|arpa|net)\//) return
    for (h in home)
        if (index(header, h) == 1) {
            if (!has(home[h], from))
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
' $files
