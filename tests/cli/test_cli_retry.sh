#!/usr/bin/env bash
# nas retry: trials that failed wait again; others are refused by name.
. tests/lib.sh

space tiny 4 "zlib_bytes < 100000" | sed 's/"epochs": 3/"epochs": 30000/; s/"name": "tiny"/"name": "late"/' >late.json
states="select number, state, attempt from late order by number"
"$NAS" run late.json --db late.db --workers 2 --trial-seconds 1 --retries 0 --quiet >late.txt 2>&1
check "four trials that took too long" equal "$(sql late.db "select count(*) from late where state = 'failed'")" 4
check "words that are no numbers" says 2 "expected numbers and ranges of them" "$NAS" retry late.db 1,x
check "a range from its end" says 2 "expected numbers and ranges of them" "$NAS" retry late.db 3-1
check "a comma at the end" says 2 "expected numbers and ranges of them" "$NAS" retry late.db 1,
check "a trial that is not there" says 2 "there is no trial 9" "$NAS" retry late.db 1,9
check "a study that is not there" says 2 "late" "$NAS" retry late.db --study other
check "a version that is not there" says 2 "version" "$NAS" retry late.db --version 7
check "no database" says 2 "there is no such database" "$NAS" retry none.db
check "nothing was touched" equal "$(sql late.db "select count(*) from late where state = 'failed' and attempt = 1")" 4
check "one and a range" says 0 "3 trials of late wait again; the same \`nas run\` as before goes on with them" "$NAS" retry late.db 0,2-8
check "wait, as if new" equal "$(sql late.db "$states")" "0,waiting,0
1,failed,1
2,waiting,0
3,waiting,0"
check "the reasons are kept" equal "$(sql late.db "select count(*) from late_warnings where text like 'trial % was set back by \`nas retry\`; it had failed: took longer than 1 seconds%'")" 3
check "a trial that waits is refused" says 2 "trial 0 is waiting" "$NAS" retry late.db 0
check "the rest" says 0 "trial 1: took longer than 1 seconds (--trial-seconds)" "$NAS" retry late.db
check "and then none" says 0 "no trial of late failed" "$NAS" retry late.db
"$NAS" run late.json --db late.db --workers 2 --trial-seconds 1 --retries 0 --quiet >late.txt 2>&1
check "a run goes on with them" equal "$(sql late.db "$states")" "0,failed,1
1,failed,1
2,failed,1
3,failed,1"
close_tests
