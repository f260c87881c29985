#!/usr/bin/env bash
# Copies of a database: nas copy takes all of it, also during a run; what cp leaves out is said.
. tests/lib.sh

space live 8 "zlib_bytes < 100000" | sed 's/"epochs": 3/"epochs": { "choice": [300, 301, 302, 303] }/' >live.json
rows="select number, state, accuracy from live where state = 'complete' order by number"
at_least() { # N: waits until so many trials are complete
    for _ in $(seq 400); do [ "$(sql live.db "select count(*) from live where state = 'complete'" 2>/dev/null)" -ge "$1" ] 2>/dev/null && return 0; sleep 0.05; done
    return 1
}
"$NAS" run live.json --workers 2 --quiet --out live_best >live.log 2>&1 &
leader=$!
check "a run at work" at_least 2
cp live.db cp.db
"$NAS" copy live.db whole.db >copy.log 2>&1
status=$?
copied=$(date +%s%N)
check "can be copied" equal "$status $(cat copy.log | cut -d, -f1)" "0 whole.db: 1 study"
check "into one file" equal "$(ls whole.db*)" whole.db
check "with what was finished then" test "$(sql whole.db 'select count(*) from live where state = '"'complete'" 2>/dev/null)" -ge 2
check "the copy is sound" equal "$(sql whole.db 'pragma integrity_check' 2>/dev/null)" ok
check "what cp made says what it lacks" says_of 0 "cp.db seems to be a copy that was made while a run wrote to it, without cp.db-wal" "$NAS" sql cp.db "select count(*) from studies"
check "also where a study is looked for" bash -c "'$NAS' top cp.db 2>&1 | grep -q 'seems to be a copy'"
check "the run goes on" kill -0 $leader
kill -9 $leader $(children $leader) 2>/dev/null
wait $leader 2>/dev/null
check "what a killed run left is whole" bash -c "'$NAS' sql live.db 'select count(*) from live' 2>err.log >/dev/null && ! grep -q 'seems to be' err.log"
check "and is copied whole" "$NAS" copy live.db killed.db
check "with the same rows" equal "$(sql killed.db "$rows" 2>/dev/null)" "$(sql live.db "$rows")"
set_small='{"train": {"epochs": 3}, "search": {"trials": 4}}'
small() { "$NAS" run live.json --db "$1" --set "$set_small" --quiet --out "$2"; }
check "a copy goes on as the original does" bash -c "'$NAS' run live.json --db whole.db --trials 3 --quiet --out w >/dev/null 2>&1 && [ \"\$('$NAS' sql whole.db \"select count(*) from live where state = 'complete'\" --csv | tail -1)\" -ge 3 ]"

# --- a run that ended
check "a study that ended" small done.db done_best
check "is copied" says_of 0 "done.db.copy: 1 study, 4 trials" "$NAS" copy done.db done.db.copy
check "and says nothing" bash -c "'$NAS' top done.db.copy 2>err.log >/dev/null && [ ! -s err.log ]"
for query in "select * from live" "select study, trial, name, bytes, hex(content) from nas_artefacts order by id" "select * from nas_spaces"; do
    check "all of it: ${query:0:30}" equal "$("$NAS" sql done.db.copy "$query" --csv | sha256sum)" "$("$NAS" sql done.db "$query" --csv | sha256sum)"
done
check "and shows its trials as the other does" equal "$("$NAS" show done.db.copy 2)" "$("$NAS" show done.db 2)"

# --- refused
check "a file that is there" says 2 "done.db.copy is there: name another, or set --force to replace it" "$NAS" copy done.db done.db.copy
check "unless told" says 0 "1 study" "$NAS" copy done.db done.db.copy --force
check "itself" says 2 "are one file" "$NAS" copy done.db ./done.db --force
ln done.db.copy link.db
check "under another name" says 2 "are one file" "$NAS" copy done.db.copy link.db --force
check "a folder that is not there" says 2 "its folder is not there" "$NAS" copy done.db no/such/file.db
check "a folder" says 2 "is not a file" "$NAS" copy done.db done_best --force
check "no database" says 2 "is not a database" "$NAS" copy live.json copy.db
check "none at all" says 2 "there is no such database" "$NAS" copy none.db copy.db
cp done.db.copy busy.db
echo pages >busy.db-wal
check "a database at work" says 1 "busy.db is at work" "$NAS" copy done.db busy.db --force
if [ "$(id -u)" != 0 ]; then
    mkdir closed && chmod 555 closed
    check "a folder that cannot be written" says_of 1 "closed" "$NAS" copy done.db closed/x.db
fi
close_tests
