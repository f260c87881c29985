#!/usr/bin/env bash
# The simulation itself (tests/sim): it sees what it should, and a seed gives what happens.
. tests/lib.sh
SIM=$(realpath -m "${BIN%examples}tests/sim")
sim() { "$SIM/sim" --nas "$NAS" --seam "$SIM/seam.so" "$@"; }

losses_are_seen() { # syncs that do nothing, and power cuts: what was told is not there
    ! sim --cuts 4 --count 2 --lie >lie.txt 2>&1 || { cat lie.txt; return 1; }
    has 'was told complete and is not there' lie.txt
}
none_without() { # the same cuts, and syncs that sync
    sim --cuts 4 --count 2
}
same_way_twice() { # one worker, ended at a call of its own
    sim --single --only 'a worker is killed' --count 4 --twice | tee twice.txt
    has '^4 seeds went the same way twice' twice.txt
}
comes_to_pass() { # TEXT: faults of that name do, and do no harm
    sim --only "$1" --count 2 --csv | tee sums.csv | awk -F, '$2 == 2 && $4 > 0 && $8 == 0 { fine = 1 } END { exit !fine }'
}

if has_asan; then # the seam cannot be laid below a sanitizer
    echo "[  SKIPPED ] simulation"
else
    check "results that were lost are seen" losses_are_seen
    check "none are with syncs that sync" none_without
    check "a seed gives what happens" same_way_twice
    check "Ctrl-C" comes_to_pass Ctrl-C
    check "writes are torn by kills" comes_to_pass torn
fi

close_tests
