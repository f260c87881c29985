#!/usr/bin/env bash
# Databases from somebody else, as the commands meet them: one message and an exit status, no other file touched, nothing that
# steers a terminal; and names of classes that would shift lines.
. tests/lib.sh

change() { # DB STATEMENTS: in a file that sqlite3 does not defend
    python3 - "$1" "$2" <<'PY'
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.executescript(sys.argv[2])
c.commit()
c.close()
PY
}
cat >f.json <<'JSON'
{ "schema": 1, "name": "f", "task": { "kind": "test_function", "function": "rosenbrock" },
  "point": { "x1": { "choice": [0.1, 0.5, 0.9] }, "x2": { "choice": [0.2, 0.7] } },
  "search": { "sampler": "grid", "trials": 4 } }
JSON
sed 's/"name": "f"/"name": "g"/' f.json >g.json
space live 2 "zlib_bytes < 100000" >live.json
check "a study of a formula" says_of 0 "winner" "$NAS" run f.json --db f.db --workers 1 --out f_best
check "a study of clips" says_of 0 "winner" "$NAS" run live.json --db live.db --workers 1 --out live_best
python3 -c "
import sqlite3
c = sqlite3.connect('victim.db')
c.execute('create table secret(a)')
c.execute('insert into secret values(?)', ('mine',))
c.commit()"
cp victim.db victim.before

# --- SQL in names
evil="number\" FROM f); ATTACH '$work/victim.db' AS p; UPDATE p.secret SET a = 'taken'; COMMIT; VACUUM INTO '$work/made.db'; --"
cp f.db evil.db
change evil.db "update nas_columns set name = '${evil//\'/\'\'}' where kind = 'metric' and name = 'infer_ms'"
for command in "show evil.db" "show evil.db 0" "top evil.db" "export evil.db -o x" "compare evil.db" "verify evil.db 0" "copy evil.db c.db" "run f.json --db evil.db --out x" "run g.json --db evil.db --out x"; do
    # shellcheck disable=SC2086
    check "SQL in a name: $command" says 2 "evil.db: damaged: nas_columns" "$NAS" $command
done
check "also when asked" says 2 "evil.db: damaged" "$NAS" sql evil.db "select 1"
check "no other file is touched" cmp victim.db victim.before
check "and none made" test ! -e made.db

# --- empty tables, and what is foreign
for table in nas_columns nas_studies nas_spaces nas_goals; do
    cp live.db gone.db
    change gone.db "delete from $table"
    check "without $table: show" bash -c "'$NAS' show gone.db 0 >out.log 2>&1; [ \$? = 2 ] && grep -q gone.db out.log"
    check "without $table: export" bash -c "'$NAS' export gone.db --trial 0 -o x >out.log 2>&1; [ \$? = 2 ] && [ ! -e x ]"
done
for table in nas_artefacts nas_epochs nas_stages nas_steps nas_answers nas_claims nas_examples; do
    cp live.db gone.db
    change gone.db "delete from $table"
    check "without $table: shown" bash -c "'$NAS' show gone.db 0 >out.log 2>&1; [ \$? -le 2 ]"
done
cp live.db t.db
change t.db "create trigger evil after update on nas_trials_1 begin delete from nas_epochs; end"
check "a trigger" says 2 'trigger "evil" on nas_trials_1, which would run with what nas writes' "$NAS" top t.db
check "also before a run" says 2 'trigger "evil"' "$NAS" run live.json --db t.db --out x
cp live.db t.db
change t.db "create table mine(a); create view my_best as select * from live_best"
check "people's own are left" equal "$("$NAS" sql t.db "select count(*) from my_best" --csv | tail -n 1)" 1
check "and a run goes on" says_of 0 "winner" "$NAS" run live.json --db t.db --trials 2 --workers 1 --out t_best

# --- numbers and texts that are none
cp f.db t.db
change t.db "update nas_trials_1 set number = 9223372036854775807 where number = 2"
check "verify comes to an end" bash -c "timeout 60 '$NAS' verify t.db --all >out.log 2>&1; [ \$? -le 3 ]"
change t.db "update nas_trials_1 set number = 'abc' where number = 1"
check "also with a number that is a text" bash -c "timeout 60 '$NAS' verify t.db --all >out.log 2>&1; [ \$? = 2 ]"
check "a row whose text is long" bash -c "cp f.db t.db; python3 -c \"
import sqlite3
c = sqlite3.connect('t.db')
c.execute('update nas_trials_1 set worker = ?, machine = ?', ('w' * 3000000, 'm' * 3000000))
c.commit()\"; '$NAS' show t.db 0 >/dev/null"
cp live.db t.db
change t.db "update nas_artefacts set content = cast('go' || char(0) || x'0a' as blob) where name = 'labels.txt'"
check "a text with a 0 in it" says 2 "the stored labels.txt is damaged" "$NAS" export t.db --trial 0 -o x

# --- what steers a terminal
cp live.db t.db
change t.db "update nas_trials_1 set reason = char(27) || '[2J' || char(155) || 'x' || char(8238), worker = char(27) || ']0;t' || char(7), machine = 'm' || char(13), state = 'rejected' where number = 0; update nas_bounds set text = char(27) || '[31m'; insert into nas_warnings values(1, 1, 99, 'w' || char(27) || '[1m', 0)"
plain() { # COMMAND...: no byte of its output is a control character but line ends, nor C1 or U+202E
    "$@" >raw.txt 2>&1
    ! LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' raw.txt
}
for command in "show t.db" "show t.db 0" "show t.db 1" "top t.db --all" "compare t.db" "export t.db --trial 0 -o x"; do
    # shellcheck disable=SC2086
    check "escaped: $command" plain "$NAS" $command
done
check "escaped: sql" plain "$NAS" sql t.db "select reason, worker, machine from live"
check "and told" bash -c "'$NAS' sql t.db 'select reason from live where number = 0' | grep -qF '\\x1b[2J\\u009bx\\u202e'"
check "escaped: sql --json" plain "$NAS" sql t.db "select reason, worker, machine from live" --json
check "which reads back" python3 -c "
import json, subprocess
v = json.loads(subprocess.run(['$NAS', 'sql', 't.db', 'select reason from live where number = 0', '--json'], capture_output=True).stdout)
assert v == [{'reason': '\x1b[2J\x9bx\u202e'}], v"
check "CSV in a pipe is exact" bash -c "'$NAS' sql t.db 'select worker from live where number = 0' --csv | tail -n 1 | cmp - <(printf '\\033]0;t\\007\\n')"
check "on a terminal it is not" python3 -c "
import os, pty, sys
out = b''
def read(fd):
    global out
    data = os.read(fd, 65536)
    out += data
    return data
pty.spawn(['$NAS', 'sql', 't.db', 'select worker from live where number = 0', '--csv'], read, lambda fd: b'')
assert b'\x1b' not in out and b'\\\\x1b]0;t' in out, out"

# --- class names that are more than a line
cp -r clips odd
mv odd/go "$(printf 'odd/g\no')"
sed 's/"data": "clips", "labels": \["go", "stop", "yes"\]/"data": "odd"/' live.json >odd.json
check "a class folder with a line feed" says 2 'the class folder "g\no" has a line break or another control character in its name' "$NAS" run odd.json --db odd.db --out x
mv "$(printf 'odd/g\no')" "$(printf 'odd/go\r')"
check "with a carriage return" says 2 'the class folder "go\r"' "$NAS" run odd.json --db odd.db --out x
sed 's/"go", "stop"/"g\\no", "stop"/' live.json >odd.json
check "named in the space file" says 2 "expected the name of a class folder" "$NAS" run odd.json --db odd.db --out x
close_tests
