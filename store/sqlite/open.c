/* store/sqlite/open.c - opening, making and closing the file. */
#include "base/clock.h"
#include "base/files/file.h"
#include "store/sqlite/row.h"
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* SQLite takes ":memory:" and "file:x" for more than names unless a folder stands before them. */
static char *file_of(const char *path) {
    char *out = malloc(strlen(path) + 3);
    if (out) stpcpy(stpcpy(out, *path == '/' ? "" : "./"), path);
    return out;
}

/* nas_now(), of the clock that all processes of this machine share. */
static void now(sqlite3_context *out, int n, sqlite3_value **values) {
    (void)n;
    (void)values;
    sqlite3_result_double(out, nas_clock_date());
}

/* Opens a connection; on failure it is closed again. */
static nas_status connect_to(nas_store *s, const char *name, int flags, nas_err *err) {
    int rc = sqlite3_open_v2(name, &lite(s)->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function(lite(s)->db, "nas_now", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                     NULL, now, NULL, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_extended_result_codes(lite(s)->db, 1);
        sqlite3_busy_handler(lite(s)->db, nas_sqlite_wait, s);
        nas_guard_connection(lite(s)->db, s);
        /* Until the file is known to be ours, closing must not touch it. */
        sqlite3_db_config(lite(s)->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        return NAS_OK;
    }
    nas_status status;
    if (!lite(s)->db)
        status = nas_fail(err, NAS_ENOMEM, "%s: no memory", s->path);
    else if (sqlite3_system_errno(lite(s)->db) == ENOENT && !(flags & SQLITE_OPEN_CREATE))
        status = nas_fail(err, NAS_ENOTFOUND, "%s: there is no such database", s->path);
    else
        status = nas_sqlite_fail(s, rc, "opening", err);
    sqlite3_close(lite(s)->db);
    lite(s)->db = NULL;
    return status;
}

static void disconnect(nas_store *s) {
    sqlite3_close(lite(s)->db);
    lite(s)->db = NULL;
}

/* "file:" + file with what means something in an URI escaped + "?immutable=1". An absolute name
 * comes after an empty authority: it may begin with "//" itself. */
static char *immutable_uri(const char *file) {
    char *out = malloc(3 * strlen(file) + 32), *p = out;
    if (!out) return NULL;
    p = stpcpy(p, *file == '/' ? "file://" : "file:");
    for (const char *c = file; *c; c++) {
        if (strchr("%?#", *c))
            p += sprintf(p, "%%%02x", (unsigned)(unsigned char)*c);
        else
            *p++ = *c;
    }
    strcpy(p, "?immutable=1");
    return out;
}

/* `immutable` takes no locks and makes no files. A plain open() and close() would do the same but
 * drop the locks that another connection of this process has on the file (POSIX). */
static nas_status connect_immutable(nas_store *s, nas_err *err) {
    char *uri = immutable_uri(lite(s)->file);
    if (!uri) return nas_fail(err, NAS_ENOMEM, "%s: no memory", s->path);
    const nas_status status = connect_to(s, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
    free(uri);
    return status;
}

static nas_status check_ids(nas_store *s, int64_t application, int64_t version, nas_err *err) {
    if (application != NAS_STORE_APPLICATION)
        return nas_fail(err, NAS_EFORMAT,
                        "%s is a database of another program: give another database", s->path);
    if (version < 1) return nas_sql_damaged(s, "its schema has no version", err);
    if (version > nas_schema_version())
        return nas_fail(err, NAS_EFORMAT,
                        "%s was made by a newer nas (schema %lld, this one knows up to %d): use "
                        "that one, or give another database",
                        s->path, (long long)version, nas_schema_version());
    if (version < NAS_SCHEMA_READABLE && s->mode == NAS_STORE_READ)
        return nas_fail(err, NAS_EFORMAT,
                        "%s was made by an older nas (schema %lld, this one has %d): `nas run` "
                        "with its space file brings it up to date",
                        s->path, (long long)version, nas_schema_version());
    return NAS_OK;
}

/* The ids as the connection sees them, with what stands in a -wal file. */
static nas_status check_connected(nas_store *s, nas_err *err) {
    int64_t application = 0, version = 0;
    NAS_TRY(nas_sqlite_pragma(s, "application_id", &application, err));
    NAS_TRY(nas_sqlite_pragma(s, "user_version", &version, err));
    s->schema = version;
    return check_ids(s, application, version, err);
}

static int64_t big_endian(const uint8_t *p) {
    return (int64_t)p[0] << 24 | (int64_t)p[1] << 16 | (int64_t)p[2] << 8 | (int64_t)p[3];
}

/* The header's bytes themselves (https://sqlite.org/fileformat2.html#the_database_header): they
 * are right while another process moves pages into the file, which a query without locks would
 * take for damage. */
static nas_status check_header(nas_store *s, nas_err *err) {
    uint8_t head[100] = {0};
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(lite(s)->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc == SQLITE_OK) rc = file->pMethods->xRead(file, head, sizeof head, 0);
    if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
        return nas_fail(err, NAS_EIO, "%s: its header cannot be read: %s", s->path,
                        sqlite3_errstr(rc));
    if (rc != SQLITE_OK || memcmp(head, "SQLite format 3", 16))
        return nas_fail(err, NAS_EFORMAT, "%s is not a database: give another database", s->path);
    NAS_TRY(check_ids(s, big_endian(head + 68), (int32_t)big_endian(head + 60), err));
    return big_endian(head + 56) == SQLITE_UTF8
               ? NAS_OK
               : nas_sql_damaged(s, "its texts are not in UTF-8", err);
}

/* SQLite plays such a file back into the database, and removes another file that it names. Ours
 * keep a -wal file, and one of these for a moment when an empty one is removed. */
static nas_status check_journal(nas_store *s, nas_err *err) {
    const double a_while = 0.05;
    for (int i = 0; i < 20 && nas_file_has_bytes(s->path, "-journal"); i++)
        nas_clock_sleep(a_while);
    if (!nas_file_has_bytes(s->path, "-journal")) return NAS_OK;
    return nas_fail(err, NAS_EFORMAT,
                    "%s-journal lies beside the database, which nas never leaves: another program "
                    "was stopped while it wrote. Let that one open it, or remove the journal if "
                    "you do not know where it is from",
                    s->path);
}

/* Is it a file, and ours? Leaves no trace. */
static nas_status check_file(nas_store *s, nas_err *err) {
    struct stat st;
    if (stat(s->path, &st)) return nas_fail_errno(err, "%s", s->path);
    if (!S_ISREG(st.st_mode))
        return nas_fail(err, NAS_EFORMAT, "%s is not a file: give another database", s->path);
    if (st.st_size == 0)
        return nas_fail(err, NAS_EFORMAT,
                        "%s is empty, not a database: remove it or give another database", s->path);
    if (access(s->path, R_OK)) return nas_fail_errno(err, "%s cannot be read", s->path);
    NAS_TRY(check_journal(s, err));
    NAS_TRY(connect_immutable(s, err));
    const nas_status status = check_header(s, err);
    disconnect(s);
    return status;
}

static nas_status fill_new(nas_store *s, nas_err *err) {
    NAS_TRY(connect_to(s, lite(s)->file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err));
    nas_status status = nas_schema_migrate(s, err);
    if (status == NAS_OK) status = nas_sql_define(s, "PRAGMA journal_mode=WAL", err);
    sqlite3_db_config(lite(s)->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    disconnect(s);
    return status;
}

/* Made whole under another name and then renamed, so that path is a complete database or absent,
 * whoever is killed when; of two that make it at once, the first one's stays. */
static nas_status make(nas_store *s, nas_err *err) {
    const char *const path = s->path;
    char *const file = lite(s)->file;
    NAS_TRY(nas_store_check_new(path, err));
    nas_fresh fresh;
    NAS_TRY(nas_fresh_begin(file, &fresh, err));
    lite(s)->file = fresh.path;
    nas_status status = fill_new(s, err);
    lite(s)->file = file;
    if (status == NAS_OK && renameat2(AT_FDCWD, fresh.path, AT_FDCWD, path, RENAME_NOREPLACE) &&
        errno != EEXIST)
        status = nas_fail_errno(err, "%s: making it", path);
    if (status == NAS_OK) status = nas_file_sync_folder(path, err);
    nas_fresh_end(&fresh);
    return status;
}

static nas_status set_up_writer(nas_store *s, nas_err *err) {
    if (sqlite3_db_readonly(lite(s)->db, "main") == 1)
        return nas_fail(err, NAS_EIO, "%s cannot be written: check its permissions", s->path);
    const nas_door before = nas_guard_door(s, NAS_DOOR_DEFINE);
    const nas_status status = nas_sqlite_run_patiently(s, "PRAGMA journal_mode=WAL", err);
    nas_guard_door(s, before);
    NAS_TRY(status);
    NAS_TRY(nas_sql_define(s,
                           "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8000;"
                           " PRAGMA journal_size_limit=67108864",
                           err));
    int64_t version = 0;
    NAS_TRY(nas_sqlite_pragma(s, "user_version", &version, err));
    if (version < nas_schema_version()) NAS_TRY(nas_schema_migrate(s, err));
    s->schema = nas_schema_version();
    return NAS_OK;
}

static nas_status open_writer(nas_store *s, nas_err *err) {
    NAS_TRY(connect_to(s, lite(s)->file, SQLITE_OPEN_READWRITE, err));
    NAS_TRY(nas_place_take(s, err));
    /* Again: what a newer one wrote may stand in the -wal file still. */
    NAS_TRY(check_connected(s, err));
    NAS_TRY(nas_store_inspect(s, err));
    sqlite3_db_config(lite(s)->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    NAS_TRY(set_up_writer(s, err));
    nas_place_settle(s);
    return NAS_OK;
}

/* Where it may, a reader connects like a writer that is forbidden to write: only such a connection
 * takes the -wal and -shm files away again that every reader of a WAL database needs. */
static nas_status open_reader(nas_store *s, nas_err *err) {
    const bool may = access(s->path, W_OK) == 0 && nas_file_folder_is_writable(s->path);
    NAS_TRY(connect_to(s, lite(s)->file, may ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY, err));
    NAS_TRY(nas_place_take(s, err));
    nas_status status = check_connected(s, err);
    if (status == NAS_EIO && !may) {
        /* A folder in which no -shm file can be made. Without a -wal file nobody is at work on the
         * database and all of it is in the one file. */
        if (nas_file_has_wal(s->path))
            return nas_fail(err, NAS_EIO,
                            "%s cannot be read in a folder without write permission while its "
                            "-wal file has something: copy both to another folder",
                            s->path);
        disconnect(s);
        NAS_TRY(connect_immutable(s, err));
        status = check_connected(s, err);
    }
    NAS_TRY(status);
    NAS_TRY(nas_store_inspect(s, err));
    /* What a killed run left in the -wal file stays there, which tells the file from a copy. */
    sqlite3_db_config(lite(s)->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, nas_store_any_at_work(s),
                      NULL);
    return nas_sql_define(s, "PRAGMA query_only=1", err);
}

static nas_status open_any(nas_store *s, nas_err *err) {
    if (!lite(s)->expects) lite(s)->place.id = (nas_file_id){0};
    NAS_TRY(nas_place_expect(s, err));
    const int known = access(s->path, F_OK);
    NAS_TRY(nas_place_check_length(s->path, known != 0, err));
    if (known && errno == ENOENT && s->mode == NAS_STORE_CREATE) NAS_TRY(make(s, err));
    if (known && errno == ENOENT && s->mode != NAS_STORE_CREATE)
        return nas_fail(err, NAS_ENOTFOUND, "%s: there is no such database", s->path);
    if (s->mode != NAS_STORE_READ && !lite(s)->place.any_name)
        NAS_TRY(nas_place_check_names(s->path, err));
    lite(s)->alone = !known && !nas_file_has_wal(s->path);
    NAS_TRY(check_file(s, err));
    /* Of several that made it at once, one may have been killed. */
    if (!known && s->mode == NAS_STORE_CREATE) nas_fresh_sweep(lite(s)->file);
    return s->mode == NAS_STORE_READ ? open_reader(s, err) : open_writer(s, err);
}

/* What no run leaves that ends: no study, or one at work. */
static bool is_half(nas_store *s) {
    return !nas_file_has_wal(s->path) && (nas_store_has_no_study(s) || nas_store_any_at_work(s));
}

/* Asked twice: a run may have made it just now. */
bool nas_sqlite_lacks_wal(nas_store *s) {
    const double a_while = 0.3;
    if (!lite(s)->alone || !is_half(s)) return false;
    nas_clock_sleep(a_while);
    return is_half(s);
}

static bool leave_wal(nas_store *s) {
    nas_stmt *st = NULL;
    bool row = false, left = false;
    const nas_door before = nas_guard_door(s, NAS_DOOR_DEFINE);
    if (nas_sql_open(s, &st, NULL, "PRAGMA journal_mode=DELETE", "") == NAS_OK &&
        nas_sql_step(s, st, &row, NULL) == NAS_OK && row)
        left = !strcmp(nas_stmt_text(st, 0), "delete");
    nas_stmt_end(st);
    nas_guard_door(s, before);
    return left && nas_sql_exec(s, "BEGIN EXCLUSIVE", NULL) == NAS_OK;
}

/* A database without a study says nothing, so it goes. Leaving WAL needs to be the only one who has
 * it open; after that the lock keeps everybody out until the name is gone, and who waited finds out
 * by nas_sqlite_has_moved. */
static void remove_if_empty(nas_store *s) {
    if (nas_sqlite_has_moved(s) || !nas_store_has_no_study(s)) return;
    sqlite3_busy_handler(lite(s)->db, NULL, NULL);
    if (leave_wal(s) && nas_store_has_no_study(s) && !nas_sqlite_has_moved(s))
        unlink(sqlite3_db_filename(lite(s)->db, "main"));
    if (!sqlite3_get_autocommit(lite(s)->db))
        sqlite3_exec(lite(s)->db, "ROLLBACK", NULL, NULL, NULL);
}

static void free_all(nas_store *s) {
    nas_sqlite *l = lite(s);
    free(l->file);
    free(l->real);
    free(l);
    s->db = NULL;
}

/* Of a file that is refused: what stands in its -wal file stays there; the empty one and the -shm
 * file that looking has made go. */
static void turn_away(nas_store *s) {
    if (lite(s)->db && !nas_file_has_wal(s->path))
        sqlite3_db_config(lite(s)->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    disconnect(s);
}

/* Again when another process removed the file meanwhile, because no study had come into it. */
static nas_status open_lasting(nas_store *s, nas_err *err) {
    nas_status status = NAS_OK;
    for (int i = 0; i < 100; i++) {
        status = open_any(s, err);
        const bool gone = lite(s)->db ? nas_sqlite_has_moved(s)
                                      : status == NAS_ENOTFOUND && s->mode == NAS_STORE_CREATE;
        if (!gone || (lite(s)->expects && status == NAS_EMOVED)) return status;
        disconnect(s);
    }
    return status != NAS_OK ? status
                            : nas_fail(err, NAS_EBUSY, "%s is removed again and again", s->path);
}

static nas_status begin(nas_store *s, const nas_store_place *place, nas_err *err) {
    nas_sqlite *l = calloc(1, sizeof *l);
    if (!l) return nas_fail(err, NAS_ENOMEM, "%s: no memory", s->path);
    l->place = *place;
    l->expects = place->id.inode != 0;
    l->file = file_of(s->path);
    s->db = l;
    if (l->file) return NAS_OK;
    free_all(s);
    return nas_fail(err, NAS_ENOMEM, "%s: no memory", s->path);
}

static nas_status open_store(nas_store *s, const nas_store_place *place, nas_err *err) {
    NAS_TRY(begin(s, place, err));
    const nas_status status = open_lasting(s, err);
    if (status == NAS_OK) return NAS_OK;
    turn_away(s);
    free_all(s);
    return status;
}

static nas_status check_old(nas_store *s, nas_err *err) {
    NAS_TRY(check_file(s, err));
    if (access(s->path, W_OK)) return nas_fail_errno(err, "%s cannot be written", s->path);
    if (!nas_file_folder_is_writable(s->path))
        return nas_fail(err, NAS_EIO,
                        "the folder of %s cannot be written, and files come and go beside a "
                        "database: check its permissions",
                        s->path);
    return open_reader(s, err);
}

static nas_status check(const char *path, nas_err *err) {
    const bool is_new = access(path, F_OK) && errno == ENOENT;
    NAS_TRY(nas_place_check_length(path, is_new, err));
    if (is_new) return nas_store_check_new(path, err);
    /* A reader that an older schema does not stop: it is brought up to date when work begins. */
    nas_store s = {.backend = &nas_sqlite_backend, .mode = NAS_STORE_WRITE, .pid = getpid()};
    s.path = strdup(path);
    if (!s.path) return nas_fail(err, NAS_ENOMEM, "%s: no memory", path);
    nas_status status = begin(&s, &(nas_store_place){.any_name = false}, err);
    if (status == NAS_OK) {
        status = check_old(&s, err);
        turn_away(&s);
        free_all(&s);
    }
    free(s.path);
    return status;
}

static void close_store(nas_store *s) {
    if (s->mode == NAS_STORE_CREATE) remove_if_empty(s);
    /* A run may be killed while it has no connection: the -wal file tells what it left from a copy.
     * What is not the file at its path is left alone. */
    if (s->mode != NAS_STORE_READ &&
        (nas_store_any_at_work(s) || nas_place_still(s, NULL) != NAS_OK))
        sqlite3_db_config(lite(s)->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    disconnect(s);
    free_all(s);
}

const nas_backend_door nas_sqlite_door = {.open = open_store, .close = close_store, .check = check};
