#!/usr/bin/env bash
# An exported folder is whole at any time: two runs that end into one, kills while it is written, readers
# meanwhile; and nothing of others in it is lost, whichever way it comes to its place.
. tests/lib.sh
rounds=${ROUNDS:-1} # more of them: minutes
space a 8 "zlib_bytes < 100000" >a.json
sed 's/"name": "a"/"name": "b"/; s/"seed": 3/"seed": 4/' a.json >b.json
check "two studies" eval '"$NAS" run a.json --out ref/a --quiet && "$NAS" run b.json --out ref/b --quiet'
references() { # what each of the sixteen trials looks like
    local s n
    for s in a b; do for n in 0 1 2 3 4 5 6 7; do "$NAS" export $s.db --trial $n -o ref/$s$n || return 1; done; done
}
check "their files" references
cat >whole.py <<'P'
import fcntl, os, sys
# Is DIR, apart from the names that follow, one of those in ref, file by file? Held as `nas eval` holds it.
def files(fd):
    out = {}
    for name in os.listdir(fd):
        if name in sys.argv[2:] or name.startswith('.nas-new-'): continue
        try:
            with open(os.open(name, os.O_RDONLY, dir_fd=fd), 'rb') as f: out[name] = f.read()
        except OSError as e: sys.exit(f'{name}: {e}')
    return out
def held(path):
    while True:
        try: fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError: sys.exit(0 if path == 'first' else f'{path} is not there')
        fcntl.flock(fd, fcntl.LOCK_SH)
        if os.fstat(fd).st_ino == os.stat(path).st_ino: return fd
        os.close(fd)
want = [files(os.open('ref/' + d, os.O_RDONLY)) for d in sorted(os.listdir('ref'))]
got = files(held(sys.argv[1]))
if got not in want:
    n = [sum(got.get(k) == v for k, v in w.items()) for w in want]
    sys.exit(f'{sys.argv[1]} is none of them: {sorted(got)}, at most {max(n)} files of one')
P
whole() { python3 whole.py "$@"; }
left() { # nothing lies beside, or in the folders named
    local d
    for d in . "$@"; do ls -A "$d" | grep '^\.nas-' && return 1; done
    return 0
}

# --- two runs, one folder
one_folder() {
    local i
    for i in $(seq $((6 * rounds))); do
        [ $((i % 5)) != 0 ] || rm -rf both # or there is none yet
        "$NAS" run a.json --out both --replace --quiet >a.txt 2>&1 & local a=$!
        "$NAS" run b.json --out both --replace --quiet >b.txt 2>&1 & local b=$!
        wait $a && wait $b || { cat a.txt b.txt; return 1; }
        whole both || return 1
    done
    left
}
check "two runs that end into one folder" one_folder

# --- readers
readers() { # DIR NAME...: while two write, what is read is whole
    local dir=$1 n i
    (while [ ! -e stop ]; do for n in 0 3 5; do "$NAS" export a.db --trial $n -o "$dir"; done; done >/dev/null 2>w1.txt) & local w=$!
    (while [ ! -e stop ]; do for n in 1 2 7; do "$NAS" export b.db --trial $n -o "$dir"; done; done >/dev/null 2>w2.txt) & local v=$!
    local st=0
    for i in $(seq $((12 * rounds))); do whole "$@" || { st=1; break; }; done
    for i in $(seq $((3 * rounds))); do
        "$NAS" eval "$dir" --data clips --json >eval.txt 2>&1 && "$NAS" show "$dir" >>eval.txt 2>&1 || { cat eval.txt; st=1; }
    done
    : >stop
    wait $w $v
    rm stop
    cat w1.txt w2.txt
    [ $st = 0 ] && [ ! -s w1.txt ] && [ ! -s w2.txt ] && left "$dir"
}
check "readers see one of them" readers both
mkdir -p mixed/recordings
echo mine >mixed/notes.txt
echo voice >mixed/recordings/1.wav
"$NAS" export a.db --trial 0 -o mixed >/dev/null
check "also where what is there keeps the folder in its place" readers mixed notes.txt recordings
check "what is of others stays" equal "$(cat mixed/notes.txt mixed/recordings/1.wav)" "mine
voice"

# --- kills
kills() { # DIR NAME...: at moments that move through the whole of an export
    local i
    for i in $(seq $((12 * rounds))); do
        "$NAS" export a.db --trial $((i % 8)) -o "$1" >/dev/null 2>&1 & local e=$!
        sleep "0.0$(printf %02d $((i * 7 % 40)))"
        kill -9 $e 2>/dev/null
        wait $e 2>/dev/null
        [ "$1" = first ] && [ ! -e first ] || "$NAS" show "$1" >shown.txt 2>&1 || { cat shown.txt; return 1; } # a reader ends what was cut off
        whole "$@" || return 1
        [ "$1" != first ] || [ $((i % 4)) != 0 ] || rm -rf first
    done
    "$NAS" export b.db --trial 2 -o "$1" && left "$1" && whole "$@"
}
check "a killed export leaves the old folder or the new" kills both
check "or none or the new" kills first
check "or what the next reader makes whole" kills mixed notes.txt recordings
check "nothing of others was lost" equal "$(cat mixed/notes.txt mixed/recordings/1.wav)" "mine
voice"
half() { # a writer that was killed between the renaming and the last file
    "$NAS" export a.db --trial 0 -o half >/dev/null || return 1
    mkdir half/.nas-ready
    cp ref/b5/* half/.nas-ready
    echo candidate.json >half/.nas-ready/.plan
    rm half/candidate.json
    mv half/.nas-ready/model.tflite half
    "$NAS" show half >/dev/null && whole half && cmp half/model.tflite ref/b5/model.tflite
}
check "half moved files are moved to the end" half
outside() { # a plan of strangers
    mkdir -p hostile/.nas-ready
    cp ref/a0/* hostile
    printf 'candidate.json\n../victim\n/tmp/victim\n.hidden\n' >hostile/.nas-ready/.plan
    : >victim
    : >hostile/.hidden
    "$NAS" show hostile >/dev/null && [ -e victim ] && [ -e hostile/.hidden ]
}
check "and nothing outside of the folder is touched" outside
abandoned() { # of a killed writer, and of one that lives
    mkdir .nas-new-aaaaaa .nas-new-bbbbbb .nas-new-cccccc
    : >.nas-new-aaaaaa/model.tflite
    : >.nas-new-bbbbbb/model.tflite
    echo mine >.nas-new-cccccc/thesis.txt
    flock -s .nas-new-bbbbbb "$NAS" export a.db --trial 0 -o both
    [ ! -e .nas-new-aaaaaa ] && [ -e .nas-new-bbbbbb/model.tflite ] && [ -e .nas-new-cccccc/thesis.txt ]
    local st=$?
    rm -r .nas-new-?*
    return $st
}
check "what the killed left goes, what somebody holds stays" abandoned

# --- whose it is
carried() {
    "$NAS" export a.db --trial 0 -o mine || return 1
    echo notes >mine/notes.txt
    ln -s notes.txt mine/link
    chmod 750 mine
    local inode before
    before=$(stat -c %i mine)
    inode=$(stat -c %i mine/notes.txt)
    "$NAS" export b.db --trial 3 -o mine && whole mine notes.txt link || return 1
    echo "notes $(stat -c '%a' mine), links $(stat -c %h mine/notes.txt)"
    [ "$(stat -c %i mine)" != "$before" ] && [ "$(stat -c %i mine/notes.txt)" = "$inode" ] && [ "$(readlink mine/link)" = notes.txt ] &&
        [ "$(stat -c '%a' mine)" = 750 ] && [ "$(stat -c %h mine/notes.txt)" = 1 ]
}
check "what is of others moves into the new folder" carried
strangers() { # files under names of ours where there never was an export
    mkdir theirs && echo mine | tee theirs/labels.txt theirs/model.h >/dev/null && echo mine >theirs/warnings.txt.old
    "$NAS" export a.db --trial 0 -o theirs && whole theirs labels.txt~ model.h~ warnings.txt.old || return 1
    equal "$(cat theirs/labels.txt~ theirs/model.h~ theirs/warnings.txt.old)" "mine
mine
mine" || return 1
    "$NAS" export a.db --trial 3 -o theirs && whole theirs labels.txt~ model.h~ warnings.txt.old || return 1
    rm theirs/candidate.json
    says 1 "theirs/labels.txt is no file of an export, as candidate.json is not there, and cannot be kept as labels.txt~" "$NAS" export a.db --trial 0 -o theirs &&
        equal "$(cat theirs/labels.txt~)" mine && left theirs
}
check "a file that only has a name of ours stays" strangers
beside_database() { # -o . beside a database: a second name of it would refuse its writers
    mkdir here && cp a.db here/ && cd here || return 1
    local inode
    inode=$(stat -c %i a.db)
    "$NAS" export a.db --trial 1 -o . && "$NAS" export a.db --trial 4 -o . || return 1
    cd ..
    [ "$(stat -c %i here/a.db)" = "$inode" ] && [ "$(stat -c %h here/a.db)" = 1 ] && whole here a.db && left here
}
check "the folder of the database" beside_database
linked() {
    mkdir -p far && ln -s far near && "$NAS" export a.db --trial 1 -o near && [ -L near ] && whole far && left far
}
check "a link to a folder stays one" linked
check "a link to nothing is refused" eval 'ln -s nowhere lost; says 1 "lost is a link to what is not there" "$NAS" export a.db --trial 1 -o lost; rm lost'
in_the_way() {
    "$NAS" export a.db --trial 0 -o way >/dev/null && rm way/model.c && mkdir way/model.c && echo mine >way/model.c/x || return 1
    says 1 "way/model.c is a folder, where a file is to be put: move it away" "$NAS" export a.db --trial 1 -o way && [ -e way/model.c/x ] && left way
}
check "a folder under the name of a file stays, and is said" in_the_way
no_parent() { # as in a container, where only the mounted folder is ours
    [ "$(id -u)" = 0 ] || { echo "needs root"; return 0; }
    mkdir -p box/out && chmod 777 . box/out
    cp "$NAS" box/nas && cp a.db box/a.db && chmod 666 box/a.db
    local trial
    for trial in 0 3; do
        (cd box && setpriv --reuid=1001 --regid=1001 --clear-groups ./nas export a.db --trial $trial -o out) || return 1
        whole box/out || return 1
    done
    left box/out
}
check "a folder whose parent is somebody else's" no_parent
mounted() {
    mkdir mnt && unshare -m --propagation private bash -c "mount -t tmpfs none mnt && for n in 0 3; do '$NAS' export a.db --trial \$n -o mnt || exit 1; python3 whole.py mnt || exit 1; done; ls -A mnt | grep '^\.nas-' && exit 1; exit 0"
}
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    check "a mount" mounted
else
    echo "no mounts here: not tested on one"
fi
full() { # no room for the new one
    mkdir small && unshare -m --propagation private bash -c "mount -t tmpfs -o size=140k none small && '$NAS' export a.db --trial 0 -o small/out || exit 1; '$NAS' export a.db --trial 1 -o small/out; s=\$?; cat /dev/null; python3 whole.py small/out && [ \$s = 1 ] && ! ls -A small | grep '^\.nas-'"
}
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    check "no room for the new one leaves the old" full
fi
dumps() {
    "$NAS" eval ref/a0 --data clips --dump dump --json && "$NAS" eval ref/a0 --data clips --dump dump --json && equal "$(cd dump && echo *)" "classes.txt clips.txt features.f32" && left dump
}
check "what eval dumps is whole as well" dumps
close_tests
