/* search/task/keywords/keys.c - the tables of the keys of task: clips, labels, split. */
#include "base/text/visible.h"
#include "search/candidate/candidate_int.h"
#include "search/task/keywords/keywords.h"

#include <string.h>

#define TASK(member) .offset = offsetof(nas_keywords_task, member)

static const nas_key task_keys[] = {
    {.name = "kind",
     .kind = NAS_KEY_WORD,
     TASK(kind),
     .words = nas_task_kinds,
     .help = "keywords: classes of short sound clips; forecast and test_function have keys of "
             "their own"},
    {.name = "data",
     .kind = NAS_KEY_TEXT,
     TASK(data),
     .help = "folder of class folders, from the working directory"},
    {.name = "labels",
     .kind = NAS_KEY_BLOCK,
     .def = "null",
     .help = "list of class folders, at least two; null: all of them"},
    {.name = "clip_seconds",
     .kind = NAS_KEY_FLOAT,
     TASK(clip_seconds),
     .lo = 0.01,
     .hi = 60,
     .def = "1",
     .help = "length in s that clips are padded or cropped to"},
    {.name = "crop",
     .kind = NAS_KEY_WORD,
     TASK(crop),
     .def = "\"start\"",
     .words = nas_crop_words,
     .help = "what is heard of clips that are longer: their start, centre, or the part with the "
             "largest energy"},
    {.name = "full_scale",
     .kind = NAS_KEY_FLOAT,
     TASK(full_scale),
     .lo = 1,
     .hi = 4294967296,
     .def = "1",
     .help =
         "value that stands for 1 in sound files of floats; 32768 for 16 bit integers that were "
         "stored as floats"},
    {.name = "unreadable",
     .kind = NAS_KEY_INT,
     TASK(unreadable),
     .lo = 0,
     .hi = 1000000,
     .def = "0",
     .help = "so many clips that cannot be read may be left out"},
    {.name = "unknown",
     .kind = NAS_KEY_BLOCK,
     .def = "null",
     .help = "a label whose clips come from other class folders; null: none"},
    {.name = "silence",
     .kind = NAS_KEY_BLOCK,
     .def = "null",
     .help = "a label that is cut from the recordings in _background_noise_; null: none"},
    {.name = "split", .kind = NAS_KEY_BLOCK, .def = "{}", .help = "training, validation, test"},
    NAS_KEY_END,
};

static const nas_key pattern_keys[] = {
    {.name = "speaker_pattern",
     .kind = NAS_KEY_TEXT,
     TASK(speaker_pattern),
     .def = "null",
     .flags = NAS_KEY_NULLABLE | NAS_KEY_PATTERN,
     .help = "POSIX extended expression; its first group in a file's name is the speaker, and "
             "every name must have it; null: the folder between clip and class folder, else what "
             "stands before _nohash_, else a warning and the whole name"},
    NAS_KEY_END,
};

/* What keys say of each other */

static void check_labels(nas_check *c, const char *path, const cJSON *v) {
    int32_t n = 0;
    bool good = cJSON_IsArray(v);
    if (cJSON_IsNull(v)) return;
    for (const cJSON *l = good ? v->child : NULL; l; l = l->next, n++) {
        const char *item = nas_path_item(c->arena, path, n);
        if (!cJSON_IsString(l) || !*l->valuestring || strchr(l->valuestring, '/') ||
            l->valuestring[0] == '.' || !nas_is_line(l->valuestring)) {
            char got[48];
            nas_json_show(l, got);
            nas_check_problem(c, item, l, false, "expected the name of a class folder, got %s",
                              got);
            continue;
        }
        if (n >= NAS_LABELS_MOST) continue;
        for (const cJSON *m = v->child; m != l; m = m->next)
            if (cJSON_IsString(m) && strcmp(m->valuestring, l->valuestring) == 0)
                nas_check_problem(c, item, l, false, "\"%.60s\" stands twice", l->valuestring);
    }
    if (!good || n < 2 || n > NAS_LABELS_MOST)
        nas_check_problem(c, path, v, false, "expected a list of 2 .. %d class folders, or null",
                          NAS_LABELS_MOST);
}

static const nas_block split_block, lists_block, folders_block, groups_block;

static const nas_block *split_variant(const cJSON *v) {
    const cJSON *by = nas_json_get(v, "by");
    if (!cJSON_IsString(by)) return &split_block;
    return strcmp(by->valuestring, "lists") == 0     ? &lists_block
           : strcmp(by->valuestring, "folders") == 0 ? &folders_block
           : strcmp(by->valuestring, "groups") == 0  ? &groups_block
                                                     : &split_block;
}

/* Lists lie inside the data folder; folds take the place of the validation share. */
static void check_split(nas_check *c, const char *path, const cJSON *v, const nas_block *b) {
    const cJSON *folds = nas_json_get(v, "folds"), *by = nas_json_get(v, "by");
    const bool folded = folds && !cJSON_IsNull(folds);
    const cJSON *share = nas_json_get(v, "validation"), *test = nas_json_get(v, "test");
    const double validation = cJSON_IsNumber(share) ? share->valuedouble : 0.1;
    if (b == &split_block && !folded &&
        validation + (cJSON_IsNumber(test) ? test->valuedouble : 0.1) >= 1)
        nas_check_problem(c, path, v, false, "validation and test leave nothing to train");
    for (const cJSON *k = v->child; k; k = k->next) {
        const char *where = nas_path_key(c->arena, path, k->string);
        const nas_key *key = nas_block_find(b, k->string);
        if ((b == &lists_block || b == &groups_block) && key && key->kind == NAS_KEY_TEXT &&
            cJSON_IsString(k) && strcmp(k->string, "speaker_pattern") != 0 &&
            !nas_split_path_fits(k->valuestring))
            nas_check_problem(c, where, k, false,
                              "expected a file inside the data folder: a relative path without "
                              "\"..\"");
        if (b != &split_block) continue;
        if (folded && strcmp(k->string, "validation") == 0)
            nas_check_problem(c, where, k, true,
                              "with folds each of them is the validation set once; leave it out");
        if (!folded && strcmp(k->string, "stopping") == 0 && cJSON_IsNumber(k) &&
            k->valuedouble > 0)
            nas_check_problem(c, where, k, true,
                              "belongs to folds; without them the validation set picks the epoch");
        if (folded && k == by && cJSON_IsString(k) && strcmp(k->valuestring, "file") == 0)
            nas_check_problem(c, where, k, false,
                              "folds are by \"speaker\", or by \"groups\" of a list");
        if (!folded && strcmp(k->string, "test") == 0 && cJSON_IsNumber(k) && k->valuedouble >= 0 &&
            k->valuedouble < 0.001)
            nas_check_problem(c, where, k, false, "expected at least 0.001 without folds");
    }
}

NAS_BLOCK(task, "task", "Data and classes.", NAS_TABLES(task_keys), .variant = nas_block_of_kind);
static const nas_block unknown_block = {.path = "task.unknown",
                                        .help = "Words that are none of the labels.",
                                        NAS_TABLES(nas_unknown_keys)};
static const nas_block silence_block = {
    .path = "task.silence", .help = "Noise without a word.", NAS_TABLES(nas_silence_keys)};
static const nas_block split_block = {.path = "task.split",
                                      .help =
                                          "Which clip trains, which selects, which is read once.",
                                      NAS_TABLES(nas_split_keys, pattern_keys),
                                      .check = check_split,
                                      .variant = split_variant};
static const nas_block lists_block = {.path = "task.split by lists",
                                      .help = "List files of the data set.",
                                      NAS_TABLES(nas_split_lists_keys, pattern_keys),
                                      .check = check_split};
static const nas_block folders_block = {.path = "task.split by folders",
                                        .help =
                                            "The data folder has train/, validation/ and test/.",
                                        NAS_TABLES(nas_split_folders_keys, pattern_keys)};
static const nas_block groups_block = {.path = "task.split by groups",
                                       .help = "Folds that the data set says.",
                                       NAS_TABLES(nas_split_groups_keys, pattern_keys),
                                       .check = check_split};

const nas_block *const nas_keywords_blocks[] = {
    &nas_block_task, &unknown_block, &silence_block, &split_block,
    &lists_block,    &folders_block, &groups_block,  NULL};

const nas_block_row nas_keywords_rows[] = {
    {.above = &nas_block_task, .key = "data", .role = NAS_ROLE_DATA},
    {.above = &nas_block_task, .key = "labels", .check = check_labels},
    {.above = &nas_block_task, .key = "split", .block = &split_block},
    {.above = &nas_block_task,
     .key = "unknown",
     .block = &unknown_block,
     .null = true,
     .role = NAS_ROLE_DATA},
    {.above = &nas_block_task,
     .key = "silence",
     .block = &silence_block,
     .null = true,
     .role = NAS_ROLE_DATA},
    {.above = &unknown_block, .key = "folders", .check = nas_check_unknown_folders},
    {.above = NULL},
};
