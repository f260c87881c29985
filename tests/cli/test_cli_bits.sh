#!/usr/bin/env bash
# What bits of a training depend on: it stands beside each trial, in --version and in the keys of the cache, and
# verify says what is another.
. tests/lib.sh
space bits 2 "zlib_bytes < 5000" >bits.json
train() { "$NAS" run bits.json --db "$1" --cache common --out "$1.best" --quiet "${@:2}"; }
row=reference
check "a study" train bits.db --kernel $row
version=$("$NAS" --version | sed -n 's/^training \([0-9]*\) .*/\1/p')
inference=$("$NAS" --version | sed -n 's/.*, inference \([0-9]*\) .*/\1/p')
libm=$("$NAS" --version | sed -n 's/^training [0-9]* (\(libm [0-9a-f]*, \)*.*/\1/p')
made() { sql "$1" "select distinct substr(machine, instr(machine, 'training')) from bits"; }
check "its trials say what their bits are of" equal "$(made bits.db)" "\"training $version, inference $inference, $libm$row\""
check "the same bytes" says_of 0 "trained again, the same" "$NAS" verify bits.db 0
check "other kernels are named beside the trial's" says_of 3 \
    "made with training $version, inference $inference, $libm$row; trained again with training $version, inference $inference, ${libm}generic: other bytes, as expected between variants" \
    "$NAS" verify bits.db 0 --kernel generic

# A database of an older version, and one from before versions were noted.
older() { # MACHINE STATUS TEXT
    cp bits.db older.db
    sqlite3 older.db "update nas_trials_1 set machine = '$1'"
    says_of "$2" "$3" "$NAS" verify older.db 0
}
if command -v sqlite3 >/dev/null; then
    check "an older version of training" older "A processor, 2 cores, training 4, generic" 3 \
        "made with training 4, generic; trained again with training $version, inference $inference, ${libm}generic"
    check "one of before inference 5" older "A processor, 2 cores, training $version, generic" 3 \
        "it was stored by a nas before inference 5"
    check "an older nas that noted none" older "A processor, 2 cores, generic" 1 \
        "it was stored by an older nas, whose bits were also its compiler's"
fi

# The same library on a processor without fused multiply-adds: glibc takes other functions. Front ends and losses differ
# by last bits, so nothing is shared.
without=glibc.cpu.hwcaps=-FMA,-AVX2,-FMA_Usable,-AVX2_Usable
other=$(GLIBC_TUNABLES=$without "$NAS" --version | sed -n 's/^training [0-9]* (\(libm [0-9a-f]*, \)*.*/\1/p')
if [ "$other" != "$libm" ]; then
    cost() { sql "$1" "select sum(epochs_trained), sum(epochs_saved) from bits"; }
    check "with the same library" train again.db --kernel $row
    check "less is trained" bash -c "[ '$(cost again.db)' != '$(cost bits.db)' ]"
    check "with another" env GLIBC_TUNABLES=$without "$NAS" run bits.json --db other.db --cache common --kernel $row --out other.best --quiet
    check "nothing is found" equal "$(cost other.db)" "$(cost bits.db)"
    check "which its trials say" equal "$(made other.db)" "\"training $version, inference $inference, $other$row\""
else
    echo "SKIPPED: this library has no other functions to take"
fi
close_tests
