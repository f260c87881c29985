#!/usr/bin/env bash
# The presets that need no data of others: rows and exported bytes as tests/golden/presets.txt has
# them. make soak asks all presets.
. tests/lib.sh
grep -qw avx2 /proc/cpuinfo || { echo "[  SKIPPED ] no avx2 here"; close_tests; }
"$BIN/make_clips" "$work/demo_clips" >/dev/null || exit 1
is_as_before() { (cd "$ROOT" && DEMO_CLIPS=$work/demo_clips NAS_TEST_DATA=$work tests/presets.sh "$1"); }
for name in constrained demo rosenbrock; do
    check "$name is what it was" is_as_before "$name"
done
close_tests
