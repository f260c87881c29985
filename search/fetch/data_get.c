/* search/fetch/data_get.c - download, check, unpack beside, rename. */
#include "search/fetch/data_get.h"

#include "base/files/file.h"
#include "core/fetch/download.h"
#include "core/fetch/unpack.h"
#include "search/json/json_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

typedef struct getting {
    nas_arena *arena;
    const nas_data_set *d;
    const char *into, *archive, *unpacking;
    const nas_log *log;
    nas_data_got *out;
} getting;

/* Bytes that an archive of unknown contents may become: sound and tables seldom grow tenfold. */
enum { GROWS = 32 };

static int64_t bytes_of(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 ? s.st_size : 0;
}

static nas_status check_room(const getting *g, nas_err *err) {
    struct statvfs v;
    const char *part = nas_arena_format(g->arena, err, "%s.part", g->archive);
    if (!part) return NAS_ENOMEM;
    if (statvfs(g->into, &v) != 0) return nas_fail_errno(err, "%s", g->into);
    const int64_t have = bytes_of(part), room = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
    const int64_t need =
        (g->d->bytes > have ? g->d->bytes - have : 0) + (g->d->unpacked > 0 ? g->d->unpacked : 0);
    if (need <= room) return NAS_OK;
    return nas_fail(err, NAS_EFULL,
                    "%s: there is room for %lld bytes, and %s may take %lld; make room, or name "
                    "another folder with --into",
                    g->into, (long long)room, g->d->name, (long long)need);
}

/* The sum that an earlier download wrote down. */
static nas_status recorded_sum(const getting *g, nas_hash *sum, bool *known, nas_err *err) {
    nas_json *j = NULL;
    nas_path_kind kind;
    *known = false;
    NAS_TRY(nas_path_look(g->out->record, &kind, err));
    if (kind == NAS_PATH_ABSENT) return NAS_OK;
    const nas_status st = nas_json_open(g->arena, g->out->record, &j, err);
    if (st == NAS_EIO || st == NAS_ENOMEM) return st; /* it may well say another sum */
    if (st != NAS_OK) return NAS_OK;
    const cJSON *v = nas_json_get(nas_json_root(j), "sha256");
    *known =
        cJSON_IsString(v) && strlen(v->valuestring) == 64 && nas_hash_from_hex(v->valuestring, sum);
    nas_json_close(j);
    return NAS_OK;
}

static nas_status write_record(const getting *g, nas_err *err) {
    char sum[65], date[32] = "";
    const time_t now = time(NULL);
    struct tm utc;
    nas_hash_hex(&g->out->sum, sum);
    if (gmtime_r(&now, &utc)) (void)strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &utc);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", g->d->name);
    cJSON_AddStringToObject(o, "title", g->d->title);
    cJSON_AddStringToObject(o, "url", g->out->url);
    cJSON_AddStringToObject(o, "sha256", sum);
    cJSON_AddStringToObject(o, "licence", g->d->licence);
    if (g->d->credit) cJSON_AddStringToObject(o, "credit", g->d->credit);
    cJSON_AddStringToObject(o, "downloaded_utc", date);
    char *text = NULL;
    nas_status st = o ? nas_json_pretty(g->arena, o, &text, err)
                      : nas_fail(err, NAS_ENOMEM, "%s: out of memory", g->out->record);
    if (st == NAS_OK) st = nas_file_write(g->out->record, text, strlen(text), err);
    cJSON_Delete(o);
    return st;
}

static nas_status check_sum(const getting *g, nas_err *err) {
    char got[65], known[65];
    nas_hash before;
    bool recorded;
    NAS_TRY(recorded_sum(g, &before, &recorded, err));
    nas_hash_hex(&g->out->sum, got);
    if (g->d->has_sum && !nas_hash_equal(&g->d->sum, &g->out->sum)) {
        nas_hash_hex(&g->d->sum, known);
        return nas_fail(
            err, NAS_EFORMAT,
            "%s has the SHA-256\n  %s, and the list says\n  %s\nit was damaged on its way, "
            "or is another file; it was removed. Try again; where it stays so, the list "
            "needs the sum of the file that is there now",
            g->out->url, got, known);
    }
    if (!g->d->has_sum && recorded && !nas_hash_equal(&before, &g->out->sum)) {
        nas_hash_hex(&before, known);
        return nas_fail(err, NAS_EFORMAT,
                        "%s has the SHA-256\n  %s, and at the first download it was\n  %s\nit was "
                        "removed. Where the new one is right, remove %s and try again",
                        g->out->url, got, known, g->out->record);
    }
    g->out->first = !g->d->has_sum && !recorded;
    return NAS_OK;
}

static nas_status bring(const getting *g, nas_err *err) {
    const char *part = nas_arena_format(g->arena, err, "%s.part", g->archive);
    if (!part) return NAS_ENOMEM;
    /* A whole archive that was not unpacked is the last part of itself. */
    if (nas_path_exists(g->archive) && rename(g->archive, part) != 0)
        return nas_fail_errno(err, "%s", g->archive);
    nas_status st = NAS_OK;
    for (int32_t i = 0; i < g->d->n_urls; i++) {
        nas_err why = {0};
        const nas_download d = {
            .url = g->d->urls[i], .path = g->archive, .name = g->d->name, .bytes = g->d->bytes};
        g->out->url = d.url;
        st = nas_download_file(&d, g->log, &g->out->sum, &why);
        if (st == NAS_OK || i + 1 == g->d->n_urls || (st != NAS_EIO && st != NAS_EFORMAT)) {
            if (st != NAS_OK && err) *err = why;
            break;
        }
        nas_warn(g->log, "%s; trying %s", why.text, g->d->urls[i + 1]);
    }
    NAS_TRY(st);
    st = check_sum(g, err);
    if (st == NAS_EFORMAT) (void)unlink(g->archive);
    return st;
}

static nas_status sync_names(const char *folder, nas_err *err) {
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        (void)nas_fail_errno(err, "%s", folder);
        if (fd >= 0) (void)close(fd);
        return NAS_EIO;
    }
    (void)close(fd);
    return NAS_OK;
}

static nas_status unpack(const getting *g, nas_err *err) {
    nas_unpacked done;
    const nas_unpack u = {.archive = g->archive,
                          .folder = g->unpacking,
                          .name = "unpacking",
                          .strip = g->d->strip,
                          .sum = &g->out->sum,
                          .most =
                              g->d->unpacked >= 0 ? g->d->unpacked : GROWS * bytes_of(g->archive)};
    NAS_TRY(nas_dir_remove(g->unpacking, err));
    const nas_status st = nas_unpack_archive(&u, g->log, &done, err);
    if (st == NAS_EFORMAT) (void)unlink(g->archive);
    NAS_TRY(st);
    g->out->files = done.files;
    g->out->bytes = done.bytes;
    g->out->left_out = done.left_out;
    const char *from = g->unpacking;
    if (g->d->file) {
        from = nas_arena_format(g->arena, err, "%s/%s", g->unpacking, g->d->file);
        if (!from) return NAS_ENOMEM;
        if (!nas_path_exists(from))
            return nas_fail(err, NAS_EFORMAT, "%s: there is no file %s in it", g->archive,
                            g->d->file);
        g->out->files = 1;
        g->out->left_out += done.files - 1;
        g->out->bytes = bytes_of(from);
    }
    if (rename(from, g->out->place) != 0) return nas_fail_errno(err, "%s", g->out->place);
    NAS_TRY(sync_names(g->into, err));
    NAS_TRY(nas_dir_remove(g->unpacking, err));
    if (unlink(g->archive) != 0) nas_warn(g->log, "%s could not be removed", g->archive);
    return NAS_OK;
}

static nas_status get(const getting *g, nas_err *err) {
    g->out->was_there = nas_path_exists(g->out->place);
    if (g->out->was_there) return NAS_OK;
    NAS_TRY(check_room(g, err));
    NAS_TRY(bring(g, err));
    NAS_TRY(write_record(g, err));
    return unpack(g, err);
}

nas_status nas_data_get(nas_arena *a, const nas_data_set *d, const char *into, const nas_log *log,
                        nas_data_got *out, nas_err *err) {
    nas_lock lock;
    bool mine = false;
    *out = (nas_data_got){.place = nas_arena_format(a, err, "%s/%s", into, nas_data_set_target(d)),
                          .record = nas_arena_format(a, err, "%s/%s.source.json", into, d->name)};
    const getting g = {.arena = a,
                       .d = d,
                       .into = into,
                       .archive = nas_arena_format(a, err, "%s/%s.archive", into, d->name),
                       .unpacking = nas_arena_format(a, err, "%s/%s.unpacking", into, d->name),
                       .log = log,
                       .out = out};
    const char *lock_path = nas_arena_format(a, err, "%s/%s.lock", into, d->name);
    if (!out->place || !out->record || !g.archive || !g.unpacking || !lock_path) return NAS_ENOMEM;
    out->was_there = nas_path_exists(out->place);
    if (out->was_there) return NAS_OK;
    NAS_TRY(nas_dir_make(into, err));
    NAS_TRY(nas_lock_try(lock_path, &lock, &mine, err));
    if (!mine)
        return nas_fail(err, NAS_EBUSY, "%s: another process is at it; wait for it to end",
                        out->place);
    const nas_status st = get(&g, err);
    nas_lock_remove(lock_path, &lock);
    return st;
}
