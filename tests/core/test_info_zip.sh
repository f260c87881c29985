#!/usr/bin/env bash
# zip_bytes in a run, and beside the archives that the real zip writes. Where no Zip 3.0 is, the lengths in
# tests/golden/info_zip.txt stand for it (tests/core/test_info_zip.c).
. tests/lib.sh

minimize() { # NAME METRIC CONSTRAINT
    space "$1" 4 "$3" | sed "s/{ \"maximize\": \"accuracy\" }/{ \"minimize\": \"$2\" }/"
}
minimize tiny zip_bytes "zip_bytes < 100000" >tiny.json
check "a run for the shortest archive" "$NAS" run tiny.json --quiet
check "the shortest wins" equal "$(sql tiny.db 'select zip_bytes from tiny_best')" "$(sql tiny.db 'select min(zip_bytes) from tiny')"
minimize short tflite_bytes "infer_ms_p95 < 1000" >short.json
check "a run for the shortest file" "$NAS" run short.json --quiet --cache tiny.db.cache
check "of equal files the one whose stream is shorter wins" equal "$(sql short.db 'select tflite_bytes, zlib_bytes from short_best')" \
    "$(sql short.db 'select tflite_bytes, zlib_bytes from short order by 1, 2 limit 1')"
check "what the cache had has the same figures" equal "$(sql short.db 'select number, zip_bytes from short order by 1')" "$(sql tiny.db 'select number, zip_bytes from tiny order by 1')"
check "times are in order" equal "$(sql short.db 'select count(*) from short where infer_ms_lo <= infer_ms and infer_ms <= infer_ms_hi and
    infer_ms_hi <= infer_ms_p95 and total_ms_lo <= total_ms and total_ms_hi <= total_ms_p95 and frontend_ms_lo <= frontend_ms_p95')" 4
shown() { "$NAS" show short.db 0 | tee shown.txt && has -E '^ *infer_ms  +[0-9.e-]+  \([0-9.e-]+ \.\. [0-9.e-]+, p95 [0-9.e-]+\)  infer_ms_p95 < 1000  kept$' shown.txt && ! has infer_ms_ <(grep -v 1000 shown.txt); }
check "show has them in one line" shown
turned_away() { # N BOUND TEXT: before training
    minimize away tflite_bytes "$2" >away.json
    rm -f away.db
    "$NAS" run away.json --quiet
    equal "$(sql away.db "select count(*), sum(epochs_trained) from away_rejected where reason like '$2: $3%'")" "$1,0"
}
check "no archive is that short" turned_away 4 "zip_bytes < 170" "zip_bytes is at least 17"
check "nor three of the files" turned_away 3 "tflite_bytes < 100" "tflite_bytes is at least "

if zip -v 2>/dev/null | has 'Zip 3\.0'; then
    unset ZIPOPT ZIP
    golden() { "$ROOT/tests/golden/make_info_zip.sh" "$BIN/../tests/core/test_info_zip" >now.txt && cmp now.txt "$ROOT/tests/golden/info_zip.txt"; }
    check "the golden lengths are the real ones" golden
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
else
    echo "[  SKIPPED ] zip_beside_the_real_one: there is no Zip 3.0"
    echo "[  SKIPPED ] 1 test(s)."
fi
close_tests
