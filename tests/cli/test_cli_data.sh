#!/usr/bin/env bash
# Data sets of a list: downloads from a server with faults, archives of people who mean no good.
. tests/lib.sh

mkdir served archives
"$TOOLS/archives" archives || exit 1
cp archives/* served
: >log
"$TOOLS/http_server" served log >port.txt &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 100); do [ -s port.txt ] && break; sleep 0.05; done
url=http://127.0.0.1:$(cat port.txt)
sum() { sha256sum "served/$1" | cut -d' ' -f1; }
size() { stat -c %s "served/$1"; }

# set NAME PATH MORE...: a list of one entry
set_of() {
    local name=$1 path=$2
    shift 2
    printf '{"%s": {"title": "t", "licence": "L", "urls": ["%s/%s"]%s}}' "$name" "$url" "$path" "${*:+, $*}" >list.json
}
get() { "$NAS" data get "$1" --list list.json; }
# Ends with a status and says a text, whatever it leaves.
fails() {
    local want=$1 text=$2 status
    shift 2
    "$@" >said.txt 2>&1
    status=$?
    cat said.txt
    grep -qF -- "$text" said.txt || { echo "expected the text: $text"; return 1; }
    [ "$status" = "$want" ] || { echo "exit status $status, expected $want"; return 1; }
}
requests() { grep -c . log; }
files() { (cd "$1" && find . -type f | sort | tr '\n' ' '); }
nothing_but() { equal "$(ls -A data | tr '\n' ' ')" "$1"; }

# --- the list
check "what there is" "$NAS" data list
has_three() { "$NAS" data list | has -c 'CC BY\|free with' && "$NAS" data list | has '2,428,923,189  no'; }
check "with sizes and licences" has_three
check "a name that is near" says 2 "did you mean 'jena_climate'?" "$NAS" data get jena_climat
check "an action that is none" says 2 "did you mean 'list'?" "$NAS" data lits
check "no name" says 2 "expected the name of a data set" "$NAS" data get
echo '{"a": {"title": "t", "licence": "L", "urls": ["file:///etc/passwd"], "sha25": "x", "bytes": -1}}' >list.json
check "an address of no server" fails 2 "list.json:1:46: a.urls: expected addresses" get a
check "a key that is none" fails 2 'unknown key, did you mean "sha256"?' get a
check "a length that is none" fails 2 "a.bytes: expected a whole number" get a
echo '{"a": ' >list.json
check "no JSON" fails 2 "list.json:" get a
mkdir data && set_of extra good.zip '"strip": 1' && mv list.json data/sets.json
check "a list of one's own is found" "$NAS" data get extra
check "and known sets stay" "$NAS" data list
rm -r data

# --- a whole way
set_of words good.zip "\"strip\": 1, \"bytes\": $(size good.zip), \"sha256\": \"$(sum good.zip)\""
check "a zip" get words
check "its files" equal "$(files data/words)" "./README ./go/a.wav ./go/b.wav "
words_sum=$(cksum <data/words/go/b.wav)
check "nothing else is left" nothing_but "words words.source.json "
said() { rm -r data && get words >said.txt 2>&1 && has 'licence: L' <said.txt && has '3 files, 300,009 bytes' <said.txt && has 'left out: 3 files' <said.txt; }
check "it says what it is and what was left out" said
again() { before=$(requests) && get words | has "is there already" && equal "$(requests)" "$before"; }
check "again does nothing" again
set_of tar good.tar.gz
check "a tar" get tar
check "its files, too" equal "$(files data/tar)" "./go/a.wav ./go/b.wav ./list.txt "
set_of table table.zip '"file": "table.csv"'
check "one file of an archive" get table
check "is a file" equal "$(cat data/table.csv)" "$(printf 'a,b\n1,2')"
set_of table table.zip '"file": "other.csv"' && rm data/table.csv
check "a file that is not in it" fails 1 "there is no file other.csv in it" get table
rm -rf data

# --- sums
set_of words good.zip "\"strip\": 1, \"sha256\": \"$(sum good.tar.gz)\""
check "a wrong sum is refused" fails 1 "$(sum good.zip)" get words
rm -rf data
wrong_sum() { ! get words >said.txt 2>&1 && has "and the list says" <said.txt && nothing_but "" ; }
check "both sums are shown, nothing is kept" wrong_sum
rm -rf data
set_of words good.zip '"strip": 1'
check "a sum that nobody knows" get words
check "is written down" has "\"sha256\": \"$(sum good.zip)\"" data/words.source.json
rm -r data/words
check "the same again" get words
rm -r data/words
cp served/good.zip kept.zip && cp served/table.zip served/good.zip
changed() { ! get words >said.txt 2>&1 && has "at the first download it was" <said.txt && [ ! -e data/words ] && nothing_but "words.source.json "; }
check "another file under its name is refused" changed
cp kept.zip served/good.zip
rm -rf data

# --- connections
set_of words once/100000/good.zip '"strip": 1'
: >log
check "a cut connection is taken up" get words
resumed() { equal "$(cat log)" "$(printf '/once/100000/good.zip \n/once/100000/good.zip 100000-')"; }
check "from where it was" resumed
get_whole() { equal "$(cksum <data/words/go/b.wav)" "$words_sum"; }
check "whole" get_whole
rm -rf data
set_of words cut/50000/good.zip "\"strip\": 1, \"bytes\": $(size good.zip)"
: >log
check "cut each time, it still comes to its end" get words
check "piece by piece" test "$(requests)" -gt 4
rm -rf data
set_of words plain/good.zip '"strip": 1'
check "a server that knows no ranges" get words
rm -rf data
set_of words long/good.zip '"strip": 1'
check "a length that is a lie" fails 1 "good.zip" get words
rm -rf data
set_of words good.zip '"strip": 1, "bytes": 77'
check "another length than the list's" fails 1 "the list says 77" get words
rm -rf data
set_of words busy/2/good.zip '"strip": 1'
kill $server; wait $server 2>/dev/null
"$TOOLS/http_server" served log >port.txt & server=$!
sleep 0.3
url=http://127.0.0.1:$(cat port.txt)
set_of words busy/2/good.zip '"strip": 1'
check "a busy server is asked again" get words
rm -rf data
set_of words status/404
absent() { ! get words >said.txt 2>&1 && has "status 404" <said.txt && [ ! -e data/words ]; }
check "a file that is not there" absent
set_of words to/$url/good.zip '"strip": 1'
check "a redirect" get words
rm -rf data
set_of words loop
endless() { ! get words >said.txt 2>&1 && has "more than 5 redirects" <said.txt; }
check "endless redirects" endless
set_of words "to/file://$work/served/good.zip" '"strip": 1'
elsewhere() { ! get words >said.txt 2>&1 && has "neither http nor https" <said.txt && [ ! -e data/words ]; }
check "a redirect to a file of this machine" elsewhere
printf '{"words": {"title": "t", "licence": "L", "strip": 1, "urls": ["http://127.0.0.1:9/x", "%s/good.zip"]}}' "$url" >list.json
second() { get words >said.txt 2>&1 && has "trying $url/good.zip" <said.txt; }
check "nobody there: the next address" second
rm -rf data
printf '{"words": {"title": "t", "licence": "L", "urls": ["http://127.0.0.1:9/x"]}}' >list.json
nobody() { ! get words >said.txt 2>&1 && has "http://127.0.0.1:9/x: " <said.txt; }
check "nobody at all" nobody
rm -rf data

# --- interrupted
set_of words slow/good.zip "\"strip\": 1, \"bytes\": $(size good.zip)"
interrupted() { # SIGNAL STATUS
    get words >said.txt 2>&1 &
    local pid
    sleep 1
    pid=$(pgrep -f "data get words --list list.json" | head -n 1)
    kill "-$1" "$pid"
    wait %% 2>/dev/null
    [ -s data/words.archive.part ] && [ ! -e data/words ]
}
at_once() { # two at a time
    get words >first.txt 2>&1 &
    local first=$!
    sleep 0.5
    get words >said.txt 2>&1
    local status=$?
    kill -INT $(pgrep -f "data get words --list list.json") 2>/dev/null
    wait $first
    cat said.txt
    [ $status = 1 ] && has "another process is at it" <said.txt
}
check "two at once" at_once
check "stopped half way" interrupted INT
check "it says how to go on" has "the same command goes on" said.txt
set_of words good.zip "\"strip\": 1, \"bytes\": $(size good.zip)"
rm -f data/words.archive.part.of
check "a part of another address is not believed" get words
rm -rf data
set_of words slow/good.zip "\"strip\": 1, \"bytes\": $(size good.zip)"
check "killed half way" interrupted KILL
kill $server; wait $server 2>/dev/null
check "with the server gone, the part stays" fails 1 "are kept" get words
mkdir -p data/words.unpacking/x
cp served/good.zip data/words.archive && rm -f data/words.archive.part*
set_of words good.zip "\"strip\": 1, \"bytes\": $(size good.zip)"
check "killed while unpacking: no server is needed" get words
check "and nothing of before is in it" equal "$(files data/words)" "./README ./go/a.wav ./go/b.wav "
rm -rf data

# --- archives that mean no good
"$TOOLS/http_server" served log >port.txt & server=$!
sleep 0.3
url=http://127.0.0.1:$(cat port.txt)
refused() { # FILE TEXT STRIP
    rm -rf data
    set_of bad "$1" "\"strip\": ${3:-1}, \"unpacked_bytes\": 1000000"
    get bad >said.txt 2>&1 && return 1
    cat said.txt
    has -F -- "$2" <said.txt && nothing_but "bad.source.json " && [ ! -e escaped ] && [ ! -e data/escaped ] && [ ! -e /tmp/nas_escaped ]
}
check "a path that leads out" refused up.tar.gz "leads out of the folder"
check "in a zip" refused up.zip "leads out of the folder"
check "an absolute path" refused absolute.tar.gz "is an absolute path"
check "a link, and a file through it" refused symlink.tar.gz "is a link"
check "a hard link" refused hardlink.tar.gz "is a link"
check "a device" refused device.tar.gz "neither a file nor a folder"
check "a pipe" refused fifo.tar.gz "neither a file nor a folder"
check "a bomb" refused bomb.tar.gz "more than 1000000 bytes come out of it"
check "a zipped one" refused bomb.zip "more than 1000000 bytes come out of it"
check "an entry that stands twice" refused twice.tar.gz "stands twice"
check "a name that steers the terminal" refused control.tar.gz "has a character that no name should have"
check "a file outside the folder" refused outside.zip "stands outside"
check "nothing in it" refused empty.tar.gz "has no file in it"
head -c 200000 served/good.tar.gz >served/short.tar.gz
check "a truncated tar" refused short.tar.gz "is no whole archive" 0
head -c 200000 served/good.zip >served/short.zip
check "a truncated zip" refused short.zip "is no whole archive"
{ head -c 100000 served/good.zip; printf 'XXXX'; tail -c +100005 served/good.zip; } >served/crc.zip
check "bytes that changed" refused crc.zip "is no whole archive"
head -c 100000 /dev/urandom >served/garbage.zip
check "no archive at all" refused garbage.zip "is no whole archive"

# --- room
rm -rf data
set_of words good.zip '"strip": 1, "unpacked_bytes": 900000000000000'
check "no room, known before" fails 1 "make room" get words
rm -rf data; mkdir small
if mount -t tmpfs -o size=400k none small 2>/dev/null; then
    full() { "$NAS" data get words --list list.json --into small >said.txt 2>&1; [ $? = 1 ] && cat said.txt && has "No space left" <said.txt && [ ! -e small/words ] && [ ! -e small/words.unpacking ]; }
    set_of words good.zip '"strip": 1'
    check "a device that fills up" full
    umount small
else
    echo "SKIPPED: a full device needs a mount"
fi

# --- who needs it
sed -e 's|"clips"|"data/mini_speech_commands"|' <<<"$(space needs 1 "accuracy > 0.1")" >needs.json
check "a run without its data names the command" fails 2 'nas data get mini_speech_commands` brings it (182,082,353 bytes)' "$NAS" run needs.json
close_tests
