/* core/data/split/groups.c - folds that a file of the data set says, a line a speaker. */
#include "core/data/split/int.h"

#include "base/files/file.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_BYTES = 1 << 28, UNSAID = 254, NUMBER_CHARS = 3 };

/* One line of the list; the texts lie in the file's bytes and are not ended by NUL. */
typedef struct said {
    const char *speaker;
    size_t length;
    int32_t line;
    uint8_t fold;
} said;

typedef struct list {
    const char *path;
    said *lines; /* by speaker */
    size_t n;
    int32_t folds;
} list;

static int compare_text(const char *x, size_t n, const char *y, size_t m) {
    const int order = memcmp(x, y, n < m ? n : m);
    return order ? order : (n > m) - (n < m);
}

static int by_speaker(const void *x, const void *y) {
    const said *a = x, *b = y;
    const int order = compare_text(a->speaker, a->length, b->speaker, b->length);
    return order ? order : (a->line > b->line) - (a->line < b->line);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '"';
}

static void trim(const char **from, const char **to) {
    while (*to > *from && is_blank((*to)[-1])) (*to)--;
    while (*from < *to && is_blank(**from)) (*from)++;
}

/* The number of a fold, NAS_TEST_FOLD for "test", or -1. */
static int32_t fold_of(const list *l, const char *from, const char *to) {
    const size_t n = (size_t)(to - from);
    if (n == 4 && memcmp(from, "test", 4) == 0) return NAS_TEST_FOLD;
    if (n == 0 || n > NUMBER_CHARS) return -1;
    int32_t k = 0;
    for (const char *p = from; p < to; p++) {
        if (*p < '0' || *p > '9') return -1;
        k = 10 * k + (*p - '0');
    }
    return k < l->folds ? k : -1;
}

/* "speaker,fold", or the head of such a table. */
static nas_status take_line(list *l, const char *from, const char *to, int32_t number,
                            nas_err *err) {
    const char *line = from, *whole = to;
    trim(&from, &to);
    if (from == to) return NAS_OK;
    const char *comma = to;
    while (comma > from && comma[-1] != ',' && comma[-1] != '\t' && comma[-1] != ';') comma--;
    const char *end = comma > from ? comma - 1 : from, *second = comma, *stop = to;
    trim(&from, &end);
    trim(&second, &stop);
    const int32_t k = end > from ? fold_of(l, second, stop) : -1;
    if (k < 0 && number == 1 && end > from && (size_t)(stop - second) == 4 &&
        memcmp(second, "fold", 4) == 0)
        return NAS_OK;
    if (k < 0)
        return nas_fail(err, NAS_EINVAL,
                        "%s:%d: expected \"speaker,fold\" with a fold from 0 to %d, or \"test\", "
                        "got \"%.*s\"",
                        l->path, number, l->folds - 1, (int)(whole - line < 80 ? whole - line : 80),
                        line);
    l->lines[l->n++] = (said){from, (size_t)(end - from), number, (uint8_t)k};
    return NAS_OK;
}

static nas_status read_list(list *l, nas_arena *a, nas_err *err) {
    uint8_t *bytes;
    size_t n;
    const nas_status st = nas_file_read(a, l->path, LIST_BYTES, &bytes, &n, err);
    if (st != NAS_OK) return nas_fail_in(err, st, "split.list");
    const char *at = (const char *)bytes, *end = at + n;
    if (n >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) at += 3;
    size_t lines = 1;
    for (const char *p = at; p < end; p++) lines += *p == '\n';
    if (!(l->lines = nas_arena_array(a, lines, sizeof *l->lines, err))) return NAS_ENOMEM;
    for (int32_t number = 1; at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        NAS_TRY(take_line(l, at, stop, number, err));
        at = stop + 1;
    }
    qsort(l->lines, l->n, sizeof *l->lines, by_speaker);
    for (size_t i = 1; i < l->n; i++) {
        const said *x = &l->lines[i - 1], *y = &l->lines[i];
        if (compare_text(x->speaker, x->length, y->speaker, y->length) == 0 && x->fold != y->fold)
            return nas_fail(
                err, NAS_EINVAL, "%s:%d: the speaker \"%.*s\" stands in another fold in line %d",
                l->path, y->line, (int)(y->length < 80 ? y->length : 80), y->speaker, x->line);
    }
    return NAS_OK;
}

static const said *find(const list *l, const char *speaker) {
    const said key = {.speaker = speaker, .length = strlen(speaker)};
    size_t lo = 0, hi = l->n;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (by_speaker(&l->lines[mid], &key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == l->n) return NULL;
    const said *s = &l->lines[lo];
    return compare_text(s->speaker, s->length, key.speaker, key.length) == 0 ? s : NULL;
}

static nas_status give_folds(const list *l, const nas_dealing *d, const nas_log *log, uint8_t *fold,
                             nas_err *err) {
    const nas_clips *c = d->c;
    int32_t unsaid = 0, heard = 0;
    const char *example = "";
    memset(d->part, UNSAID, (size_t)d->n_speakers);
    for (int32_t i = 0; i < c->n; i++) {
        const int32_t rank = d->speaker_of[i];
        if (d->part[rank] == UNSAID) {
            const said *s = find(l, c->clips[i].speaker);
            if (s) {
                d->part[rank] = s->fold;
                heard++;
            } else {
                unsaid++;
                if (!example[0]) example = c->clips[i].name;
            }
        }
        fold[i] = d->part[rank];
    }
    if (unsaid)
        return nas_fail(err, NAS_EINVAL,
                        "split: clips of speakers that stand in no line of %s, the first %s; give "
                        "each speaker a line \"speaker,fold\", or take their clips out of %s",
                        l->path, example, c->folder);
    size_t listed = 0;
    for (size_t i = 0; i < l->n; i++)
        listed += i == 0 || compare_text(l->lines[i].speaker, l->lines[i].length,
                                         l->lines[i - 1].speaker, l->lines[i - 1].length) != 0;
    if (listed > (size_t)heard)
        nas_warn(log, "split: %lld of %lld speakers of %s have no clip in %s",
                 (long long)listed - heard, (long long)listed, l->path, c->folder);
    return NAS_OK;
}

/* No fold is empty, and each class has clips to train on beside each fold. */
static nas_status judge(const list *l, const nas_dealing *d, const uint8_t *fold,
                        const nas_log *log, nas_err *err) {
    const nas_clips *c = d->c;
    const int32_t labels = c->n_labels;
    memset(d->count, 0, (size_t)(l->folds + 1) * (size_t)labels * sizeof *d->count);
    for (int32_t i = 0; i < c->n; i++) {
        const int32_t k = fold[i] == NAS_TEST_FOLD ? l->folds : fold[i];
        d->count[k * labels + c->clips[i].label]++;
    }
    for (int32_t k = 0; k < l->folds; k++) {
        int64_t all = 0;
        for (int32_t i = 0; i < labels; i++) {
            const int64_t n = d->count[k * labels + i];
            all += n;
            if (d->total[i] - d->count[l->folds * labels + i] - n < 1)
                return nas_fail(err, NAS_EINVAL,
                                "split: beside fold %d of %s no clip of \"%s\" is left to train on",
                                k, l->path, c->labels[i]);
            if (n == 0)
                nas_warn(log, "split: the class \"%s\" has no clip in fold %d of %s", c->labels[i],
                         k, l->path);
        }
        if (all == 0)
            return nas_fail(err, NAS_EINVAL,
                            "split: fold %d of %s has no clips; \"folds\" is %d, and each has some",
                            k, l->path, l->folds);
    }
    return NAS_OK;
}

nas_status nas_split_by_groups(const nas_clips *c, const nas_split_config *config,
                               const nas_log *log, nas_arena *a, uint8_t *fold, nas_err *err) {
    if (!config->list || !nas_split_path_fits(config->list))
        return nas_fail(err, NAS_EINVAL,
                        "split.list: expected a file inside the data folder, without \"..\", got "
                        "%s",
                        config->list ? config->list : "none");
    list l = {.folds = config->folds};
    if (!(l.path = nas_arena_format(a, err, "%s/%s", c->folder, config->list))) return NAS_ENOMEM;
    nas_dealing d = {0};
    NAS_TRY(nas_dealing_open(&d, c, config->folds + 1, a, err));
    NAS_TRY(read_list(&l, a, err));
    NAS_TRY(give_folds(&l, &d, log, fold, err));
    return judge(&l, &d, fold, log, err);
}
