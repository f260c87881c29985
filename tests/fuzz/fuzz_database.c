/* tests/fuzz/fuzz_database.c - libFuzzer target: databases that somebody crafted. Made at the
 * start: small ones as a run leaves them. The input says which, and what is done to it: statements
 * that change rows, types, names and the schema, or bytes of its pages. Then it is opened, read as
 * the commands read it, copied, exported, and a run of it begins. Nothing but the database, its
 * copy and the export may come or change. */
#include "search/estimate/compare.h"
#include "search/run/run.h"
#include "search/study/export.h"
#include "search/study/study.h"
#include "search/task/task.h"
#include "store/file.h"
#include "store/store.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <sys/stat.h>

enum { BASES = 3, PAGE = 4096, MOST_FILE = 1 << 20, CHANGES = 6 };

static char folder[96], db[128], victim[128], target[128], out[128];
static struct {
    uint8_t *bytes;
    size_t n;
} base[BASES];

static const nas_column params[] = {{"train_epochs", NAS_COLUMN_INTEGER},
                                    {"quantize", NAS_COLUMN_TEXT}};
static const nas_column metrics[] = {{"accuracy", NAS_COLUMN_REAL},
                                     {"test_accuracy", NAS_COLUMN_REAL},
                                     {"zlib_bytes", NAS_COLUMN_INTEGER}};
static const nas_bound bounds[] = {{"zlib_bytes < 25000", "zlib_bytes", NAS_BELOW, 25000}};
static const nas_goal goals[] = {{"accuracy", NAS_MAXIMIZE}, {"zlib_bytes", NAS_MINIMIZE}};

static nas_study study_of(const char *name, const char *task, int32_t n_goals) {
    return (nas_study){
        .name = name,
        .task = task,
        .space_text = "{\"name\": \"f\"}",
        .space_hash = nas_hash_of("space", 5),
        .fingerprint = nas_hash_of("data", 4),
        .seed = 7,
        .trials = 20,
        .confidence = 0.95,
        .n_params = 2,
        .n_metrics = 3,
        .n_bounds = 1,
        .n_goals = n_goals,
        .params = params,
        .metrics = metrics,
        .bounds = bounds,
        .goals = goals,
        .tie_break = "zlib_bytes",
    };
}

static nas_status pick(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                       nas_picked *picked, nas_err *err) {
    (void)ctx, (void)err;
    values[0] = (nas_value){.type = NAS_COLUMN_INTEGER, .integer = number};
    values[1] = (nas_value){.type = NAS_COLUMN_TEXT, .text = number % 2 ? "int8" : "none"};
    picked->candidate = nas_hash_of(&number, sizeof number);
    picked->json = "{\"task\": {\"kind\": \"test_function\"}, \"point\": {\"x1\": 0.5}}";
    ++*cursor;
    return NAS_OK;
}

static void finish_one(nas_store *s, nas_study_id id, nas_arena *a, int i, bool leave) {
    static const uint8_t right[] = {0x5a, 0x03}, class[10] = {1, 0, 1}, share[10] = {200, 9};
    static const char labels[] = "go\nno\n";
    const nas_epoch_row epoch = {1, 10, 0.5, 0.6, 0.7, 0.1};
    const nas_stage_row stage = {"train", nas_hash_of("k", 1), false, 0.5, 0.4};
    const nas_step_row step = {"quantised", 0.9, 2000, 1000};
    const nas_artefact files[] = {{"candidate.json", "{}\n", 3},
                                  {"labels.txt", labels, sizeof labels - 1},
                                  {"frontend.json", "{}\n", 3},
                                  {"model.tflite", right, sizeof right}};
    const nas_answers said = {.part = "validation",
                              .examples = 10,
                              .score = 0.8,
                              .right = right,
                              .predicted = class,
                              .share = share};
    nas_err err = {0};
    nas_claim c;
    nas_claimed what;
    const char *json;
    const nas_value v[] = {{.type = NAS_COLUMN_REAL, .real = 0.5 + 0.05 * i},
                           {.is_null = true},
                           {.type = NAS_COLUMN_INTEGER, .integer = 1000 * (i + 1)}};
    const nas_result r = {.state = i == 2 ? NAS_REJECTED : NAS_COMPLETE,
                          .reason = i == 2 ? "zlib_bytes" : NULL,
                          .metrics = v,
                          .machine = "cpu, avx2",
                          .seconds = 1,
                          .answers = &said,
                          .n_epochs = 1,
                          .n_stages = 1,
                          .n_steps = 1,
                          .n_artefacts = 4,
                          .epochs = &epoch,
                          .stages = &stage,
                          .steps = &step,
                          .artefacts = files};
    fuzz_demand(nas_store_claim(s, id, "w 1 2", pick, NULL, a, &c, &json, &what, &err) == NAS_OK &&
                    what == NAS_CLAIMED,
                "a claim", &err);
    if (leave) return;
    fuzz_demand(nas_store_finish(s, id, &c, "w 1 2", &r, &err) == NAS_OK, "an end", &err);
}

/* leave: the last trial is left running. */
static void fill(const nas_study *def, nas_arena *a, bool leave) {
    nas_err err = {0};
    nas_store *s;
    nas_study_id id;
    static const nas_example rows[] = {
        {.part = "validation", .name = "go/a", .class = "go", .group = "p", .fold = -1},
        {.part = "validation", .name = "go/b", .class = "no", .group = "q", .fold = -1}};
    const nas_claim_row claim = {1, 0.9, 3, 0.8, 0.7, 0.6, 0.5, 0.9, 0.5, 0.95};
    fuzz_demand(nas_store_open(db, NAS_STORE_CREATE, &s, &err) == NAS_OK, "a database", &err);
    fuzz_demand(nas_store_study(s, def, &id, &err) == NAS_OK, "a study", &err);
    fuzz_demand(nas_store_put_examples(s, id, rows, 2, &err) == NAS_OK, "examples", &err);
    for (int i = 0; i < 5; i++) finish_one(s, id, a, i, leave && i == 4);
    fuzz_demand(nas_store_put_claims(s, id, &claim, 1, &err) == NAS_OK, "claims", &err);
    fuzz_demand(nas_store_put_warning(s, id, "a warning", &err) == NAS_OK, "a warning", &err);
    nas_store_close(s);
}

static void remove_db(void) {
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    char path[160];
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", db, tails[i]);
        unlink(path);
    }
}

static void keep(int i) {
    FILE *f = fopen(db, "rb");
    base[i].bytes = malloc(MOST_FILE);
    if (!f || !base[i].bytes) abort();
    base[i].n = fread(base[i].bytes, 1, MOST_FILE, f);
    fclose(f);
    remove_db();
}

static void write_victim(void) {
    sqlite3 *v;
    unlink(victim);
    if (sqlite3_open(victim, &v) != SQLITE_OK ||
        sqlite3_exec(v, "CREATE TABLE secret(a); INSERT INTO secret VALUES('mine')", NULL, NULL,
                     NULL) != SQLITE_OK)
        abort();
    sqlite3_close(v);
}

static void prepare(void) {
    static nas_arena *a;
    nas_err err = {0};
    if (a) return;
    fuzz_demand(nas_arena_open(&a, &err) == NAS_OK, "memory", &err);
    snprintf(folder, sizeof folder, "%.40s/nas-fuzz-%d",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
    fuzz_demand(mkdir(folder, 0700) == 0, "a folder", NULL);
    snprintf(db, sizeof db, "%s/t.db", folder);
    snprintf(victim, sizeof victim, "%s/v.db", folder);
    snprintf(target, sizeof target, "%s/c.db", folder);
    snprintf(out, sizeof out, "%s/out", folder);
    nas_study def = study_of("kws", "keywords", 1);
    fill(&def, a, true);
    keep(0);
    def = study_of("f", "test_function", 2);
    fill(&def, a, true);
    keep(1);
    def = study_of("kws", "keywords", 1);
    fill(&def, a, false);
    def.space_hash = nas_hash_of("other", 5);
    fill(&def, a, false);
    def = study_of("f", "test_function", 1);
    fill(&def, a, true);
    keep(2);
    write_victim();
}

/* What the input says, read from its front; 0 behind its end. */
typedef struct words {
    const uint8_t *p;
    size_t n;
} words;

static unsigned byte(words *w) {
    if (!w->n) return 0;
    w->n--;
    return *w->p++;
}

static unsigned two(words *w) {
    const unsigned high = byte(w);
    return high << 8 | byte(w);
}

/* Pieces that statements are made of: %t a table, %c a column, %v a value, %n a study's number. */
static const char *const changes[] = {
    "UPDATE %t SET %c = %v",
    "UPDATE %t SET %c = %v WHERE rowid = %n",
    "DELETE FROM %t",
    "UPDATE nas_studies SET %c = %v",
    "UPDATE nas_columns SET %c = %v WHERE position = %n",
    "UPDATE nas_trials_1 SET %c = %v WHERE id = %n",
    "UPDATE nas_answers SET %c = %v",
    "UPDATE nas_artefacts SET content = %v WHERE name = 'labels.txt'",
    "INSERT INTO %t SELECT * FROM %t LIMIT %n",
    "INSERT OR REPLACE INTO nas_studies SELECT %v, name || 'x', task, fingerprint, seed, trials,"
    " version, tie_break, created, confidence, examples, prefers, kernel, at_work FROM nas_studies",
    "DROP TABLE %t",
    "DROP VIEW kws",
    "DROP INDEX nas_trials_1_state",
    "CREATE VIEW nas_x AS SELECT %v",
    "CREATE VIEW mine AS SELECT * FROM %t",
    "CREATE TABLE nas_trials_9(a CHECK (a > abs(%v)))",
    "CREATE TABLE mine(a, b AS (a || %v))",
    "ALTER TABLE %t ADD COLUMN extra AS (abs(%n))",
    "ALTER TABLE %t ADD COLUMN extra TEXT DEFAULT %v",
    "ALTER TABLE %t ADD COLUMN extra TEXT COLLATE NOCASE",
    "CREATE INDEX mine_1 ON nas_trials_1(abs(number))",
    "CREATE INDEX mine_2 ON nas_trials_1(number) WHERE abs(number) > %n",
    "CREATE INDEX mine_3 ON nas_trials_1(state COLLATE NOCASE)",
    "CREATE UNIQUE INDEX mine_4 ON %t(%c)",
    "CREATE TRIGGER mine AFTER UPDATE ON %t BEGIN DELETE FROM %t; END",
    "CREATE TRIGGER mine AFTER INSERT ON nas_trials_1 BEGIN UPDATE nas_studies SET name = %v; END",
    "DROP TRIGGER nas_front_1_add; CREATE TRIGGER nas_front_1_add AFTER UPDATE ON nas_trials_1"
    " BEGIN UPDATE nas_studies SET name = 'taken'; END",
    "DROP TRIGGER nas_front_1_add; CREATE TRIGGER nas_front_1_add AFTER UPDATE ON nas_trials_1"
    " BEGIN DELETE FROM nas_front_1; INSERT INTO nas_front_1 SELECT hex(zeroblob(%n)); END",
    "DROP VIEW kws; CREATE VIEW kws AS SELECT * FROM nas_trials_1 a, nas_trials_1 b, nas_epochs",
    "DROP VIEW kws_best; CREATE VIEW kws_best AS SELECT %v AS id, %v AS number, 'complete' AS"
    " state",
    "DROP VIEW kws; CREATE TABLE kws(id, number, state, reason, accuracy)",
    "DROP VIEW nas_progress; CREATE VIEW nas_progress AS SELECT %v AS study, %v AS state, %v AS"
    " trials",
    "PRAGMA user_version = %n",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = %v WHERE name = '%t'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET type = %v WHERE rowid = %n",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET name = %v WHERE rowid = %n",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = %n WHERE name = '%t'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, 'INTEGER',"
    " 'INTEGER CHECK (abs(1))') WHERE name = '%t'",
    "PRAGMA writable_schema = ON; INSERT INTO sqlite_master VALUES('table', 'mine', 'mine', 0,"
    " 'CREATE TRIGGER mine AFTER UPDATE ON nas_trials_1 BEGIN DELETE FROM nas_studies; END')",
    "PRAGMA writable_schema = ON; INSERT INTO sqlite_master VALUES('table', 'mine', 'mine', 0,"
    " 'CREATE VIRTUAL TABLE mine USING fts5(a)')",
    "PRAGMA writable_schema = ON; INSERT INTO sqlite_master VALUES(%v, %v, %v, %n, %v)",
    "CREATE VIRTUAL TABLE mine USING fts5(a)",
    "ANALYZE; UPDATE sqlite_stat1 SET stat = %v",
    "PRAGMA encoding = 'UTF-16le'; VACUUM",
    "PRAGMA journal_mode = DELETE",
};

static const char *const tables[] = {
    "nas_studies",  "nas_spaces",    "nas_columns", "nas_bounds",   "nas_goals",    "nas_epochs",
    "nas_stages",   "nas_artefacts", "nas_steps",   "nas_examples", "nas_answers",  "nas_claims",
    "nas_warnings", "nas_trials_1",  "nas_front_1", "nas_trials_2", "sqlite_master"};

static const char *const columns[] = {
    "id",        "name",       "task",       "fingerprint", "seed",      "trials",    "version",
    "tie_break", "created",    "confidence", "examples",    "kernel",    "at_work",   "study",
    "hash",      "text",       "cursor",     "exhausted",   "data",      "kind",      "position",
    "type",      "stored",     "\"column\"", "op",          "bound",     "maximize",  "trial",
    "epoch",     "content",    "bytes",      "part",        "replicate", "score",     "\"right\"",
    "share",     "error",      "number",     "state",       "attempt",   "candidate", "json",
    "accuracy",  "zlib_bytes", "reused",     "heartbeat",   "worker",    "predicted", "fold",
    "example",   "\"group\"",  "class",      "place",       "wins",      "reads"};

static const char *const values[] = {
    "NULL",
    "0",
    "1",
    "2",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "1e999",
    "-1e999",
    "0.5",
    "1e300",
    "''",
    "'x'",
    "'complete'",
    "'running'",
    "'waiting'",
    "'INTEGER'",
    "'TEXT'",
    "'metric'",
    "x''",
    "x'00ff'",
    "zeroblob(5)",
    "zeroblob(100000)",
    "char(27) || '[2J'",
    "char(10) || 'a'",
    "'a' || char(0) || 'b'",
    "x'c328'",
    "'../../x'",
    "'/tmp/x'",
    "'number\" FROM kws); ATTACH ''v.db'' AS p; UPDATE p.secret SET a = ''taken''; --'",
    "'a\" FROM nas_studies; VACUUM INTO ''made.db''; --'",
    "'x) , load_extension(''x'')'",
    "'accuracy'",
    "'zlib_bytes'",
    "'kws'",
    "'f'",
    "'trials'",
    "'nas_trials_1'",
    "'%s%n%n'",
    "'CREATE TABLE nas_goals(a)'",
    "'trigger'",
    "'view'",
    "(SELECT group_concat(name, name) FROM nas_columns)",
    "hex(randomblob(2000))",
    "'>'",
    "'=='",
    "'> 0 OR 1'",
    "4294967297",
    "2147483648",
    "-2147483649",
    "255",
    "3",
    "1000000"};

#define ONE(list, w) list[two(w) % (sizeof list / sizeof *list)]

static void change(sqlite3 *s, words *w) {
    char sql[4096];
    size_t n = 0;
    const char *const how = ONE(changes, w);
    for (const char *p = how; *p && n < sizeof sql - 512; p++) {
        if (*p != '%')
            sql[n++] = *p;
        else if (*++p == 't')
            n += (size_t)snprintf(sql + n, 512, "%s", ONE(tables, w));
        else if (*p == 'c')
            n += (size_t)snprintf(sql + n, 512, "%s", ONE(columns, w));
        else if (*p == 'v')
            n += (size_t)snprintf(sql + n, 512, "%s", ONE(values, w));
        else
            n += (size_t)snprintf(sql + n, 512, "%d", (int)(int8_t)byte(w));
    }
    sql[n] = '\0';
    sqlite3_exec(s, sql, NULL, NULL, NULL);
}

static void by_statements(words *w) {
    sqlite3 *s;
    if (sqlite3_open(db, &s) != SQLITE_OK) abort();
    sqlite3_db_config(s, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    sqlite3_db_config(s, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, byte(w) % 4 == 0, NULL);
    sqlite3_exec(s, "PRAGMA ignore_check_constraints = 1; PRAGMA foreign_keys = 0", NULL, NULL,
                 NULL);
    for (int i = 0; i < CHANGES && w->n; i++) change(s, w);
    sqlite3_close(s);
}

static void by_bytes(words *w, uint8_t *file, size_t n) {
    while (w->n >= 5) {
        const unsigned how = byte(w);
        const size_t at = ((size_t)two(w) * PAGE / 16 + two(w)) % n;
        const unsigned v = byte(w);
        for (size_t i = at; i < n && i <= at + how % 8; i++)
            file[i] = (uint8_t)(v + (i - at) * (how >> 7));
    }
}

static void write_db(const void *bytes, size_t n) {
    FILE *f = fopen(db, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0) abort();
}

static bool take_row(void *ctx, const nas_row *row) {
    unsigned *sum = ctx;
    for (int32_t i = 0; row->values && i < row->n; i++) {
        const nas_value *v = &row->values[i];
        if (!v->is_null && v->type == NAS_COLUMN_TEXT) *sum += (unsigned)strlen(v->text);
        *sum += (unsigned)strlen(row->names[i]);
    }
    return ++*sum % 64 != 0;
}

static bool take_answers(void *ctx, int64_t row, int64_t number, const nas_answers *a) {
    unsigned *sum = ctx;
    (void)row, (void)number;
    for (int32_t i = 0; a->right && i < (a->examples + 7) / 8; i++) *sum += a->right[i];
    for (int32_t i = 0; a->share && i < a->examples; i++) *sum += a->share[i];
    return true;
}

static bool take_warning(void *ctx, const char *text) {
    *(unsigned *)ctx += (unsigned)strlen(text);
    return true;
}

static void ask(nas_store *s, const char *sql, unsigned *sum) {
    nas_err err = {0};
    (void)fuzz_taken(nas_store_query(s, sql, NULL, 0, take_row, sum, &err), &err);
}

static bool exports;

static void read_study(nas_store *s, const char *name, int64_t version, nas_arena *a) {
    static const char *const endings[] = {"", "_feasible", "_best", "_pareto", "_warnings"};
    nas_err err = {0};
    nas_study def;
    nas_study_id id;
    unsigned sum = 0;
    if (!fuzz_taken(nas_store_find_version(s, name, version, a, &def, &id, &err), &err)) return;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char view[160], sql[256];
        nas_view_name(def.name, endings[i], view);
        snprintf(sql, sizeof sql, "select * from %s", view);
        ask(s, sql, &sum);
    }
    ask(s, "select * from trials", &sum);
    ask(s, "select * from studies", &sum);
    ask(s, "select * from nas_progress", &sum);
    ask(s, "select * from nas_verdicts", &sum);
    (void)fuzz_taken(nas_store_answers(s, id, 0, "validation", take_answers, &sum, &err), &err);
    (void)fuzz_taken(nas_store_warnings(s, id, take_warning, &sum, &err), &err);
    for (int64_t row = 1; row < 4; row++) {
        const double *metric;
        nas_state state;
        (void)fuzz_taken(nas_study_stored(s, &def, row, &state, a, &metric, &err), &err);
        /* A shortest stream takes a tenth of a second, whatever it is of. */
        if (row == 1 && exports)
            (void)fuzz_taken(nas_export_trial(s, id, &def, row, out, &err), &err);
    }
}

/* As `nas show`, top, sql, export, verify and copy come to it. */
static void as_reader(nas_arena *a) {
    nas_err err = {0};
    nas_store *s;
    if (!fuzz_taken(nas_store_open(db, NAS_STORE_READ, &s, &err), &err)) return;
    read_study(s, NULL, 0, a);
    read_study(s, "kws", 1, a);
    if (exports) (void)fuzz_taken(nas_store_copy(s, target, true, &err), &err);
    nas_store_close(s);
}

static bool is_dead(void *ctx, const char *worker, double silent) {
    (void)ctx;
    return strlen(worker) + (silent > 0) > 0;
}

/* As a run begins: the study of that name joined, or another one made beside it. */
static void as_writer(const char *name, nas_arena *a) {
    nas_err err = {0};
    nas_store *s;
    nas_study_id id;
    nas_claim c;
    nas_claimed what;
    nas_holder h;
    const char *json;
    int32_t n;
    nas_study def = study_of(name, "keywords", 2);
    if (!fuzz_taken(nas_store_check(db, &err), &err)) return;
    if (!fuzz_taken(nas_store_open(db, NAS_STORE_WRITE, &s, &err), &err)) return;
    if (fuzz_taken(nas_store_study(s, &def, &id, &err), &err)) {
        (void)fuzz_taken(nas_store_at_work(s, id, true, &err), &err);
        (void)fuzz_taken(nas_store_reap(s, id, 1, "why", is_dead, NULL, &n, &err), &err);
        if (fuzz_taken(nas_store_claim(s, id, "w", pick, NULL, a, &c, &json, &what, &err), &err) &&
            what == NAS_CLAIMED) {
            const nas_value v[] = {{.type = NAS_COLUMN_REAL, .real = 0.99},
                                   {.is_null = true},
                                   {.type = NAS_COLUMN_INTEGER, .integer = 3}};
            const nas_result r = {.state = NAS_COMPLETE, .metrics = v};
            (void)fuzz_taken(c.reuse ? nas_store_reuse(s, id, &c, "w", &err)
                                     : nas_store_finish(s, id, &c, "w", &r, &err),
                             &err);
        }
        (void)fuzz_taken(nas_store_holder(s, id, "model.tflite", "x", 1, &h, &err), &err);
        (void)fuzz_taken(nas_store_at_work(s, id, false, &err), &err);
    }
    nas_store_close(s);
}

/* Names that are ours to make; anything else in the folder is a way out. */
static void look_around(const void *before, size_t n) {
    static const char *const ours[] = {".",        "..",   "t.db", "t.db-wal",
                                       "t.db-shm", "v.db", "c.db", "out"};
    DIR *d = opendir(folder);
    uint8_t now[16384];
    if (!d) abort();
    for (struct dirent *e; (e = readdir(d));) {
        bool known = false;
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
            known |= !strcmp(e->d_name, ours[i]);
        fuzz_demand(known, e->d_name, NULL);
    }
    closedir(d);
    FILE *f = fopen(victim, "rb");
    fuzz_demand(f && fread(now, 1, sizeof now, f) == n && memcmp(now, before, n) == 0,
                "another file was changed", NULL);
    fclose(f);
}

static size_t read_victim(void *bytes, size_t room) {
    FILE *f = fopen(victim, "rb");
    if (!f) abort();
    const size_t n = fread(bytes, 1, room, f);
    fclose(f);
    return n;
}

/* Of each statement and each value one. */
static void write_seeds(const char *to) {
    enum { STATEMENTS = sizeof changes / sizeof *changes, VALUES = sizeof values / sizeof *values };
    for (int i = 0; i < STATEMENTS + VALUES; i++) {
        char path[256];
        const bool value = i >= STATEMENTS;
        const uint8_t at = (uint8_t)(i % 50), v = (uint8_t)(value ? i - STATEMENTS : i);
        const uint8_t bytes[] = {(uint8_t)(0x10 + i % 3),
                                 1,
                                 0,
                                 (uint8_t)(value ? 0 : i),
                                 0,
                                 (uint8_t)(i % 13),
                                 0,
                                 at,
                                 0,
                                 v,
                                 1,
                                 2};
        snprintf(path, sizeof path, "%s/%d", to, i);
        FILE *f = fopen(path, "wb");
        if (!f || fwrite(bytes, 1, sizeof bytes, f) != sizeof bytes || fclose(f) != 0) abort();
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    const char *to = getenv("FUZZ_SEEDS");
    if (to) write_seeds(to);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static uint8_t before[16384];
    static size_t victim_bytes;
    words w = {data, n};
    nas_arena *a;
    nas_err err = {0};
    prepare();
    if (!victim_bytes) victim_bytes = read_victim(before, sizeof before);
    const unsigned first = byte(&w);
    const int which = (int)(first % BASES);
    uint8_t *file = malloc(base[which].n);
    if (!file || nas_arena_open(&a, &err) != NAS_OK) abort();
    memcpy(file, base[which].bytes, base[which].n);
    if (first & 0x40) by_bytes(&w, file, base[which].n);
    remove_db();
    unlink(target);
    write_db(file, first & 0x20 ? base[which].n * (byte(&w) + 1) / 256 : base[which].n);
    if (!(first & 0x40)) by_statements(&w);
    exports = byte(&w) % 8 == 1;
    as_reader(a);
    exports = false;
    as_writer(first & 0x10 ? "kws" : "other", a);
    as_reader(a);
    look_around(before, victim_bytes);
    nas_arena_close(a);
    free(file);
    return 0;
}
