#!/usr/bin/env bash
# nas export --from: the C of any .tflite file, and the test program that stands beside it.
. tests/lib.sh
strict="-std=c99 -pedantic -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror"
sane="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"
says_right() { # FOLDER FLAGS...: its test program, compiled and run under sanitizers
    "${CC:-cc}" $strict $sane -o "tested_$1" "${@:2}" "$1/model_test.c" "$1/model.c" -lm || return 1
    "./tested_$1" >told.txt || { cat told.txt; return 1; }
    cat told.txt
    rm "tested_$1"
}
exact() { says_right "$@" && grep -q "^model_test: right: .* equal to the bit$" told.txt; }

# --- what a study makes, in each number format
space tiny 1 "zlib_bytes < 100000" |
    sed 's/{ "choice": \[32, 64\] }/64/; s/{ "choice": \[4, 8\] }/8/; s/"epochs": 3/"epochs": 1/' >tiny.json
for format in float32 float16 dynamic int8; do
    sed "s/{ \"choice\": \[\"float32\", \"int8\"\] }/\"$format\"/" tiny.json >$format.json
    check "a model in $format is trained" "$NAS" train $format.json -o trained_$format --quiet
    cp trained_$format/model.tflite $format.tflite
    check "$format: its folder's test program, to the bit" exact trained_$format -DTOLERANCE=0
    check "$format: C of the file alone" says_of 0 "c_$format/ holds C, made of $format.tflite" "$NAS" export --from $format.tflite -o c_$format
    check "$format: those files and no others" equal "$(cd c_$format && echo *)" "DEVICE.md export.txt model.c model.h model_test.c"
    check "$format: the winner's bytes" bash -c "for f in DEVICE.md model.c model.h model_test.c; do cmp trained_$format/\$f c_$format/\$f || exit 1; done"
    check "$format: the test program, to the bit" exact c_$format -DTOLERANCE=0
done
check "of int8 every bit counts" bash -c "grep -q 'PASSES 0' c_int8/model_test.c && ! grep -q TOLERANCE c_int8/model_test.c"
check "of floats a last bit may differ" grep -q "TOLERANCE 2e-5" c_float32/model_test.c
check "it holds the whole C of a folder" says_of 0 "labels.h" "$NAS" export --from trained_int8 -o whole
check "with front end and labels" equal "$(cd whole && echo *)" "DEVICE.md export.txt frontend.c frontend.h labels.h model.c model.h model_test.c"
named() { "$NAS" export --from int8.tflite --frontend trained_int8/frontend.json --labels trained_int8/labels.txt -o named; }
check "or of files that are named" named
check "the same bytes" bash -c 'for f in frontend.c frontend.h labels.h; do cmp trained_int8/$f whole/$f && cmp whole/$f named/$f || exit 1; done'
whole_program() { "${CC:-cc}" $strict $sane -I whole -o heard "$ROOT/examples/device/classify.c" whole/model.c whole/frontend.c -lm && ./heard "$(find "$work/clips/yes" -name '*.wav' | head -n 1)" && rm heard; }
check "they make a program" whole_program
in_firmware() {
    printf '%s\n' 'int model_test(void);' 'int main(void) { return model_test(); }' >own.c
    "${CC:-cc}" $strict -o own -DMODEL_TEST_NO_MAIN c_dynamic/model_test.c c_dynamic/model.c own.c -lm && ./own && rm own own.c
}
check "the test without a main" in_firmware
in_docs() {
    sed -n '/^    #include "model.h"$/,/^    }$/s/^    //p' "$ROOT/docs/DEVICE.md" >own.c
    { echo 'int class_of(const float v[MODEL_INPUT]);'; } >own.h
    sed '/math.h/r own.h' own.c >said.c && "${CC:-cc}" $strict -I c_int8 -c -o own.o said.c && rm own.c own.h own.o said.c
}
check "the program of docs/DEVICE.md" in_docs

# --- a test that cannot fail is none
spoil() { # FILE ARRAY: its first number becomes another one
    awk -v name="$2" '{ print_it = $0 } on { sub(/-?[0-9.][-+.e0-9]*f?,/, "77,"); print_it = $0; on = 0 } index($0, " " name "[") { on = 1 } { print print_it }' "$1" >spoilt && ! cmp -s "$1" spoilt && mv spoilt "$1"
}
cp -r c_int8 wrong
cp -r c_float32 off
check "a weight of another value" spoil wrong/model.c kernel_0
check "is told" bash -c "'${CC:-cc}' -o t wrong/model_test.c wrong/model.c -lm && { ./t >told.txt; [ \$? = 1 ]; } && rm t && grep -q '^model_test: WRONG: [0-9]* of 12 outputs; the first is output [0-2] of example [0-3]: ' told.txt"
check "an expected float of another value" spoil off/model_test.c expected
check "is told, too" bash -c "'${CC:-cc}' -o t off/model_test.c off/model.c -lm && { ./t >told.txt; [ \$? = 1 ]; } && rm t && grep -q 'WRONG: 1 of 12 outputs; the first is output 0 of example 0: .*, expected 77; without -ffp-contract=off' told.txt"

# --- a file of others
theirs=$(realpath -m "${NAS_TEST_DATA:-$ROOT/../shared/data}/models/mlperf_tiny_kws_int8.tflite")
if [ -e "$theirs" ]; then
    check "a file of others" says_of 0 "SHA-256 " "$NAS" export --from "$theirs" -o theirs
    check "to the bit" exact theirs
    sed -n '/^    { "kind": "mfcc"/,/ }$/p' "$ROOT/docs/DEVICE.md" >mfcc.json
    check "with the front end of docs/DEVICE.md" "$NAS" export --from "$theirs" --frontend mfcc.json -o theirs
    check "its C" grep -q "FRONTEND_FRAMES 49" theirs/frontend.h
else
    echo "# no $theirs: C of a file of others is not tested"
fi

# --- what is said
check "the features are the user's" grep -q "Making it of what a sensor gives is yours" c_int8/export.txt
check "not so with a front end" bash -c "! grep -q 'is yours' named/export.txt"
check "what was said stands in export.txt" bash -c "diff <('$NAS' export --from int8.tflite -o c_int8 | sed 's|^c_int8/ holds C, ||') <(tail -n +2 c_int8/export.txt)"
odd=$'a "b" *\n\e[31m.tflite'
cp int8.tflite "$odd"
check "a file of an odd name" says_of 0 'made of a "b" *\n\x1b[31m.tflite' "$NAS" export --from "$odd" -o "$odd.c"
check "makes the same C" cmp "$odd.c/model.c" c_int8/model.c
rm -r "$odd" "$odd.c"

# --- the folder
check "less is written the next time" "$NAS" export --from int8.tflite -o whole
check "what was of the last time is gone" equal "$(cd whole && echo *)" "DEVICE.md export.txt model.c model.h model_test.c"
mkdir mine
echo mine | tee mine/model.h mine/labels.h >mine/notes.txt
check "in a folder with files of others" "$NAS" export --from int8.tflite -o mine
check "they stay" equal "$(cd mine && echo * && cat model.h~ labels.h notes.txt)" "DEVICE.md export.txt labels.h model.c model.h model.h~ model_test.c notes.txt
mine
mine
mine"
check "a file is no folder" says 2 "int8.tflite" "$NAS" export --from int8.tflite -o int8.tflite
check "the folder of a trial is no place for it" says 2 "trained_int8 holds the files of a trial (candidate.json is there)" "$NAS" export --from int8.tflite -o trained_int8
"$NAS" run tiny.json --quiet --db tiny.db --out tiny_best >/dev/null 2>&1
check "nor is its folder one for a trial" says 2 "c_int8 holds the C of a file (export.txt is there)" "$NAS" export tiny.db --trial 0 -o c_int8

# --- what is not taken
check "neither a database nor a file" says 2 "expected DB, whose trial is exported, or --from MODEL" "$NAS" export -o new
check "both" says 2 "which of both is to be exported?" "$NAS" export tiny.db --from int8.tflite -o new
check "a trial of a file" says 2 "--trial is of a database" "$NAS" export --from int8.tflite --trial 3 -o new
check "labels of a trial" says 2 "--labels is of --from" "$NAS" export tiny.db --labels words.txt -o new
check "no folder" says 2 "-o DIR is missing" "$NAS" export --from int8.tflite
check "no such file" says 2 "none.tflite is not there" "$NAS" export --from none.tflite -o new
mkdir empty
check "a folder without a model" says 2 "empty/model.tflite is not there; expected" "$NAS" export --from empty -o new
check "a model in the place of a database" says 2 "int8.tflite is no database; a model as C: \`nas export --from int8.tflite -o DIR\`" "$NAS" export int8.tflite -o new
check "no model" says 2 "tiny.json" "$NAS" export --from tiny.json -o new
head -c 900 int8.tflite >cut.tflite
check "half a model" says 2 "cut.tflite: " "$NAS" export --from cut.tflite -o new
printf 'go\nstop\n' >two.txt
check "labels that are too few" says 2 "int8.tflite has 3 outputs, two.txt has 2 lines" "$NAS" export --from int8.tflite --labels two.txt -o new
check "labels that are not there" says 2 "none.txt" "$NAS" export --from int8.tflite --labels none.txt -o new
sed 's/"frame_step_ms":.*/"frame_step_ms": 10,/' trained_int8/frontend.json >other.json
check "a front end of another size" says 2 "other.json gives" "$NAS" export --from int8.tflite --frontend other.json -o new
check "a front end that is none" says 2 "two.txt" "$NAS" export --from int8.tflite --frontend two.txt -o new
rm two.txt other.json cut.tflite
full() { (ulimit -f 4; trap '' XFSZ; "$NAS" export --from int8.tflite -o c_int8); }
keep() { md5sum c_int8/* >before; says 1 "c_int8" full && md5sum --quiet -c before; }
has_asan || check "a disk that is full leaves the old files" keep
close_tests
