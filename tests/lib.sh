# Sourced by the scripts test_*.sh beside it: a folder of its own with clips in it, checks, a small
# space, and the summary lines of cmocka, which tests/run.sh adds up.
set -uo pipefail
NAS=$(realpath "${NAS:-./nas}")
ROOT=$PWD
BIN=$(realpath "${BUILD:-build/gcc}/examples")
TOOLS=$(realpath -m "${BUILD:-build/gcc}/tests/tools")
CLIPS=$(realpath -m "${BUILD:-build/gcc}/tests/clips") # the Makefile makes them once
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export XDG_CACHE_HOME=$work/home HOME=$work/home TMPDIR=$work
ran=0 failed=0

check() { # NAME COMMAND...: passes when the command does
    ran=$((ran + 1))
    local name=$1
    shift
    if "$@" >out.txt 2>&1; then
        echo "[       OK ] $name"
    else
        failed=$((failed + 1))
        echo "[  FAILED  ] $name"
        sed 's/^/    /' out.txt | tail -n 25
    fi
}

# Exits with a status and says a text; nothing else appears in the folder.
says() { # STATUS TEXT COMMAND...
    local want=$1 text=$2 status before after
    shift 2
    before=$(ls -A)
    "$@" >said.txt 2>&1
    status=$?
    cat said.txt
    grep -qF -- "$text" said.txt || { echo "expected the text: $text"; return 1; }
    [ "$status" = "$want" ] || { echo "exit status $status, expected $want"; return 1; }
    rm said.txt
    after=$(ls -A)
    [ "$before" = "$after" ] || { echo "left behind: $after"; return 1; }
}

says_of() { # STATUS TEXT COMMAND...: as says, of a command that writes files
    local status
    "${@:3}" >said.txt 2>&1
    status=$?
    cat said.txt
    [ $status = "$1" ] && grep -qF -- "$2" said.txt && rm said.txt
}

kill_eight_times() { # SPACE: runs of it into kills.db, each killed after another tenth of a second
    local i
    for i in 1 2 3 4 5 6 7 8; do
        setsid "$NAS" run "$1" --db kills.db --workers 3 --quiet --out kills.best &
        local leader=$!
        sleep "0.$((i * 7 % 9 + 1))"
        kill -9 -"$leader" 2>/dev/null
        wait "$leader" 2>/dev/null
    done
    return 0
}

# grep reads to the end: one that does not may end the writer of the pipe, which counts (pipefail).
has() { grep "$@" >/dev/null; }
has_asan() { ldd "$NAS" | has libasan; }
sql() { "$NAS" sql "$1" "$2" --csv | tail -n +2; }
children() { cat "/proc/$1/task/$1/children"; }
at_work() { # LEADER N: waits until it has N workers
    for _ in $(seq 200); do
        [ "$(children "$1" | wc -w)" != "$2" ] || return 0
        sleep 0.05
    done
    echo "no $2 workers after ten seconds"
    return 1
}
equal() { [ "$1" = "$2" ] || { printf 'got:\n%s\nexpected:\n%s\n' "$1" "$2"; return 1; }; }

if [ -d "$CLIPS" ]; then
    cp -r "$CLIPS" clips || exit 1
else
    mkdir speech # what the speech program leaves in TMPDIR
    TMPDIR=$work/speech "$BIN/make_clips" clips --clips 192 >/dev/null 2>&1 || { echo "make_clips failed"; exit 1; }
fi

space() { # NAME TRIALS CONSTRAINT: six quick points on two words
    cat <<JSON
{ "schema": 1, "name": "$1",
  "task": { "kind": "keywords", "data": "clips", "labels": ["go", "stop", "yes"],
            "split": { "by": "file", "validation": 0.2, "test": 0.2 } },
  "frontend": { "kind": "mfcc", "frame_length_ms": { "choice": [32, 64] }, "frame_step_ms": 32,
                "mel_bins": 20, "lower_hz": 20, "upper_hz": 4000, "coefficients": 8 },
  "model": { "layers": [
    { "op": "conv2d", "filters": { "choice": [4, 8] }, "kernel": [3, 3], "stride": [2, 2], "bias": false },
    { "op": "batch_norm" }, { "op": "relu" }, { "op": "global_average_pool" },
    { "op": "dense", "units": "classes" }, { "op": "softmax" } ] },
  "train": { "epochs": 3, "batch_size": 10, "optimizer": "adam",
             "learning_rate": { "schedule": "polynomial", "from": 0.01, "to": 0.0001 } },
  "quantize": { "choice": ["float32", "int8"] },
  "objective": { "maximize": "accuracy" },
  "constraints": ["$3"],
  "search": { "sampler": "grid", "trials": $2, "seed": 3 } }
JSON
}
close_tests() {
    echo "[==========] $ran test(s) run."
    echo "[  PASSED  ] $((ran - failed)) test(s)."
    [ "$failed" = 0 ] || { echo "[  FAILED  ] $failed test(s), listed above."; exit 1; }
}
