#!/usr/bin/env bash
# What README promises, attacked where no other test does: docs/WITHSTAND.md lists them all.
. tests/lib.sh
space tiny 8 "zlib_bytes < 100000" >tiny.json
determined="select number, state, frontend_frame_length_ms, model_layers_0_filters, quantize, accuracy, tflite_bytes, zlib_bytes, candidate from tiny order by number"

# --- measured is shipped: every trial, not the winner alone
"$NAS" run tiny.json --workers 2 --quiet >run.txt 2>&1
figures() { # TRIAL: of the files that export writes
    rm -rf out && "$NAS" export tiny.db --trial "$1" -o out >/dev/null || return 1
    printf '%s,%s,%s\n' "$(stat -c %s out/model.tflite)" "$(stat -c %s out/model.tflite.zlib)" \
        "$("$NAS" eval out --data clips --split validation --json | sed -n 's/.*"accuracy": *\([0-9.]*\).*/\1/p' | head -n 1)"
}
all_shipped() {
    local n
    for n in $(sql tiny.db "select number from tiny where state = 'complete'"); do
        equal "$(figures "$n" | awk -F, '{ printf "%d,%d,%.4f", $1, $2, $3 }')" \
            "$(sql tiny.db "select tflite_bytes, zlib_bytes, printf('%.4f', accuracy) from tiny where number = $n" | tr -d '"')" || return 1
    done
}
check "every trial's figures are those of its files" all_shipped

# --- the same result: trial n is a function of the space, the seed and n
steps() { # the study in steps, by other numbers of workers, in another folder
    local n
    mkdir -p elsewhere && ln -sfn ../clips elsewhere/clips && cp tiny.json elsewhere && cd elsewhere || return 1
    for n in 1 3 4 8; do "$NAS" run tiny.json --trials $n --workers $((n % 3 + 1)) --quiet >/dev/null || return 1; done
    equal "$(sql tiny.db "$determined")" "$(sql ../tiny.db "$determined")"
}
check "in steps, by other workers, in another folder" steps

# --- nothing is lost: what a run printed before it was killed is there
lost() {
    local i leader told=0
    for i in 1 2 3 4 5; do
        setsid "$NAS" run tiny.json --db kill.db --cache kill.cache --workers 2 --out kill_best >"kill$i.txt" 2>/dev/null &
        leader=$!
        sleep "0.$((i * 3 % 7 + 2))"
        kill -9 -"$leader" 2>/dev/null
        wait "$leader" 2>/dev/null
        for n in $(sed -n 's/^ *\([0-9]*\)  complete .*/\1/p' kill[1-$i].txt); do
            told=$((told + 1))
            [ "$(sql kill.db "select state from tiny where number = $n")" = complete ] || { echo "trial $n was told and is lost"; return 1; }
        done
    done
    "$NAS" run tiny.json --db kill.db --cache kill.cache --workers 2 --out kill_best --quiet >/dev/null || return 1
    cat kill[1-5].txt | sed -n 's/^ *\([0-9]*\)  complete .*/\1/p' | sort | uniq -d | has . && { echo "told twice"; return 1; }
    equal "$(sql kill.db "$determined")" "$(sql tiny.db "$determined")"
}
check "what was printed before a kill is there" lost
check "the rest comes to the same" equal "$(sql kill.db "select count(*) from tiny where state = 'failed'")" 0

# --- nothing is silent: what standard error says is kept, also where nobody reads it
silent() {
    local said
    said=$(sql tiny.db "select text from tiny_warnings order by text")
    [ -n "$said" ] || { echo "nothing was said"; return 1; }
    "$NAS" run tiny.json --db unread.db --out unread --quiet --trials 2 >/dev/null 2>&-
    equal "$(sql unread.db "select text from tiny_warnings order by text")" "$said" && cmp unread/warnings.txt tiny_best/warnings.txt
}
check "warnings are kept where standard error is closed" silent

close_tests
