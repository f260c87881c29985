#!/usr/bin/env bash
# Files of others: what opening them changes is said, what is refused is named.
. tests/lib.sh
foreign() { # NUMBER: the file of that place in tests/golden/foreign.bin (make_foreign.py)
    local at=16 i bytes in out
    for ((i = 0; i <= $1; i++)); do
        read -r bytes in out < <(tail -c +$((at + 25)) "$ROOT/tests/golden/foreign.bin" | head -c 12 | od -An -td4)
        [ "$i" = "$1" ] && tail -c +$((at + 49)) "$ROOT/tests/golden/foreign.bin" | head -c "$bytes"
        at=$((at + 48 + (bytes + 15) / 16 * 16 + (in + 15) / 16 * 16 + (out + 15) / 16 * 16))
    done
}
foreign 0 >conv1d.tflite
foreign 5 >dilated.tflite
foreign 14 >uint8.tflite
foreign 20 >cast.tflite
line() { printf '  %-12s %s' read "$1"; }
check "an open batch is said" says 0 "$(line 'its batch, which the file leaves open, is taken as 1')" "$NAS" show conv1d.tflite
check "folded shapes are said" says 0 "$(line 'operators that only compute or rename shapes are folded away')" "$NAS" show conv1d.tflite
check "dilation is said" says 0 "$(line 'SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND around a convolution are its dilation')" "$NAS" show dilated.tflite
check "the convolution is dilated" says 0 "3x3 *2x1" "$NAS" show dilated.tflite
check "uint8 is said" says 0 "$(line 'uint8 is int8 here: each code, also of input and output, is 128 less')" "$NAS" show uint8.tflite
check "an operator is refused by its name" says 2 "cast.tflite: tflite: operator 0 is CAST, which nas does not run" "$NAS" show cast.tflite
close_tests
