/* tests/sim/judge.c - what must hold after each round, and at the end. */
#include "tests/sim/sim.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_TOLD = 512, CALM_RUNS = 2 };

void sim_trouble(sim_scene *s, const char *form, ...) {
    char *line = NULL, *all = NULL;
    va_list ap;
    va_start(ap, form);
    if (vasprintf(&line, form, ap) < 0) line = NULL;
    va_end(ap);
    if (line && asprintf(&all, "%s  TROUBLE: %s\n", s->trouble ? s->trouble : "", line) >= 0) {
        free(s->trouble);
        s->trouble = all;
    }
    free(line);
}

char *sim_text_of(const char *path) {
    FILE *f = fopen(path, "r");
    char *text = NULL;
    size_t n = 0;
    if (f && getdelim(&text, &n, '\0', f) >= 0) {
        fclose(f);
        return text;
    }
    if (f) fclose(f);
    free(text);
    return strdup("");
}

/* Lines of "nas run": "     4  complete ...". */
int32_t sim_told_by(const sim_scene *s, int32_t launch, int64_t *told, int32_t most) {
    char path[600], state[16];
    int32_t n = 0;
    SIM_PRINT(path, "%s/%d.out", s->folder, (int)launch);
    char *text = sim_text_of(path);
    for (char *line = text; line && *line && n < most; line = strchr(line, '\n')) {
        while (*line == '\n') line++;
        long long number;
        if (sscanf(line, " %lld %15s", &number, state) == 2 && strcmp(state, "complete") == 0 &&
            *line == ' ')
            told[n++] = number;
    }
    free(text);
    return n;
}

static sqlite3 *open_db(sim_scene *s, const char *path) {
    sqlite3 *db = NULL;
    if (access(path, F_OK) != 0) return NULL;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        sim_trouble(s, "%s cannot be opened: %s", path, sqlite3_errmsg(db));
        sqlite3_close(db);
        return NULL;
    }
    /* What is looked at stays as it was left. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_busy_timeout(db, 5000);
    return db;
}

/* All rows of a query, a line each. NULL: it failed. */
static char *ask(sim_scene *s, sqlite3 *db, const char *sql) {
    sqlite3_stmt *st = NULL;
    char *out = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&out, &n);
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(st); i++) {
            const char *text = (const char *)sqlite3_column_text(st, i);
            fprintf(f, "%s%s", i ? "|" : "", text ? text : "null");
        }
        fputc('\n', f);
        rc = SQLITE_OK;
    }
    if (rc != SQLITE_DONE) sim_trouble(s, "%s (%.80s)", sqlite3_errmsg(db), sql);
    sqlite3_finalize(st);
    fclose(f);
    if (rc == SQLITE_DONE) return out;
    free(out);
    return NULL;
}

/* Is that trial complete in the file? */
static bool has(sqlite3 *db, const char *study, int64_t number) {
    char sql[160];
    sqlite3_stmt *st = NULL;
    SIM_PRINT(sql, "SELECT 1 FROM \"%s\" WHERE number = %lld AND state = 'complete'", study,
              (long long)number);
    const bool yes =
        sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW;
    sqlite3_finalize(st);
    return yes;
}

void sim_judge_told(sim_scene *s, const char *path, const int64_t *told, int32_t n) {
    sqlite3 *db = open_db(s, path);
    if (!db && n == 0) return;
    char *whole = db ? ask(s, db, "PRAGMA integrity_check") : NULL;
    if (whole && strcmp(whole, "ok\n") != 0) sim_trouble(s, "damaged: %.200s", whole);
    for (int32_t i = 0; i < n; i++) {
        if (db && has(db, s->space->name, told[i])) continue;
        s->lost++;
        sim_trouble(s, "trial %lld was told complete and is not there", (long long)told[i]);
    }
    free(whole);
    sqlite3_close(db);
}

/* Ends of a run that are no fault of it: those of nas itself, and those that were asked for. */
static bool may_end_so(int32_t status) {
    return (status >= 0 && status <= 3) || status == 130 || status == 143 ||
           status == 128 + SIGKILL || status == 128 + SIGTERM;
}

static void judge_status(sim_scene *s, int32_t i) {
    char path[600];
    if (s->status[i] < 0)
        sim_trouble(s, "run %d did not end in a minute", (int)i);
    else if (!may_end_so(s->status[i]))
        sim_trouble(s, "run %d ended with %d", (int)i, (int)s->status[i]);
    if (s->status[i] != 1 && s->status[i] != 2) return;
    SIM_PRINT(path, "%s/%d.err", s->folder, (int)i);
    char *said = sim_text_of(path);
    if (!strstr(said, "nas")) sim_trouble(s, "run %d failed without a word", (int)i);
    free(said);
}

/* Told by any launch so far; twice: it was lost in between. */
void sim_judge_round(sim_scene *s, int32_t from, int32_t to) {
    int64_t told[MOST_TOLD];
    char db[700];
    int32_t n = 0;
    for (int32_t i = 0; i < to; i++) n += sim_told_by(s, i, told + n, MOST_TOLD - n);
    for (int32_t i = 0; i < n; i++)
        for (int32_t k = 0; k < i; k++)
            if (told[i] == told[k]) {
                s->lost++;
                sim_trouble(s, "trial %lld was told complete twice", (long long)told[i]);
            }
    for (int32_t i = from; i < to; i++) judge_status(s, i);
    SIM_PRINT(db, "%s/work/%s.db", s->folder, s->space->name);
    sim_judge_told(s, db, told, n);
}

/* What is determined of a study, a line each. */
static char *dump(sim_scene *s, const char *folder) {
    char path[700], *sql = NULL, *out = NULL;
    const char *name = s->space->name;
    SIM_PRINT(path, "%s/work/%s.db", folder, name);
    sqlite3 *db = open_db(s, path);
    if (!db) return strdup("");
    if (asprintf(&sql,
                 "SELECT 'trial', number, json_array(state, reason, %s, candidate), (SELECT"
                 " group_concat(name || hex(content)) FROM (SELECT name, content FROM"
                 " nas_artefacts WHERE trial = k.id ORDER BY name)) FROM \"%s\" k UNION ALL"
                 " SELECT 'epoch', number, json_array(epoch, step, e.loss, e.val_loss), '' FROM"
                 " nas_epochs e JOIN \"%s\" k ON k.id = e.trial UNION ALL"
                 " SELECT 'stage', number, json_array(position, name, key), '' FROM nas_stages t"
                 " JOIN \"%s\" k ON k.id = t.trial ORDER BY 1, 2, 3",
                 s->space->metrics, name, name, name) >= 0)
        out = ask(s, db, sql);
    free(sql);
    sqlite3_close(db);
    return out;
}

/* Of the undisturbed study; made once, beside the scenes. */
static char *reference(sim_scene *s) {
    char folder[600], part[620], command[1400];
    SIM_PRINT(folder, "%s/reference-%s", s->o->work, s->space->name);
    if (access(folder, F_OK) != 0) {
        SIM_PRINT(part, "%s.%ld", folder, (long)getpid());
        if (!sim_fill_folder(s->o, s->space, part) ||
            sim_run_calmly(s->o, s->space, part, 1, "calm") != 0) {
            fprintf(stderr, "sim: the undisturbed study in %s does not end well\n", part);
            exit(2);
        }
        if (rename(part, folder) != 0) {
            SIM_PRINT(command, "rm -rf '%s'", part);
            if (system(command) != 0) exit(2);
        }
    }
    return dump(s, folder);
}

static void compare(sim_scene *s) {
    char *want = reference(s), *got = dump(s, s->folder);
    int32_t lines = 0;
    char *a = want, *b = got;
    while (a && b && *a && *b) { /* rows have one order */
        const size_t na = strcspn(a, "\n"), nb = strcspn(b, "\n");
        if (na != nb || strncmp(a, b, na) != 0) {
            if (s->other == 0)
                sim_trouble(s, "other rows: \"%.*s\", expected \"%.*s\"",
                            (int)(nb < 200 ? nb : 200), b, (int)(na < 200 ? na : 200), a);
            s->other++;
        }
        a += na + (a[na] != '\0');
        b += nb + (b[nb] != '\0');
        lines++;
    }
    if (a && b && (*a || *b)) {
        s->other++;
        sim_trouble(s, "after %d rows %s", (int)lines,
                    *a ? "others are missing" : "there are more");
    }
    free(want);
    free(got);
}

static void count_failed(sim_scene *s) {
    char path[700], sql[160];
    SIM_PRINT(path, "%s/work/%s.db", s->folder, s->space->name);
    SIM_PRINT(sql, "SELECT number, reason FROM \"%s\" WHERE state = 'failed'", s->space->name);
    sqlite3 *db = open_db(s, path);
    char *rows = db ? ask(s, db, sql) : NULL;
    for (char *p = rows; p && *p; p += strcspn(p, "\n") + 1) {
        s->failed++;
        sim_trouble(s, "failed: trial %.*s", (int)strcspn(p, "\n"), p);
    }
    free(rows);
    sqlite3_close(db);
}

/* Names that stay when all have ended: those of the study, its database, cache and winner. */
static bool may_stay(const sim_scene *s, const char *name) {
    static const char *const endings[] = {".json", ".db", ".db.cache", "_best"};
    const size_t n = strlen(s->space->name);
    if (strcmp(name, "clips") == 0 || strcmp(name, "weather.csv") == 0) return true;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return true;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strncmp(name, s->space->name, n) == 0 && strcmp(name + n, endings[i]) == 0) return true;
    return false;
}

static void find_leftovers(sim_scene *s) {
    char path[600];
    SIM_PRINT(path, "%s/work", s->folder);
    DIR *d = opendir(path);
    for (const struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
        if (!may_stay(s, e->d_name)) sim_trouble(s, "left behind: %s", e->d_name);
    if (d) closedir(d);
}

void sim_judge_end(sim_scene *s) {
    int32_t status = 127;
    char name[16], path[600];
    for (int32_t i = 0; i < CALM_RUNS && status != 0; i++) {
        SIM_PRINT(name, "calm%d", (int)i);
        status = sim_run_calmly(s->o, s->space, s->folder, 2, name);
    }
    if (status != 0) {
        SIM_PRINT(path, "%s/%s.err", s->folder, name);
        char *said = sim_text_of(path);
        sim_trouble(s, "does not go on: the undisturbed run ended with %d: %.300s", (int)status,
                    said);
        free(said);
        return;
    }
    find_leftovers(s); /* first: who looks into a database leaves files beside it */
    count_failed(s);
    compare(s);
}
