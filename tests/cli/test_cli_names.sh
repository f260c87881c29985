#!/usr/bin/env bash
# A parameter whose path is longer than the names of a database: its column, and what the run says.
. tests/lib.sh

x='{ "choice": [-1.5, 0.25] }'
for i in 1 2 3 4 5 6 7 8 9; do x="{ \"choice\": { \"deeper\": $x, \"no\": $i } }"; done
cat >deep.json <<JSON
{ "schema": 1, "name": "deep", "task": { "kind": "test_function", "function": "sphere", "dimensions": 1 },
  "point": { "x1": $x }, "objective": { "minimize": "value" }, "search": { "sampler": "grid" } }
JSON
path=point.x1$(printf '.choice%.0s' 1 2 3 4 5 6 7 8 9)
name=$(printf %s "$path" | tr . _)
column=${name:0:46}_$(printf %s "$name" | sha256sum | cut -c1-16)
line="$path is the column $column in SQL, where names have 63 letters at most"
check "a run says which column a long parameter has" says_of 0 "$line" "$NAS" run deep.json --out best --quiet
check "the column is there, in the table and in the view" equal "$(sql deep.db "select count($column) from deep"),$(sql deep.db "select count($column) from nas_trials_1")" 2,2
check "no name is longer" equal "$(sql deep.db "select max(length(name)), max(length(stored)) from nas_columns")" 63,63
check "show says it again" says_of 0 "$column" "$NAS" show deep.db
check "the best setting of it is shown" says_of 0 "0.25" "$NAS" top deep.db
check "another run goes on with it" says 0 "$line" "$NAS" run deep.json --out best --quiet
check "and adds no column" equal "$(sql deep.db "select count(*) from pragma_table_info('nas_trials_1') where name like 'point%'")" 10
check "short names are not spoken of" bash -c "sed 's/\"x1\": .*}, \"obj/\"x1\": { \"choice\": [1, 2] } }, \"obj/; s/deep/flat/' deep.json >flat.json && ! '$NAS' run flat.json --out flat --quiet 2>&1 | grep 'in SQL'"
close_tests
