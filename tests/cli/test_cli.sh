#!/usr/bin/env bash
# The program as a user meets it: bad input, a whole search, going on after kill -9, export, eval, verify.
. tests/lib.sh

space tiny 8 "zlib_bytes < 100000" >tiny.json
determined="select number, state, frontend_frame_length_ms, quantize, accuracy, tflite_bytes, zlib_bytes, macs, ram_bytes from tiny order by number"

# --- words on the command line
check "no command is bad input" says 2 "usage" "$NAS"
check "help" says 0 "nas run" "$NAS" --help
check "the versions that bits depend on" says 0 "training " "$NAS" --version
check "an unknown command names the nearest" says 2 "did you mean 'run'" "$NAS" rum
check "an unknown option names the nearest" says 2 "did you mean '--workers'" "$NAS" run tiny.json --worker 2
check "an option that stands twice, of which one would be forgotten" says 2 "may stand once; twice stands '--set'" "$NAS" run tiny.json --set '{}' --set '{}'
check "a value that is no number" says 2 "whole number" "$NAS" run tiny.json --workers many
check "a missing space file" says 2 "nowhere.json" "$NAS" run nowhere.json
check "a missing database" says 2 "nowhere.db" "$NAS" top nowhere.db
check "a file that is no database" says 2 "tiny.json" "$NAS" top tiny.json
for c in run space top show sql export eval train verify cache; do
    check "help of $c has an example" says 0 "nas $c " "$NAS" $c --help
done
check "help and the command's name" says 0 "usage: nas top" "$NAS" help top

# --- bad spaces and clips: one message, status 2, nothing left
bad() { # NAME SED-EXPRESSION TEXT
    sed "$2" tiny.json >"bad.json"
    check "$1" says 2 "$3" "$NAS" run bad.json --db bad.db
}
bad "an unknown key" 's/"mel_bins"/"mel_bin"/' 'did you mean "mel_bins"'
bad "a wrong type" 's/"epochs": 3/"epochs": "three"/' 'train.epochs'
bad "out of range" 's/"epochs": 3/"epochs": 0/' 'train.epochs'
bad "broken JSON" 's/"schema": 1,/"schema": 1/' 'bad.json:1:'
bad "an unknown metric" 's/zlib_bytes </zlib_byte </' 'zlib_byte'
bad "a key that is missing" 's/"quantize": .*/"cluster": {"clusters": 8},/' 'cluster.init: missing'
bad "a folder that is not there" 's/"data": "clips"/"data": "clops"/' 'clops'
bad "a class that is not there" 's/"stop"/"stopp"/' 'stopp'
bad "a refused study name" 's/"name": "tiny"/"name": "select"/' 'select'

# --- a whole search
run_tiny() { "$NAS" run tiny.json --db tiny.db --workers 2 --out tiny_best; }
check "a grid runs to its end" run_tiny
check "every point once" equal "$(sql tiny.db 'select count(*), count(distinct candidate), sum(state = '"'complete'"') from tiny')" "8,8,8"
check "the winner's files" test -s tiny_best/model.tflite -a -s tiny_best/model.tflite.zlib -a -s tiny_best/model.h -a -s tiny_best/model.c -a -s tiny_best/frontend.h -a -s tiny_best/frontend.c -a -s tiny_best/labels.h -a -s tiny_best/frontend.json -a -s tiny_best/labels.txt -a -s tiny_best/candidate.json -a -s tiny_best/metrics.json
check "zlib_bytes is the stream's length" equal "$(sql tiny.db 'select zlib_bytes from tiny_best')" "$(stat -c %s tiny_best/model.tflite.zlib)"
check "the finalists alone were tested" equal "$(sql tiny.db 'select count(test_accuracy) from tiny')" "3"
check "the same command again changes nothing" run_tiny
check "still eight" equal "$(sql tiny.db 'select count(*) from tiny')" "8"
eval_accuracy() { "$NAS" eval tiny_best --data clips --split "$1" --json | sed 's/.*"accuracy": \([0-9.]*\).*/\1/'; }
check "eval finds the stored accuracy" equal "$(eval_accuracy validation)" "$(sql tiny.db 'select accuracy from tiny_best')"
check "and the stored test accuracy" equal "$(eval_accuracy test)" "$(sql tiny.db 'select test_accuracy from tiny_best')"
as_c() { # the test set's clips, heard by the C that was exported
    "$NAS" eval tiny_best --data clips --split test --dump dump >/dev/null &&
        "${CC:-cc}" -std=c99 -Wall -Wextra -Werror -O1 -I tiny_best -o classify "$ROOT/examples/device/classify.c" \
            tiny_best/model.c tiny_best/frontend.c -lm &&
        (cd clips && xargs ../classify <../dump/clips.txt) | awk '{ print $2 }' >heard.txt &&
        awk 'NR == FNR { label[NR - 1] = $1; next } { print label[$1] }' tiny_best/labels.txt dump/classes.txt >classes.txt &&
        [ -s classes.txt ] && cmp classes.txt heard.txt
}
check "the exported C hears what the file does" as_c
rm -rf dump classify heard.txt classes.txt
check "verify trains the same bytes" "$NAS" verify tiny.db 5
check "verify --all trains them all" says 0 "8 trials, all the same bytes" "$NAS" verify tiny.db --all
check "a number or --all" says 2 "expected the number of a trial, or --all" "$NAS" verify tiny.db
forged() { # one byte of one stored file is another one
    cp tiny.db forged.db
    python3 - <<'PY' && "$NAS" verify forged.db --all >forged.txt
import sqlite3
db = sqlite3.connect("forged.db")
db.execute("update nas_artefacts set content = cast(substr(content, 1, 900) || x'2a' || substr(content, 902) as blob) where trial = 2 and name = 'model.tflite'")
db.commit()
PY
    [ $? = 1 ] && grep -q "trial 1: trained again, OTHER BYTES" forged.txt && grep -q "1 of 8 trials have OTHER BYTES" forged.txt
}
command -v python3 >/dev/null && check "and finds the one that differs" forged
check "train makes them too" "$NAS" train tiny_best/candidate.json -o again
check "to the byte" cmp tiny_best/model.tflite again/model.tflite
check "export writes them" "$NAS" export tiny.db -o exported
check "to the byte, too" cmp tiny_best/model.tflite exported/model.tflite
echo '{}' >exported/forecast.json
check "over another export" "$NAS" export tiny.db -o exported
check "of which nothing stays" test ! -e exported/forecast.json
check "no folder there, root or not" says 2 "/proc cannot be written" "$NAS" run tiny.json --db proc.db --out /proc/nas
check "show" "$NAS" show tiny.db 3
check "top" "$NAS" top tiny.db --all -n 3
check "space" "$NAS" space tiny.json

# --- splits that the data set says, and clips that are augmented
lists() { # LABEL...: the first ten clips of each class validate, the next ten test
    local l
    for l in go stop yes; do
        find "clips/$l" -type f | sort | sed 's|^clips/||' >all.txt
        sed -n 1,10p all.txt >>clips/validation_list.txt
        sed -n '11,20s|^|some/where/|p' all.txt >>clips/testing_list.txt
    done
    rm all.txt
}
lists
sed -e 's/"by": "file", "validation": 0.2, "test": 0.2/"by": "lists", "validation": "validation_list.txt", "test": "testing_list.txt"/' \
    -e 's/"model": {/"augment": { "shift_ms": 50, "gain_db": 6, "noise_snr_db": [10, 60] }, "model": {/' \
    -e 's/{ "choice": \[\([^],]*\)[^]]*\] }/\1/g' -e 's/"name": "tiny"/"name": "listed"/' tiny.json >listed.json
counted() { "$NAS" eval "$1" --data "${4:-clips}" --split "$2" --json | has "\"clips\": $3,"; }
check "lists of clips, clips augmented" "$NAS" run listed.json --trials 1 --workers 1
check "thirty clips validate" counted listed_best validation 30
check "thirty test" counted listed_best test 30
check "verify augments alike" "$NAS" verify listed.db "$(sql listed.db 'select number from listed')"
echo "yes/nobody.wav" >>clips/testing_list.txt
check "a listed clip that is absent" says 2 "1 of 61 listed clips" "$NAS" train listed_best/candidate.json -o never
check "goes on when allowed" "$NAS" train listed_best/candidate.json -o missing --allow-missing
check "to the same bytes" cmp listed_best/model.tflite missing/model.tflite
check "eval says so too" says 2 "yes/nobody.wav" "$NAS" eval missing --data clips --split test
check "and goes on" "$NAS" eval missing --data clips --split test --allow-missing
sed 's|"testing_list.txt"|"../testing_list.txt"|' listed.json >outside.json
check "no list outside the data folder" says 2 "task.split.test: expected a file inside the data folder" "$NAS" run outside.json
move() { # PART LIST
    local f
    while read -r f; do
        f=${f#some/where/}
        mkdir -p "parted/$1/${f%/*}"
        cp "clips/$f" "parted/$1/$f" 2>/dev/null
    done <"$2"
}
move validation clips/validation_list.txt
move test clips/testing_list.txt
find clips -mindepth 2 -type f | sed 's|^clips/||' | grep -vFf <(sed 's|some/where/||' clips/validation_list.txt clips/testing_list.txt) >rest.txt
move train rest.txt
sed -e 's/"by": "lists", "validation": "validation_list.txt", "test": "testing_list.txt"/"by": "folders"/' \
    -e 's/"data": "clips"/"data": "parted"/' -e 's/"name": "listed"/"name": "parted_clips"/' listed.json >parted.json
check "folders of clips" "$NAS" run parted.json --trials 1 --workers 1
weights() { "$NAS" space parted.json --set "{\"task\": {\"labels\": null$1}}" | sed -n 's/^weights *//p'; }
check "classes are those in the parts" equal "$(weights '')" "$(weights ', "data": "clips", "split": {"by": "file"}')"
check "the same thirty validate" counted parted_clips_best validation 30 parted
check "all of them are judged" counted parted_clips_best all "$(find parted/*/{go,stop,yes} -type f | wc -l)" parted
check "plain class folders too" counted parted_clips_best all "$(find clips/{go,stop,yes} -type f | wc -l)"
check "the same parts, the same accuracy" equal "$(sql listed.db 'select accuracy from listed')" "$(sql parted_clips.db 'select accuracy from parted_clips')"
rm clips/validation_list.txt clips/testing_list.txt

# --- what a worker has to say is heard, once
mkdir clips/_background_noise_
cp "$(find clips/go -type f | head -n 1)" clips/_background_noise_/good.wav
echo "no sound" >clips/_background_noise_/bad.wav
warned() {
    "$NAS" run tiny.json --db noisy.db --trials 4 --workers 2 --set '{"augment": {"noise_snr_db": [10, 20]}}' --out noisy_best 2>&1 >noisy.txt | tee noisy.err
    equal "$(grep -c 'warning: noise left out: .*bad.wav' noisy.err)" 1
}
check "a recording that is no sound is named" warned
rm -r clips/_background_noise_

check "a trial that is not there" says 2 "no trial 99" "$NAS" show tiny.db 99
check "sql cannot write" says 2 "" "$NAS" sql tiny.db "delete from epochs"
check "sql cannot attach" says 2 "" "$NAS" sql tiny.db "attach 'x.db' as x"
check "another seed under the same name" says 2 "seed" "$NAS" run tiny.json --db tiny.db --seed 4
command -v python3 >/dev/null && check "json output is JSON" python3 -c 'import json,subprocess,sys; json.loads(subprocess.check_output([sys.argv[1],"sql","tiny.db","select * from tiny","--json"]))' "$NAS"

# --- one worker, kills and stops give the same rows
sql tiny.db "$determined" >two.csv
check "one worker" "$NAS" run tiny.json --db one.db --workers 1 --quiet --out one_best
check "has the same rows" equal "$(sql one.db "$determined")" "$(cat two.csv)"
killed() {
    local i
    for i in 1 2 3 4 5 6; do
        setsid "$NAS" run tiny.json --db killed.db --workers 2 --quiet --out killed_best &
        local leader=$!
        sleep "0.$((i * 3 % 9 + 1))"
        kill -9 -"$leader" 2>/dev/null
        wait "$leader" 2>/dev/null
    done
    "$NAS" run tiny.json --db killed.db --workers 2 --quiet --out killed_best
}
check "six times kill -9, then to the end" killed
check "has the same rows, too" equal "$(sql killed.db "$determined")" "$(cat two.csv)"

sed 's/"epochs": 3/"epochs": 400/; s/"name": "tiny"/"name": "long"/' tiny.json >long.json
orphans() {
    "$NAS" run long.json --workers 2 --quiet &
    local leader=$!
    at_work "$leader" 2 || return 1
    local workers
    workers=$(children "$leader")
    kill -9 "$leader"
    wait "$leader" 2>/dev/null
    sleep 0.5
    local p
    for p in $workers; do
        ! grep -sq '^State:.[^Z]' "/proc/$p/status" || { echo "$p lives"; return 1; }
    done
}
check "workers die with their coordinator" orphans
stopped() {
    "$NAS" run long.json --db stop.db --workers 2 --quiet &
    local leader=$!
    at_work "$leader" 2 || return 1
    sleep 0.3
    kill -TERM "$leader"
    wait "$leader"
    [ $? = 130 ]
}
check "SIGTERM stops with status 130" stopped
check "and nothing counts as running" equal "$(sql stop.db "select count(*) from long where state = 'running'")" "0"
replaced() {
    "$NAS" run tiny.json --db shot.db --workers 1 --quiet --out shot_best &
    local leader=$!
    at_work "$leader" 1 || return 1
    sleep 0.1
    kill -9 $(children "$leader")
    wait "$leader"
}
check "a worker that is shot is replaced" replaced
check "and the rows are the same" equal "$(sql shot.db "$determined")" "$(cat two.csv)"

# --- a changed space under the same name takes over what was trained
sed 's/"choice": \[4, 8\]/"choice": [2, 4, 8]/; s/"trials": 8, //' tiny.json >wider.json
wider() { "$NAS" run wider.json --db tiny.db --workers 2 --out wider_best; }
check "a wider space goes on from the old one's results" wider
check "eight of twelve are reused" equal "$(sql tiny.db 'select count(*), count(reused), sum(seconds > 0) from tiny')" "12,8,4"
check "with the same figures" equal "$(sql tiny.db "${determined/order by/where reused is not null order by}" | cut -d, -f2- | sort)" "$(cut -d, -f2- two.csv | sort)"
reused=$(sql tiny.db "select max(number) from tiny where reused is not null")
check "a reused trial has its files" "$NAS" export tiny.db --trial "$reused" -o reused
check "that eval finds as good as they were" equal "$("$NAS" eval reused --data clips --split validation --json | sed 's/.*"accuracy": \([0-9.]*\).*/\1/')" "$(sql tiny.db "select accuracy from tiny where number = $reused")"
check "and its training can be verified" "$NAS" verify tiny.db "$reused"
shows_epochs() { "$NAS" show tiny.db "$reused" >shown.txt; cat shown.txt; grep -q "reused" shown.txt && grep -q "val_loss" shown.txt; }
check "show has the epochs of a reused trial" shows_epochs
check "the old space again finds its own trials" run_tiny
check "all eight of them" equal "$(sql tiny.db "$determined")" "$(cat two.csv)"

# --- several objectives
sed 's/"name": "tiny"/"name": "front"/; s/"objective": .*/"objectives": [{"maximize": "accuracy"}, {"minimize": "zlib_bytes"}],/' tiny.json >front.json
several() { "$NAS" run front.json --workers 2 --quiet >front.txt; local st=$?; cat front.txt; [ $st = 0 ] && grep -q "nas export front.db --trial N" front.txt && [ ! -e front_best ]; }
check "several objectives end in a front" several
check "in the order of the first objective" equal "$(sed -n 's/^ *\([0-9][0-9]*\)  .*/\1/p' front.txt)" "$(sql front.db 'select number from front_pareto order by accuracy desc, zlib_bytes, number')"
check "the first three of it were tested" equal "$(sql front.db 'select group_concat(number) from (select number from front where test_accuracy is not null order by number)')" "$(sql front.db 'select group_concat(number) from (select number from (select number from front_pareto order by accuracy desc, zlib_bytes, number limit 3) order by number)')"
check "top lists the front" says 0 "feasible" "$NAS" top front.db --pareto
check "no best trial to export" says 2 "nas top --pareto" "$NAS" export front.db -o none
check "but the one that is named" "$NAS" export front.db --trial "$(sql front.db 'select min(number) from front_pareto')" -o named
sed 's/"zlib_bytes < 100000"/"accuracy > 0.9999"/' front.json >barren.json
barren() { "$NAS" run barren.json --db front.db --workers 2 >barren.txt; local st=$?; cat barren.txt; [ $st = 3 ] && grep -q "nearest misses" barren.txt; }
check "a front without a feasible trial is status 3" barren

# --- nothing feasible
space none 4 "accuracy > 0.9999" >none.json
none() { "$NAS" run none.json --workers 2 >said.txt; local st=$?; cat said.txt; rm -f none.db; [ $st = 3 ] && grep -q "nearest misses" said.txt; }
check "nothing feasible: status 3 and the nearest misses" none
space rejected 8 "zlib_bytes < 200" >rejected.json
rejected() { "$NAS" run rejected.json --workers 1 --quiet; [ "$(sql rejected.db "select count(*) > 0 from rejected_rejected where reason like 'zlib_bytes < 200: zlib_bytes is at least%'")" = 1 ]; }
check "what cannot fit is rejected before training, with the bound" rejected

close_tests
