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
     .flags = NAS_KEY_NULLABLE,
     .help = "POSIX extended expression; its first group in a file's name is the speaker, and "
             "every name must have it; null: the folder between clip and class folder, else what "
             "stands before _nohash_, else a warning and the whole name"},
    NAS_KEY_END,
};

/* What keys say of each other */

void nas_check_labels(nas_check *c, const char *path, const cJSON *v) {
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

/* Lists lie inside the data folder; folds take the place of the validation share. */
static void check_split(nas_check *c, const char *path, const cJSON *v, const nas_block *b) {
    const cJSON *folds = nas_json_get(v, "folds"), *by = nas_json_get(v, "by");
    const bool folded = folds && !cJSON_IsNull(folds);
    const cJSON *share = nas_json_get(v, "validation"), *test = nas_json_get(v, "test");
    const double validation = cJSON_IsNumber(share) ? share->valuedouble : 0.1;
    if (b == &nas_block_split && !folded &&
        validation + (cJSON_IsNumber(test) ? test->valuedouble : 0.1) >= 1)
        nas_check_problem(c, path, v, false, "validation and test leave nothing to train");
    for (const cJSON *k = v->child; k; k = k->next) {
        const char *where = nas_path_key(c->arena, path, k->string);
        const nas_key *key = nas_block_find(b, k->string);
        if ((b == &nas_block_lists || b == &nas_block_groups) && key && key->kind == NAS_KEY_TEXT &&
            cJSON_IsString(k) && strcmp(k->string, "speaker_pattern") != 0 &&
            !nas_split_path_fits(k->valuestring))
            nas_check_problem(c, where, k, false,
                              "expected a file inside the data folder: a relative path without "
                              "\"..\"");
        if (b != &nas_block_split) continue;
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

NAS_BLOCK(task, "task", "Data and classes.", NAS_TABLES(task_keys));
NAS_BLOCK(unknown, "task.unknown", "Words that are none of the labels.",
          NAS_TABLES(nas_unknown_keys));
NAS_BLOCK(silence, "task.silence", "Noise without a word.", NAS_TABLES(nas_silence_keys));
NAS_BLOCK(split, "task.split", "Which clip trains, which selects, which is read once.",
          NAS_TABLES(nas_split_keys, pattern_keys), .check = check_split);
NAS_BLOCK(lists, "task.split by lists", "List files of the data set.",
          NAS_TABLES(nas_split_lists_keys, pattern_keys), .check = check_split);
NAS_BLOCK(folders, "task.split by folders", "The data folder has train/, validation/ and test/.",
          NAS_TABLES(nas_split_folders_keys, pattern_keys));
NAS_BLOCK(groups, "task.split by groups", "Folds that the data set says.",
          NAS_TABLES(nas_split_groups_keys, pattern_keys), .check = check_split);
