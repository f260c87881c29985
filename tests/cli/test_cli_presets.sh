#!/usr/bin/env bash
# The presets that need no data of others: rows and exported bytes as tests/golden/presets.txt has
# them. make soak asks all presets.
. tests/lib.sh
grep -qw avx2 /proc/cpuinfo || { echo "[  SKIPPED ] no avx2 here"; close_tests; }
# make clips may have made them, since the last change of the program that does.
demo=$ROOT/data/demo_clips
if [ "$(find "$demo" -name '*.wav' -newer "$ROOT/examples/make_clips.c" 2>/dev/null | wc -l)" != 2048 ]; then
    demo=$work/demo_clips
    "$BIN/make_clips" "$demo" >/dev/null || exit 1
fi
is_as_before() { (cd "$ROOT" && DEMO_CLIPS=$demo NAS_TEST_DATA=$work tests/presets.sh "$1"); }
for name in constrained demo rosenbrock; do
    check "$name is what it was" is_as_before "$name"
done
close_tests
