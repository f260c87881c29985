/* core/data/split/given.c - parts that the data set itself says: by list files, or by folders. */
#include "core/data/split/int.h"

#include "base/files/file.h"
#include "base/text/compose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = NAS_SPLIT_PARTS, LIST_BYTES = 1 << 30, NAMED = 3 };

static const char *const list_keys[PARTS] = {"train", "validation", "test"};

/* How often something was wrong, and the first few. */
typedef struct findings {
    int64_t n;
    char text[600];
} findings;

static void note(findings *f, const char *file, const char *name, int length) {
    const size_t used = strlen(f->text);
    if (f->n++ < NAMED)
        snprintf(f->text + used, sizeof f->text - used, "%s%.*s (%.60s)", used ? ", " : "",
                 length > 120 ? 120 : length, name, file);
    else if (f->n == NAMED + 1)
        snprintf(f->text + used, sizeof f->text - used, ", ...");
}

typedef struct lists {
    const nas_clips *c;
    nas_arena *a;
    int32_t *by_name; /* [c->n] clips, by strcmp of their names */
    int32_t *by_look; /* [c->n] the same in the order of nas_text_compare */
    const char *file; /* the list that is read */
    int64_t lines;    /* of clips, in all lists */
    findings missing, twice;
} lists;

static int compare_names(const void *x, const void *y, void *ctx) {
    const nas_clips *c = ctx;
    return strcmp(c->clips[*(const int32_t *)x].name, c->clips[*(const int32_t *)y].name);
}

static int compare_looks(const void *x, const void *y, void *ctx) {
    const nas_clips *c = ctx;
    const char *a = c->clips[*(const int32_t *)x].name, *b = c->clips[*(const int32_t *)y].name;
    return nas_text_compare(a, strlen(a), b, strlen(b));
}

/* As strcmp does for texts that end. */
static int compare_bytes(const char *x, size_t n, const char *y, size_t m) {
    const int order = memcmp(x, y, n < m ? n : m);
    return order ? order : (n > m) - (n < m);
}

/* -1: none has this name, by an order of all clips. */
static int32_t find_in(const nas_clips *c, const int32_t *order,
                       int (*compare)(const char *, size_t, const char *, size_t), const char *name,
                       size_t n) {
    int32_t lo = 0, hi = c->n;
    while (lo < hi) {
        const int32_t mid = lo + (hi - lo) / 2;
        const char *at = c->clips[order[mid]].name;
        const int side = compare(at, strlen(at), name, n);
        if (side == 0) return order[mid];
        if (side < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return -1;
}

/* A clip of this name, or of one that looks the same; -1: there is none. */
static int32_t find_clip(const lists *s, const char *name, size_t n) {
    const int32_t i = find_in(s->c, s->by_name, compare_bytes, name, n);
    return i >= 0 ? i : find_in(s->c, s->by_look, nas_text_compare, name, n);
}

/* Was it left out as a clip that cannot be read? */
static bool is_bad(const nas_clips *c, const char *name, size_t n) {
    for (int32_t i = 0; i < c->n_bad; i++)
        if (strncmp(c->bad[i], name, n) == 0 && c->bad[i][n] == ':') return true;
    return false;
}

/* A class that stands in the folder but was not picked. name: "<class>/...". */
static bool is_other_class(const nas_clips *c, const char *name) {
    const size_t n = strcspn(name, "/");
    if (!c->picked) return false;
    for (int32_t i = 0; i < c->n_labels; i++)
        if (nas_text_compare(c->labels[i], strlen(c->labels[i]), name, n) == 0) return false;
    return true;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\0';
}

/* Where the component before `slash` begins. */
static const char *begin_of(const char *line, const char *slash) {
    const char *above = memrchr(line, '/', (size_t)(slash - line));
    return above ? above + 1 : line;
}

/* One line: false when it is no <class>/<file>, or no text. */
static bool take_line(lists *s, const char *line, size_t n, uint8_t p, uint8_t *part) {
    while (n > 0 && is_space(line[n - 1])) n--;
    for (; n > 0 && is_space(*line); n--) line++;
    if (n == 0) return true;
    const char *slash = memrchr(line, '/', n);
    if (memchr(line, '\0', n) || !slash || slash == line || slash + 1 == line + n) return false;
    const char *end = line + n, *name = begin_of(line, slash), *longer = name;
    if (name == slash) return false;
    if (name > line) longer = begin_of(line, name - 1);
    s->lines++;
    int32_t i = find_clip(s, name, (size_t)(end - name));
    if (i < 0) i = find_clip(s, longer, (size_t)(end - longer)); /* of a speaker's folder */
    if (i < 0) {
        if (!(is_other_class(s->c, name) && is_other_class(s->c, longer)) &&
            !is_bad(s->c, name, (size_t)(end - name)) &&
            !is_bad(s->c, longer, (size_t)(end - longer)))
            note(&s->missing, s->file, name, (int)(end - name));
        return true;
    }
    if (part[i] != NAS_NO_PART && part[i] != p)
        note(&s->twice, s->file, name, (int)(end - name));
    else
        part[i] = p;
    return true;
}

static nas_status read_list(lists *s, uint8_t p, uint8_t *part, nas_err *err) {
    uint8_t *bytes;
    size_t n;
    if (!s->file || !nas_split_path_fits(s->file))
        return nas_fail(err, NAS_EINVAL,
                        "split.%s: expected a file inside the data folder, without \"..\", got %s",
                        list_keys[p], s->file ? s->file : "none");
    const char *path = nas_arena_format(s->a, err, "%s/%s", s->c->folder, s->file);
    if (!path) return NAS_ENOMEM;
    const nas_status st = nas_file_read(s->a, path, LIST_BYTES, &bytes, &n, err);
    if (st != NAS_OK) return nas_fail_in(err, st, "split.%s", list_keys[p]);
    const char *at = (const char *)bytes, *end = at + n;
    if (n >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) at += 3;
    for (int64_t number = 1; at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        if (!take_line(s, at, (size_t)(stop - at), p, part))
            return nas_fail(err, NAS_EINVAL,
                            "%s:%lld: expected a path that ends with <class>/<file>, got \"%.*s\"",
                            path, (long long)number, (int)(stop - at < 80 ? stop - at : 80), at);
        at = stop + 1;
    }
    return NAS_OK;
}

static nas_status judge_lists(const lists *s, bool allow_missing, const nas_log *log,
                              nas_err *err) {
    if (s->twice.n)
        return nas_fail(err, NAS_EINVAL,
                        "split: %lld lines name clips that stand in another list already: %s",
                        (long long)s->twice.n, s->twice.text);
    if (!s->missing.n) return NAS_OK;
    if (!allow_missing)
        return nas_fail(err, NAS_ENOTFOUND,
                        "split: %lld of %lld listed clips are not in %s: %s; put them there, or go "
                        "on without them (--allow-missing)",
                        (long long)s->missing.n, (long long)s->lines, s->c->folder,
                        s->missing.text);
    nas_warn(log, "split: %lld of %lld listed clips are not in %s and are left out: %s",
             (long long)s->missing.n, (long long)s->lines, s->c->folder, s->missing.text);
    return NAS_OK;
}

/* No part is empty, and each class has a clip to train on; one that validation or test lacks is
 * warned of. */
static nas_status judge_parts(const nas_clips *c, const uint8_t *part, const nas_log *log,
                              nas_arena *a, nas_err *err) {
    int64_t *count = nas_arena_array(a, PARTS * (size_t)c->n_labels, sizeof *count, err);
    if (!count) return NAS_ENOMEM;
    int64_t all[PARTS] = {0};
    for (int32_t i = 0; i < c->n; i++) {
        if (part[i] >= PARTS) continue;
        all[part[i]]++;
        count[part[i] * c->n_labels + c->clips[i].label]++;
    }
    for (int p = 0; p < PARTS; p++) {
        if (all[p] == 0)
            return nas_fail(err, NAS_EINVAL, "split: the %s of %s is empty",
                            nas_part_set((nas_part)p), c->folder);
        for (int32_t l = 0; l < c->n_labels; l++) {
            if (count[p * c->n_labels + l] > 0) continue;
            if (p == NAS_TRAIN)
                return nas_fail(err, NAS_EINVAL,
                                "split: the class \"%s\" has no clip in the training set",
                                c->labels[l]);
            nas_warn(log, "split: the class \"%s\" has no clip in the %s", c->labels[l],
                     nas_part_set((nas_part)p));
        }
    }
    return NAS_OK;
}

nas_status nas_split_by_lists(const nas_clips *c, const nas_split_config *config,
                              bool allow_missing, const nas_log *log, nas_arena *a, uint8_t *part,
                              nas_err *err) {
    lists s = {.c = c, .a = a};
    const char *const files[PARTS] = {config->train_list, config->validation_list,
                                      config->test_list};
    s.by_name = nas_arena_array(a, (size_t)c->n, sizeof *s.by_name, err);
    s.by_look = nas_arena_array(a, (size_t)c->n, sizeof *s.by_look, err);
    if (!s.by_name || !s.by_look) return NAS_ENOMEM;
    for (int32_t i = 0; i < c->n; i++) s.by_name[i] = s.by_look[i] = i;
    qsort_r(s.by_name, (size_t)c->n, sizeof *s.by_name, compare_names, (void *)c);
    qsort_r(s.by_look, (size_t)c->n, sizeof *s.by_look, compare_looks, (void *)c);
    memset(part, NAS_NO_PART, (size_t)c->n);
    for (int p = files[NAS_TRAIN] ? NAS_TRAIN : NAS_VALIDATION; p < PARTS; p++) {
        s.file = files[p];
        NAS_TRY(read_list(&s, (uint8_t)p, part, err));
    }
    NAS_TRY(judge_lists(&s, allow_missing, log, err));
    for (int32_t i = 0; !files[NAS_TRAIN] && i < c->n; i++)
        if (part[i] == NAS_NO_PART) part[i] = NAS_TRAIN;
    return judge_parts(c, part, log, a, err);
}

nas_status nas_split_by_folders(const nas_clips *c, const nas_log *log, nas_arena *a, uint8_t *part,
                                nas_err *err) {
    for (int32_t i = 0; i < c->n; i++) {
        const char *name = c->clips[i].name, *slash = strchr(name, '/');
        const size_t n = slash ? (size_t)(slash - name) : 0;
        part[i] = NAS_NO_PART;
        for (int p = 0; p < PARTS; p++) {
            const char *folder = nas_part_name((nas_part)p);
            if (strlen(folder) == n && memcmp(folder, name, n) == 0) part[i] = (uint8_t)p;
        }
        if (part[i] == NAS_NO_PART || !strchr(slash + 1, '/'))
            return nas_fail(err, NAS_EINVAL,
                            "split: %s of %s does not stand in train/, validation/ or test/", name,
                            c->folder);
    }
    return judge_parts(c, part, log, a, err);
}
