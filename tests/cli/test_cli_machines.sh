#!/usr/bin/env bash
# Times of different machines in one column: whoever selects by them is told, once, with both machines' names.
. tests/lib.sh
space timed 2 "total_ms < 1000" >timed.json
space sized 2 "zlib_bytes < 50000" >sized.json
run() { "$NAS" run "$1.json" --db "$1.db" --cache common --out "$1.best" --quiet "${@:2}"; }
other() { # DB: its first trial as another machine's
    python3 - "$1" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("update nas_trials_1 set machine = 'Another processor, 8 cores' where number = 0")
db.commit()
END
}
mixed="of trials of 2 machines or builds are compared:"
silent() { # COMMAND...
    "$@" >said.txt 2>&1 || return 1
    cat said.txt
    ! grep -qF "machines or builds" said.txt
}
stored() { sql "$1" "select count(*) from $2_warnings where text like '%machines or builds%'"; }

check "a study by times" run timed
check "a study by bytes" run sized
check "one machine: a list is silent" silent "$NAS" top timed.db
check "and nothing is stored" equal "$(stored timed.db timed)" 0
other timed.db
other sized.db
check "two machines: a list names the column" says_of 0 "total_ms_hi $mixed" "$NAS" top timed.db
check "and this machine" says_of 0 "$(sql timed.db "select machine from timed where number = 1" | tr -d '"')" "$NAS" top timed.db
check "and the other one" says_of 0 '"Another processor, 8 cores"' "$NAS" top timed.db
check "the front too" says_of 0 "$mixed" "$NAS" top timed.db --pareto
check "an export too" says_of 0 "$mixed" "$NAS" export timed.db -o files
check "a comparison of times too" says_of 0 "total_ms $mixed" "$NAS" compare timed.db --metrics total_ms
check "not one of bytes" silent "$NAS" compare timed.db --metrics zlib_bytes
check "nothing selects by time: silent" silent "$NAS" top sized.db
check "the run says so" says_of 0 "$mixed" "$NAS" run timed.json --db timed.db --cache common --out timed.best
check "and stores it" equal "$(stored timed.db timed)" 1
check "another run" run timed --trials 3
check "stores it once" equal "$(stored timed.db timed)" 1
check "nas show has it" says_of 0 "$mixed" "$NAS" show timed.db
check "the run by bytes is silent" silent run sized --trials 3
check "and stores nothing" equal "$(stored sized.db sized)" 0

# All trials are of another machine, and this one measures the finalists again.
space moved 2 "total_ms < 1000" >moved.json
check "a study without its end" run moved --trials 2
python3 - <<'END'
import sqlite3
db = sqlite3.connect("moved.db")
db.execute("update nas_trials_1 set machine = 'Another processor, 8 cores'")
db.execute("delete from nas_finals")
db.commit()
END
check "finalists that are measured here: said" says_of 0 "total_ms_hi $mixed" "$NAS" run moved.json --db moved.db --cache common --out moved.best
check "and stored" equal "$(stored moved.db moved)" 1
check "a list says it later" says_of 0 "total_ms_hi $mixed" "$NAS" top moved.db
close_tests
