#!/usr/bin/env bash
# What is heard of a folder of clips, from the run to the exported folder and what it is judged by.
. tests/lib.sh
space tiny 1 "zlib_bytes < 100000" |
    sed 's/{ "choice": \[32, 64\] }/64/; s/{ "choice": \[4, 8\] }/8/; s/{ "choice": \["float32", "int8"\] }/"int8"/' >tiny.json
task() { sed "s/\"data\": \"clips\",/& $2,/; s/\"name\": \"tiny\"/\"name\": \"$1\"/" tiny.json >"$1.json"; }
accuracy() { grep -o "\"$1\":[[:space:]]*[0-9.e-]*" "$2" | head -n 1 | tr -dc '0-9.\n'; }

# --- crop
task start '"clip_seconds": 0.3'
for crop in centre loudest; do task $crop "\"clip_seconds\": 0.3, \"crop\": \"$crop\""; done
for name in start centre loudest; do
    check "a model is trained: $name" "$NAS" train $name.json -o $name.best --quiet
    cp out.txt $name.txt
    check "eval hears the same: $name" equal "$(accuracy accuracy $name.best/metrics.json)" \
        "$("$NAS" eval $name.best --data clips --split validation --json 2>/dev/null >v.json; accuracy accuracy v.json)"
done
check "the start is said, and what to set" grep -q "of 72 are longer than the 0.3 s of task.clip_seconds (median of all .*task.crop to \"centre\" or \"loudest\"" start.txt
check "the loudest part is said" grep -q "only their loudest parts are heard, as task.crop says" loudest.txt
check "the usual crop is not written down" bash -c '! grep -q crop start.best/frontend.json'
check "another is" grep -q '"crop":.*"loudest"' loudest.best/frontend.json
features() { "$NAS" eval "$1" --data clips --dump "d_$1" >/dev/null 2>&1; md5sum <"d_$1/features.f32"; }
check "other parts are heard" equal "$(for n in start centre loudest; do features $n.best; done | sort -u | wc -l)" 3
sed 's/"crop":.*"loudest"/"crop": "middle"/' loudest.best/frontend.json >wrong.json
check "a crop that is none" says 2 'expected "start", "centre" or "loudest"' "$NAS" eval loudest.best --data clips --frontend wrong.json
check "a crop that nearly is one" says 2 'did you mean "centre"' "$NAS" space start.json --set '{"task": {"crop": "center"}}'

# --- labels with a mark of UTF-8 before them
{ printf '\xef\xbb\xbf' && sed 's/$/\r/' start.best/labels.txt; } >marked.txt
"$NAS" eval start.best --data clips --json 2>/dev/null >plain.out
check "labels with a mark" "$NAS" eval start.best --data clips --labels marked.txt --json
check "are the same labels" equal "$(tail -n 1 out.txt)" "$(tail -n 1 plain.out)"

# --- clips that cannot be read
cp -r clips bad && for word in go stop; do echo '<html>' >"bad/$word/page.wav"; done
task two '"data": "bad", "unreadable": 2' && sed -i 's/"data": "clips", //' two.json
check "so many may be left out" says_of 0 "2 of 74 cannot be read and are left out, as go/page.wav: not a sound file that can be read, but a web page" "$NAS" train two.json -o two.best --quiet
sed 's/"unreadable": 2/"unreadable": 1/' two.json >one.json
check "no more" says_of 2 "2 of 74 clips in bad cannot be read, all listed in bad_unreadable.txt" "$NAS" train one.json -o two.best
check "eval refuses them" says_of 2 "2 of 74 clips in bad" "$NAS" eval start.best --data bad
check "or leaves them out" says_of 0 "2 of 74 cannot be read and are left out" "$NAS" eval start.best --data bad --allow-missing
check "a line each in the list" equal "$(cut -d: -f1 bad_unreadable.txt | tr '\n' ' ')" "go/page.wav stop/page.wav "
close_tests
