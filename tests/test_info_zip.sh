#!/usr/bin/env bash
# zip_bytes beside the archives that the real zip writes. Where no Info-ZIP is, the lengths in tests/golden/info_zip.txt stand for it.
. tests/lib.sh

if ! zip -v 2>/dev/null | has 'Zip 3\.0'; then
    echo "[  SKIPPED ] zip_beside_the_real_one: there is no Zip 3.0"
    echo "[  SKIPPED ] 1 test(s)."
    close_tests
    exit
fi
unset ZIPOPT ZIP
program=$BIN/../tests/test_info_zip
golden() { "$ROOT/tests/golden/make_info_zip.sh" "$program" >now.txt && cmp now.txt "$ROOT/tests/golden/info_zip.txt"; }
check "the golden lengths are the real ones" golden
space tiny 4 "zip_bytes < 100000" | sed 's/{ "maximize": "accuracy" }/{ "minimize": "zip_bytes" }/' >tiny.json
check "a run for the shortest archive" "$NAS" run tiny.json --quiet
archives() {
    local n want
    for n in 0 1 2 3; do
        "$NAS" export tiny.db --trial $n -o trial$n && (cd trial$n && zip -q -9 model.zip model.tflite) || return 1
        want=$(stat -c %s trial$n/model.zip)
        equal "$(sql tiny.db "select zip_bytes from tiny where number = $n")" "$want" || return 1
        equal "$(sed -n 's/.*"zip_bytes":[^0-9]*\([0-9]*\).*/\1/p' trial$n/metrics.json)" "$want" || return 1
    done
}
check "zip_bytes is the archive's length" archives
check "the shortest wins" equal "$(sql tiny.db 'select zip_bytes from tiny_best')" "$(sql tiny.db 'select min(zip_bytes) from tiny')"
close_tests
