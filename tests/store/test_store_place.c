/* tests/store/test_store_place.c - the contract of store/store.h: the file that a database is, its
 * names, what becomes of it when somebody removes or replaces it, and readers that take long. */
#include "store/file.h"
#include "store/sqlite/sqlite.h"
#include "tests/store_place.h"

#include <sys/stat.h>
#include <unistd.h>

static const char *beside(place *p, const char *name) {
    return nas_arena_format(p->arena, &p->err, "%s/%s", p->dir, name);
}

static bool is_there(place *p, const char *name) {
    return access(beside(p, name), F_OK) == 0;
}

/* ---- names ---- */

static void test_link_is_refused(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 5);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    nas_store_close(s);
    assert_int_equal(link(p->db, beside(p, "second.db")), 0);
    FAILS(NAS_EINVAL, nas_store_check_names(p->db, &p->err));
    FAILS(NAS_EINVAL, nas_store_open(p->db, NAS_STORE_WRITE, &s, &p->err));
    SAYS("is one of 2 names");
    SAYS("--one-name");
    FAILS(NAS_EINVAL, nas_store_open(p->db, NAS_STORE_CREATE, &s, &p->err));
    assert_int_equal(files_in(p), 2);
    s = open_db(p, NAS_STORE_READ);
    nas_store_close(s);
    const nas_store_place any = {.any_name = true};
    OK(nas_store_open_at(p->db, NAS_STORE_WRITE, &any, &s, &p->err));
    add(p, s, id, 0.9, 1, "complete");
    nas_store_close(s);
    assert_int_equal(unlink(beside(p, "second.db")), 0);
    OK(nas_store_check_names(p->db, &p->err));
    s = open_db(p, NAS_STORE_WRITE);
    nas_store_close(s);
}

static void test_link_during_work(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 5);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    nas_claim c;
    const char *json;
    claim_as(p, s, id, "w", &c, &json);
    assert_int_equal(link(p->db, beside(p, "second.db")), 0);
    const nas_value m[3] = {real(0.9), integer(1), real(1)};
    const nas_result r = {.state = NAS_COMPLETE, .metrics = m};
    FAILS(NAS_EMOVED, nas_store_finish(s, id, &c, "w", &r, &p->err));
    SAYS("got another name");
    nas_store_close(s);
}

/* SQLite follows the link: -wal and -shm lie beside the file itself. */
static void test_symbolic_link_is_fine(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 5);
    nas_study_id id, again;
    nas_store *a = start(p, &def, &id), *b = NULL;
    assert_int_equal(mkdir(beside(p, "sub"), 0755), 0);
    const char *link = beside(p, "sub/link.db");
    assert_int_equal(symlink("../t.db", link), 0);
    OK(nas_store_open(link, NAS_STORE_CREATE, &b, &p->err));
    OK(nas_store_study(b, &def, &again, &p->err));
    add(p, b, id, 0.9, 1, "complete");
    add(p, a, id, 0.9, 1, "complete");
    assert_string_equal(ask(p, a, "SELECT count(*) FROM kws"), "2");
    assert_true(is_there(p, "t.db-wal"));
    assert_false(is_there(p, "sub/link.db-wal"));
    nas_store_close(a);
    nas_store_close(b);
}

static void test_points_of_mounts(void **state) {
    place *p = *state;
    char text[] = "36 35 98:0 / / rw - ext4 /dev/a rw\n"
                  "40 36 98:0 /run.db /data/a\\040b\\012c.db rw,noatime - ext4 /dev/a rw\n";
    FILE *f = fmemopen(text, sizeof text - 1, "r");
    assert_non_null(f);
    assert_true(nas_place_is_mounted(f, "/data/a b\nc.db"));
    rewind(f);
    assert_false(nas_place_is_mounted(f, "/data/a b\nc.d"));
    rewind(f);
    assert_false(nas_place_is_mounted(f, "/data/a b\nc.db2"));
    fclose(f);
    OK(nas_store_check_names(p->db, &p->err)); /* none there */
}

static void test_long_path(void **state) {
    place *p = *state;
    char *path = nas_arena_format(p->arena, &p->err, "%s/%0250d/", p->dir, 0), *deep;
    nas_store *s = NULL;
    OK(nas_dir_make(path, &p->err));
    deep = nas_arena_format(p->arena, &p->err, "%s%0200d.db", path, 0);
    OK(nas_store_open(deep, NAS_STORE_CREATE, &s, &p->err));
    nas_store_close(s);
    deep = nas_arena_format(p->arena, &p->err, "%s%0240d.db", path, 0);
    FAILS(NAS_EINVAL, nas_store_check(deep, &p->err));
    FAILS(NAS_EINVAL, nas_store_open(deep, NAS_STORE_CREATE, &s, &p->err));
    SAYS("bytes from the root on");
}

/* ---- removed and replaced ---- */

static void finish_lost(place *p, nas_store *s, nas_study_id id, const char *why) {
    nas_claim c;
    const char *json;
    nas_claimed what;
    grid g = {.points = 1000};
    const nas_value m[3] = {real(0.9), integer(1), real(1)};
    const nas_result r = {.state = NAS_COMPLETE, .metrics = m};
    FAILS(NAS_EMOVED, nas_store_claim(s, id, "w", pick, &g, p->arena, &c, &json, &what, &p->err));
    SAYS(why);
    FAILS(NAS_EMOVED, nas_store_finish(s, id, &c, "w", &r, &p->err));
    FAILS(NAS_EMOVED, nas_store_claim(s, id, "w", pick, &g, p->arena, &c, &json, &what, &p->err));
}

/* Three trials: one told before, one finished after, one at work. */
static void check_saved(place *p, nas_store *s, nas_held *h, nas_study_id id) {
    const char *saved = NULL;
    nas_store *copy = NULL;
    (void)id;
    assert_false(nas_held_in_place(h, p->db, true));
    nas_store_close(s);
    OK(nas_held_save(h, p->db, p->arena, &saved, &p->err));
    nas_held_end(h);
    OK(nas_store_open(saved, NAS_STORE_WRITE, &copy, &p->err));
    assert_string_equal(ask(p, copy, "SELECT number, state FROM kws ORDER BY number"),
                        "0 complete|1 complete|2 waiting");
    assert_string_equal(ask(p, copy, "SELECT at_work FROM nas_studies"), "0");
    nas_store_close(copy);
    assert_int_equal(access(nas_arena_format(p->arena, &p->err, "%s-wal", saved), F_OK), -1);
}

static nas_store *begin_work(place *p, nas_study_id *id, nas_held *h) {
    const nas_study def = study_of("kws", 5);
    nas_store *s = start(p, &def, id);
    OK(nas_store_at_work(s, *id, true, &p->err));
    add(p, s, *id, 0.95, 20000, "complete");
    nas_store_hold(s, h);
    assert_true(nas_held_in_place(h, p->db, true));
    OK(nas_store_still(s, &p->err));
    return s;
}

/* Between two connections of a run another one may close last, and SQLite takes -wal and -shm away.
 */
static void test_closed_last(void **state) {
    place *p = *state;
    nas_study_id id;
    nas_held h = NAS_HELD_NONE;
    nas_store_close(begin_work(p, &id, &h));
    (void)unlink(nas_arena_format(p->arena, &p->err, "%s-wal", p->db));
    (void)unlink(nas_arena_format(p->arena, &p->err, "%s-shm", p->db));
    assert_true(nas_held_in_place(&h, p->db, false));
    assert_false(nas_held_in_place(&h, p->db, true));
    assert_int_equal(rename(p->db, nas_arena_format(p->arena, &p->err, "%s.away", p->db)), 0);
    assert_false(nas_held_in_place(&h, p->db, false));
    nas_held_end(&h);
}

static void test_removed(void **state) {
    place *p = *state;
    nas_study_id id;
    nas_held h = NAS_HELD_NONE;
    nas_store *s = begin_work(p, &id, &h);
    assert_int_equal(unlink(p->db), 0);
    finish_lost(p, s, id, "was removed or moved");
    check_saved(p, s, &h, id);
    assert_int_equal(files_in(p),
                     1); /* the saved one: nothing that waits for a database at p->db */
}

static void test_removed_with_all_beside(void **state) {
    place *p = *state;
    nas_study_id id;
    nas_held h = NAS_HELD_NONE;
    nas_store *s = begin_work(p, &id, &h);
    assert_int_equal(unlink(p->db) + unlink(beside(p, "t.db-wal")) + unlink(beside(p, "t.db-shm")),
                     0);
    finish_lost(p, s, id, "was removed or moved");
    check_saved(p, s, &h, id);
}

static void test_wal_removed(void **state) {
    place *p = *state;
    nas_study_id id;
    nas_held h = NAS_HELD_NONE;
    nas_store *s = begin_work(p, &id, &h);
    assert_int_equal(unlink(beside(p, "t.db-wal")), 0);
    finish_lost(p, s, id, "t.db-wal was removed");
    check_saved(p, s, &h, id);
}

static uint8_t *bytes_of(place *p, const char *path, size_t *n) {
    uint8_t *bytes;
    OK(nas_file_read(p->arena, path, 1 << 24, &bytes, n, &p->err));
    return bytes;
}

/* Another study's database takes the place: not a byte of it changes, and it opens as it was. */
static void test_replaced(void **state) {
    place *p = *state;
    place other = *p;
    nas_study_id id, theirs;
    nas_held h = NAS_HELD_NONE;
    strcat(other.db, ".other");
    const nas_study def = study_of("theirs", 5);
    nas_store *s = start(&other, &def, &theirs);
    add(&other, s, theirs, 0.5, 5, "complete");
    nas_store_close(s);
    size_t n, now_n;
    const uint8_t *before = bytes_of(p, other.db, &n);
    s = begin_work(p, &id, &h);
    const nas_store_place was = nas_store_place_of(s);
    assert_int_equal(rename(other.db, p->db), 0);
    finish_lost(p, s, id, "was replaced");
    nas_store *again = NULL;
    FAILS(NAS_EMOVED, nas_store_open_at(p->db, NAS_STORE_WRITE, &was, &again, &p->err));
    SAYS("was replaced");
    check_saved(p, s, &h, id);
    assert_false(is_there(p, "t.db-wal"));
    const uint8_t *now = bytes_of(p, p->db, &now_n);
    assert_int_equal(now_n, n);
    assert_memory_equal(now, before, n);
    s = open_db(p, NAS_STORE_READ);
    assert_string_equal(ask(p, s, "SELECT accuracy FROM theirs"), "0.5");
    assert_string_equal(ask(p, s, "PRAGMA integrity_check"), "ok");
    nas_store_close(s);
}

/* What lies beside the other database is its own. */
static void test_replaced_with_wal(void **state) {
    place *p = *state;
    nas_study_id id;
    nas_held h = NAS_HELD_NONE;
    nas_store *s = begin_work(p, &id, &h);
    OK(nas_file_write(p->db, "other", 5, &p->err));
    OK(nas_file_write(beside(p, "t.db-wal"), "theirs", 6, &p->err));
    finish_lost(p, s, id, "was replaced");
    check_saved(p, s, &h, id);
    size_t n;
    assert_memory_equal(bytes_of(p, beside(p, "t.db-wal"), &n), "theirs", 6);
    assert_false(is_there(p, "t.db-shm"));
}

/* The folder is gone, too. */
static void test_folder_removed(void **state) {
    place *p = *state;
    place deep = *p;
    nas_study_id id;
    nas_held h = NAS_HELD_NONE;
    char here[4096];
    assert_int_equal(mkdir(beside(p, "sub"), 0755), 0);
    strcpy(deep.db, beside(p, "sub/t.db"));
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(p->dir), 0);
    nas_store *s = begin_work(&deep, &id, &h);
    OK(nas_dir_remove(beside(p, "sub"), &p->err));
    finish_lost(p, s, id, "was removed");
    check_saved(&deep, s, &h, id);
    assert_int_equal(files_in(p), 1);
    assert_int_equal(chdir(here), 0);
}

/* Whoever works under a relative path does not notice, and need not. */
static void test_folder_renamed(void **state) {
    place *p = *state;
    place deep = *p;
    nas_study_id id;
    char here[4096];
    assert_int_equal(mkdir(beside(p, "sub"), 0755), 0);
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(beside(p, "sub")), 0);
    strcpy(deep.db, "t.db");
    const nas_study def = study_of("kws", 5);
    nas_store *s = start(&deep, &def, &id);
    assert_int_equal(rename(beside(p, "sub"), beside(p, "moved")), 0);
    add(&deep, s, id, 0.9, 1, "complete");
    nas_store_close(s);
    s = open_db(&deep, NAS_STORE_WRITE);
    assert_string_equal(ask(&deep, s, "SELECT count(*) FROM kws"), "1");
    nas_store_close(s);
    assert_int_equal(chdir(here), 0);
}

/* ---- readers ---- */

static bool hold_up(void *ctx, const nas_row *row) {
    nas_store *writer = ctx;
    (void)row;
    /* Nothing is being read any more: what was written can leave the -wal file. */
    int pages = 0, moved = 0;
    assert_int_equal(sqlite3_wal_checkpoint_v2(lite(writer)->db, NULL, SQLITE_CHECKPOINT_RESTART,
                                               &pages, &moved),
                     SQLITE_OK);
    return true;
}

static void test_reader_reads_to_the_end_first(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", -1);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    for (int i = 0; i < 20; i++) add(p, s, id, 0.9, i, "complete");
    sqlite3_busy_handler(lite(s)->db, NULL, NULL);
    nas_store *reader = open_db(p, NAS_STORE_READ);
    OK(nas_store_query(reader, "SELECT * FROM kws", NULL, 0, hold_up, s, &p->err));
    assert_string_equal(ask(p, reader, "SELECT number, quantize FROM kws WHERE number < 3"),
                        "0 NULL|1 int8|2 NULL");
    nas_store_close(reader);
    nas_store_close(s);
}

/* A result that does not fit into memory comes as it is read, in the same order. */
static bool count_up(void *ctx, const nas_row *row) {
    int64_t *n = ctx;
    assert_int_equal(row->values[0].integer, *n);
    assert_int_equal(strlen(row->values[1].text), 1 << 20);
    return ++*n < 150;
}

static void test_large_results(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", -1);
    nas_study_id id;
    int64_t n = 0;
    nas_store_close(start(p, &def, &id));
    nas_store *s = open_db(p, NAS_STORE_READ);
    OK(nas_store_query(s,
                       "WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c)"
                       " SELECT x, printf('%.*c', 1 << 20, 'a') FROM c",
                       NULL, 0, count_up, &n, &p->err));
    assert_int_equal(n, 150);
    nas_store_close(s);
}

static void test_long_reader_is_known(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", -1);
    nas_study_id id;
    enum { LARGE = 1 << 20 };
    static uint8_t blob[LARGE];
    nas_store *s = start(p, &def, &id);
    sqlite3 *reader;
    assert_int_equal(sqlite3_open(p->db, &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT * FROM nas_studies", NULL, NULL, NULL),
                     SQLITE_OK);
    for (int i = 0; i < 6; i++) {
        nas_claim c;
        const char *json;
        claim_as(p, s, id, "w", &c, &json);
        const nas_artefact f = {"model.tflite", blob, sizeof blob};
        const nas_result r = {.state = NAS_COMPLETE, .n_artefacts = 1, .artefacts = &f};
        OK(nas_store_finish(s, id, &c, "w", &r, &p->err));
    }
    assert_true(nas_store_is_read_long(s, 4 * LARGE));
    assert_false(nas_store_is_read_long(s, 64 * LARGE));
    sqlite3_close(reader);
    assert_false(nas_store_is_read_long(s, 4 * LARGE));
    nas_store_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_link_is_refused),
        T(test_link_during_work),
        T(test_symbolic_link_is_fine),
        T(test_points_of_mounts),
        T(test_long_path),
        T(test_closed_last),
        T(test_removed),
        T(test_removed_with_all_beside),
        T(test_wal_removed),
        T(test_replaced),
        T(test_replaced_with_wal),
        T(test_folder_removed),
        T(test_folder_renamed),
        T(test_reader_reads_to_the_end_first),
        T(test_large_results),
        T(test_long_reader_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
