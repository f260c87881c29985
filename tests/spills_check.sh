#!/usr/bin/env bash
# The inner loops of convolution keep their sums and pointers in registers: a vector that goes to the stack, or a pointer that
# goes to a mask register, costs a third of the speed and no test would see it. Looks at the AVX-512 objects of gcc.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/gcc}
status=0
for name in conv conv_weights; do
    object=$build/core/kernel/vec_$name.avx512.o
    [ -f "$object" ] || { echo "spills-check: no $object (only x86-64 has it; build first)"; exit 0; }
    found=$(objdump -d --no-show-raw-insn "$object" | awk '
        /^[0-9a-f]+ </ { gsub(/[<>:]/, "", $2); f = $2 }
        f ~ /^(block|outer)_/ && (/kmov/ || /zmm.*\(%r[sb]p\)|\(%r[sb]p\).*zmm/) { print "  " f ": " $0 }')
    [ -z "$found" ] || { echo "spills-check: $object spills in its inner functions:"; echo "$found" | head -20; status=1; }
done
[ $status -ne 0 ] || echo "spills-check: nothing in registers leaves them"
exit $status
