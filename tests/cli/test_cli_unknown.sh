#!/usr/bin/env bash
# Unknown words and silence on the public layout: folders of words, long recordings, no folder of
# either class. From a run to the exported model.
. tests/lib.sh

number() { local i; for i in 0 1 2 3; do printf "\\x$(printf %x $(($1 >> 8 * i & 255)))"; done; }
recording() { # FILE SEED SECONDS: noise, 16 bits at 16 kHz
    local bytes=$(($3 * 32000))
    {
        printf 'RIFF'; number $((36 + bytes)); printf 'WAVEfmt '
        number 16; printf '\x01\x00\x01\x00'; number 16000; number 32000; printf '\x02\x00\x10\x00'
        printf 'data'; number $bytes
        LC_ALL=C awk -v s="$2" -v n=$bytes 'BEGIN { srand(s); for (i = 0; i < n; i++) printf "%c", 1 + int(255 * rand()) }'
    } >"$1"
}
mkdir -p clips/_background_noise_
labels='"labels": ["go", "_unknown_", "stop", "_silence_"]'
space wild 2 "zlib_bytes < 100000" |
    sed -e "s/\"labels\": \[.*\],/$labels, \"unknown\": {}, \"silence\": {},/" \
        -e 's/"by": "file", "validation": 0.2, "test": 0.2/"by": "speaker", "folds": 3, "test": 0.2/' \
        -e 's/"frame_length_ms": { "choice": \[32, 64\] }/"frame_length_ms": 32/' >wild.json
sed -e 's/ "unknown": {}, "silence": {},//' wild.json >bare.json
sed -e 's/ "silence": {},//' wild.json >loud.json

# --- what is said
check "without the key it is named" says 2 'Set "unknown": {} in "task"' "$NAS" run bare.json
check "the one of silence, too" says 2 'Set "silence": {} in "task"' "$NAS" run loud.json
check "silence needs recordings" says 2 "there is no recording in" "$NAS" run wild.json
recording clips/_background_noise_/n1.wav 1 25
check "one recording is too few" says_of 0 "has 1 recording for the 4 sets of the split" \
    "$NAS" run wild.json --trials 1 --workers 1 --db few.db --out few
for i in 1 2 3 4 5; do recording "clips/_background_noise_/n$i.wav" "$i" 4; done

# --- the space file
sees() { "$NAS" space "$1" >space.txt 2>&1 && ! grep -q "$2" space.txt; }
check "nas space finds all classes" sees wild.json "there is no"
mv clips/_background_noise_ aside
check "or says what is not there" says_of 0 "there is no recording in clips/_background_noise_" "$NAS" space wild.json
mv aside clips/_background_noise_

# --- a run
run() { "$NAS" run wild.json --db "$1.db" --workers "$2" --out "$1_best" >"$1.txt" 2>&1; }
check "a run on the public layout" run two 2
check "it says what the classes are made of" \
    grep -q "_unknown_: 24 clips of 6 other folders; _silence_: 24 cuts of 5 recordings" two.txt
check "96 clips" grep -q "4 classes, 96 clips" two.txt
check "one worker, the same rows" run one 1
rows="select number, accuracy, test_accuracy, tflite_bytes from wild order by number"
check "the same accuracies and sizes" equal "$(sql one.db "$rows")" "$(sql two.db "$rows")"
apart="select count(*) from (select \"group\" from nas_examples group by 1 having count(distinct part || ifnull(fold, '')) > 1)"
check "no speaker and no recording in two parts" equal "$(sql two.db "$apart")" 0
check "groups of silence are recordings" equal "$(sql two.db \
    "select count(distinct \"group\") from nas_examples where class = '_silence_' and \"group\" like '\\_background\\_noise\\_/n%' escape '\\'")" 5

# --- the model that ships
check "verify trains the same bytes" "$NAS" verify two.db 1
best() { sql two.db "select round(test_accuracy, 6) from wild_best"; }
heard() { "$NAS" eval two_best --data clips --split test --json | sed -n 's/.*"accuracy": \([0-9.]*\).*/\1/p'; }
same() { awk -v x="$1" -v y="$2" 'BEGIN { exit !(x - y < 1e-4 && y - x < 1e-4) }'; }
check "nas eval hears the same test set" same "$(heard)" "$(best)"
clips_in() { "$NAS" eval two_best --data clips --split "$1" --json | sed -n 's/.*"clips": \([0-9]*\),.*/\1/p'; }
check "train and test are all clips" equal "$(($(clips_in train) + $(clips_in test)))" 96
check "and so are all" equal "$(clips_in all)" 96
mkdir words
cp -r clips/go clips/stop words/
check "words alone have neither class" says 0 "48 clips" "$NAS" eval two_best --data words
cp -r clips/left words/
check "other words are unknown" says 0 "72 clips" "$NAS" eval two_best --data words
mkdir -p hush/go
cp -r clips/stop clips/_background_noise_ hush/
rows() { "$NAS" eval two_best --data hush --json | grep -o '"confusion.*' | grep -o '\[[0-9, ]*\]' | tr -d '[],' |
    awk '{ n = 0; for (i = 1; i <= NF; i++) n += $i; printf "%d ", n }'; }
check "an empty folder is no class, and silence is still itself" equal "$(rows)" "0 0 24 24 "
mkdir -p idle/notes idle/_background_noise_ lone/go
cp -r clips/go clips/stop idle/
cp -r clips/_background_noise_ lone/
check "an empty folder and no recording make no class" says 0 "2 of 4 classes have no clips here: _unknown_, _silence_" "$NAS" eval two_best --data idle
check "recordings alone are none either" says 2 "no class folder with sound files" "$NAS" eval two_best --data lone
mkdir -p brief/_background_noise_
cp -r clips/go clips/stop brief/
recording brief/_background_noise_/n1.wav 1 2
check "one recording that cannot be dealt is cut all the same" says 0 "1 of 4 classes have no clips here: _unknown_;" "$NAS" eval two_best --data brief
check "labels keep the order of the space" equal "$(tr '\n' ' ' <two_best/labels.txt)" "go _unknown_ stop _silence_ "
check "nas train makes the file again" "$NAS" train two_best/candidate.json -o again
check "to the byte" cmp two_best/model.tflite again/model.tflite

# --- two models
sed -e 's/"unknown": {}/"unknown": { "share": 0.1 }/' -e 's/"wild"/"tame"/' wild.json >tame.json
check "another share" "$NAS" run tame.json --trials 1 --workers 1 --out tame
check "is no pair on a part" says 2 "have other clips of unknown" \
    "$NAS" eval two_best tame --data clips --split test
check "but on all clips" "$NAS" eval two_best tame --data clips

close_tests
