/* search/task/forecast/split.c - which rows of a series train, select, are read once: by time
 * within each group, or by whole groups. */
#include "search/task/forecast/forecast.h"

#include <stdlib.h>
#include <string.h>

enum { DEALT_TEST = -1 }; /* else the fold; without folds 0 trains, 1 selects */

void nas_forecast_parts(const nas_time_split *split, int32_t rows, int32_t begin[NAS_PARTS],
                        int32_t end[NAS_PARTS]) {
    /* 0.7 + 0.2 is not 0.9 in binary. */
    const double tiny = 1e-9 * rows;
    const int32_t test = (int32_t)(rows * (1 - split->test) + tiny);
    const double kept = 1 - split->test - (split->folds > 1 ? 0 : split->validation);
    const int32_t validation = (int32_t)(rows * kept + tiny);
    begin[NAS_TRAIN] = 0;
    end[NAS_TRAIN] = begin[NAS_VALIDATION] = validation;
    end[NAS_VALIDATION] = begin[NAS_TEST] = test;
    end[NAS_TEST] = rows;
}

/* The rows that fold k learns from and is judged on: of the rows before the test set, in k + 1
 * equal blocks, it learns from the first ones and is judged on the next. k < 0: all of them. */
static void fold_parts(const nas_time_split *split, int32_t rows, int32_t k,
                       int32_t begin[NAS_PARTS], int32_t end[NAS_PARTS]) {
    nas_forecast_parts(split, rows, begin, end);
    if (k < 0) return;
    const int64_t n = end[NAS_TRAIN], blocks = split->folds + 1;
    end[NAS_TRAIN] = begin[NAS_VALIDATION] = (int32_t)(n * (k + 1) / blocks);
    end[NAS_VALIDATION] = (int32_t)(n * (k + 2) / blocks);
    begin[NAS_TEST] = end[NAS_TEST] = rows;
}

/* --- whole groups --- */

typedef struct place {
    nas_hash hash; /* of the name: an order that has nothing to do with what groups are */
    int32_t group;
} place;

static int compare(const void *a, const void *b) {
    return memcmp(&((const place *)a)->hash, &((const place *)b)->hash, sizeof(nas_hash));
}

static nas_status order_groups(const nas_series *s, nas_arena *a, place **out, nas_err *err) {
    place *p = *out = nas_arena_array(a, (size_t)s->n_groups, sizeof *p, err);
    if (!p) return NAS_ENOMEM;
    for (int32_t g = 0; g < s->n_groups; g++) {
        nas_hasher h = nas_hasher_start();
        nas_hasher_text(&h, "group");
        nas_hasher_text(&h, s->group_name[g]);
        p[g] = (place){nas_hasher_end(&h), g};
    }
    qsort(p, (size_t)s->n_groups, sizeof *p, compare);
    return NAS_OK;
}

static int32_t rows_of(const nas_series *s, int32_t group) {
    return s->group_begin[group + 1] - s->group_begin[group];
}

/* Groups from *next on, one at least, until another one would make more than the share. */
static void deal_share(const nas_series *s, const place *p, double share, int32_t word,
                       int32_t *next, int32_t *deal) {
    const double most = share * s->rows;
    double rows = 0;
    for (int32_t n = 0; *next < s->n_groups; n++, ++*next) {
        const int32_t group = p[*next].group, more = rows_of(s, group);
        if (n && rows + more / 2.0 > most) break;
        deal[group] = word;
        rows += more;
    }
}

/* Each of the others to the fold that has the fewest rows. */
static nas_status deal_folds(const nas_series *s, const place *p, int32_t next, int32_t folds,
                             nas_arena *a, int32_t *deal, nas_err *err) {
    int64_t *rows = nas_arena_array(a, (size_t)folds, sizeof *rows, err);
    if (!rows) return NAS_ENOMEM;
    for (; next < s->n_groups; next++) {
        int32_t least = 0;
        for (int32_t k = 1; k < folds; k++)
            if (rows[k] < rows[least]) least = k;
        deal[p[next].group] = least;
        rows[least] += rows_of(s, p[next].group);
    }
    return NAS_OK;
}

nas_status nas_forecast_deal(nas_arena *a, const nas_time_split *split, const nas_series *s,
                             const int32_t **out, nas_err *err) {
    const int32_t folds = split->folds > 1 ? split->folds : 0, least = folds ? folds + 1 : 3;
    int32_t next = 0;
    place *p;
    *out = NULL;
    if (split->by != NAS_BY_GROUP) return NAS_OK;
    if (s->n_groups < least)
        return nas_fail(err, NAS_EINVAL,
                        "%s: column \"%.100s\" has %d different words; to split by group needs %d: "
                        "set \"by\": \"time\" in task.split",
                        s->path, s->config.group, s->n_groups, least);
    int32_t *deal = nas_arena_array(a, (size_t)s->n_groups, sizeof *deal, err);
    if (!deal) return NAS_ENOMEM;
    NAS_TRY(order_groups(s, a, &p, err));
    deal_share(s, p, split->test, DEALT_TEST, &next, deal);
    if (folds)
        NAS_TRY(deal_folds(s, p, next, folds, a, deal, err));
    else
        deal_share(s, p, split->validation, 1, &next, deal);
    *out = deal;
    return NAS_OK;
}

static bool is_in(int32_t dealt, int32_t folds, int32_t fold, nas_part part) {
    if (part == NAS_TEST) return dealt == DEALT_TEST && fold < 0;
    if (dealt == DEALT_TEST) return false;
    if (!folds) return dealt == (part == NAS_VALIDATION);
    return (part == NAS_VALIDATION) == (dealt == fold);
}

nas_status nas_forecast_spans(nas_arena *a, const nas_time_split *split, const nas_series *s,
                              const int32_t *deal, int32_t fold, nas_spans out[NAS_PARTS],
                              nas_err *err) {
    const size_t n = (size_t)s->n_groups;
    const int32_t folds = split->folds > 1 ? split->folds : 0;
    int32_t *v = nas_arena_array(a, 2 * NAS_PARTS * n, sizeof *v, err);
    if (!v) return NAS_ENOMEM;
    for (int p = 0; p < NAS_PARTS; p++) {
        int32_t *begin = v + 2 * n * (size_t)p, *end = begin + n;
        out[p] = (nas_spans){s->n_groups, begin, end};
        for (int32_t g = 0; g < s->n_groups; g++) {
            const int32_t first = s->group_begin[g], rows = s->group_begin[g + 1] - first;
            int32_t from[NAS_PARTS], to[NAS_PARTS];
            fold_parts(split, rows, fold, from, to);
            begin[g] = first + (deal ? 0 : from[p]);
            end[g] = deal ? first + (is_in(deal[g], folds, fold, (nas_part)p) ? rows : 0)
                          : first + to[p];
        }
    }
    return NAS_OK;
}
