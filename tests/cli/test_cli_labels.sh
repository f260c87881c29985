#!/usr/bin/env bash
# A study whose options get labels goes on; its rows speak the labels of now.
. tests/lib.sh
formed() { # OPTIONS TRIALS [TRY]
    # one epoch: what is learnt does not matter
    space tiny "$2" "zlib_bytes < 100000" | sed "s|.epochs.: 3|\"epochs\": 1|" | sed -E "s/\"quantize\": *(\{[^}]*\}|\"[a-z0-9]*\")/\"quantize\": { \"choice\": $1 }/" |
        sed -E "s/\"search\":/\"augment\": { \"choice\": $shift }, \"try_first\": [{ \"quantize\": ${3:-1} }], \"search\":/"
}
shift='[{}, { "shift_frames": 1 }]' # no word names these
listed='["float32", {"fine_tune_epochs": 0, "kind": "int8"}, {"kind": "int8", "fine_tune_epochs": 1}]'
labelled='{"whole": "float32", "small": {"fine_tune_epochs": 0, "kind": "int8"}, "tuned": {"kind": "int8", "fine_tune_epochs": 1}}'
counted() { sql tiny.db "select count(*) || ' ' || count(distinct quantize) || ' ' || max(number) from tiny where $1"; }

formed "$listed" 3 >tiny.json
check "kind names an option, the second with _2" "$NAS" run tiny.json --workers 1 --quiet
check "columns show labels" equal "$(sql tiny.db "select quantize from tiny where number = 0")" int8
check "by position, as before" equal "$(sql tiny.db "select count(*) from tiny where quantize not in ('float32', 'int8', 'int8_2')")" 0

check "without a word columns show positions" equal "$(sql tiny.db "select group_concat(typeof(augment) || augment) from tiny where augment >= 0" | tr -d '"0-9,')" integerintegerinteger
before=$(sql tiny.db "select number, iif(augment = 0, 'still', 'moved') from tiny")
shift='{"still": {}, "moved": { "shift_frames": 1 }}'
formed "$labelled" 5 '"small"' >tiny.json
check "the labelled form goes on with the study" "$NAS" run tiny.json --workers 1 --quiet
check "in the same version" equal "$(sql tiny.db "select count(*) from nas_spaces")" 1
check "all rows have the new labels" equal "$(counted "quantize in ('whole', 'small', 'tuned')" | cut -d' ' -f1,3)" "5 4"
check "those that showed positions, too" equal "$(sql tiny.db "select number, augment from tiny where number < 3")" "$before"
check "the first is the same option" equal "$(sql tiny.db "select quantize from tiny where number = 0")" small

formed "${labelled/small/little}" 6 1 >tiny.json
check "another label for an option" "$NAS" run tiny.json --workers 1 --quiet
check "is in all rows" equal "$(sql tiny.db "select count(*) || max(quantize = 'small') from tiny")" 60
check "and in one version" equal "$(sql tiny.db "select count(*) from nas_spaces")" 1
check "nas space names options" has "whole, little, tuned" <("$NAS" space tiny.json)
check "--set takes one away by its label" has "whole, tuned" <("$NAS" space tiny.json --set '{"quantize": {"choice": {"little": null}}, "try_first": []}')
shift='[{}, { "shift_frames": 1 }]'
formed "$listed" 6 1 >tiny.json
check "back to lists" "$NAS" run tiny.json --workers 1 --quiet
check "gives positions back" equal "$(sql tiny.db "select number, iif(augment = 0, 'still', 'moved') from tiny where number < 3")" "$before"
check "and labels by kind" equal "$(sql tiny.db "select count(*) from tiny where quantize in ('float32', 'int8', 'int8_2')")" 6
close_tests
