#!/usr/bin/env bash
# No file names a layer or a number format, but its own and whoever makes one: what others ask of
# them stands in the rows.
. tests/lib.sh

list() { # FILE NAME: the words of a list macro
    sed -n "/define $2(X)/,/[^\\\\]\$/p" "$ROOT/$1" | grep -oE 'X\([^)]+\)' | sed 's/X(\(.*\))/\1/'
}
layers=$(list core/nn/layers/layers.h NAS_LAYER_LIST)
formats=$(list core/deploy/deploy.h NAS_FORMAT_LIST)
found() { # PATTERN ALLOWED: lines of sources outside the allowed files
    (cd "$ROOT" && grep -rnE --include='*.[ch]' "$1" base core store search cli) | grep -vE "^($2)" || true
}
any() { echo "$1" | sed 's/,.*//' | paste -sd '|'; }

check "15 layers at least" test "$(echo "$layers" | wc -l)" -ge 15
check "4 formats at least" test "$(echo "$formats" | wc -l)" -ge 4
# expand.c makes shortcuts and frames, round.c puts rounding between layers, model.c ends a model.
check "no layer's row is named elsewhere" equal \
    "$(found "nas_layer_($(any "$layers")|add|error|affine|round)\b" \
        'core/nn/layers/|core/nn/net/(expand|round|model)\.c')" ""
# "dense" is a step of compression, too; show_file.c has the words of activations.
check "no layer's word is named elsewhere" equal \
    "$(found "\"($(any "$(echo "$layers" | grep -vx dense)"))\"" 'core/nn/layers/|cli/text/show_file\.c:.*NAS_ACT')" ""
# deploy.h says which of them holds a float graph as it is.
check "no format is named elsewhere" equal \
    "$(found "NAS_FORMAT_($(any "$formats"))\b" 'core/deploy/deploy\.h:.*NAS_FORMAT_EXACT')" ""

close_tests
