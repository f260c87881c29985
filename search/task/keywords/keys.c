/* search/task/keywords/keys.c - the tables of the keys of task: clips, labels, split. */
#include "search/candidate/candidate_int.h"
#include "search/task/keywords/keywords.h"

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

#define BLOCK(name, where, text, ...) \
    const nas_block nas_block_##name = {.path = where, .help = text, __VA_ARGS__}
#define KEYS(...) .tables = {__VA_ARGS__}

BLOCK(task, "task", "Data and classes.", KEYS(task_keys));
BLOCK(unknown, "task.unknown", "Words that are none of the labels.", KEYS(nas_unknown_keys));
BLOCK(silence, "task.silence", "Noise without a word.", KEYS(nas_silence_keys));
BLOCK(split, "task.split", "Which clip trains, which selects, which is read once.",
      KEYS(nas_split_keys, pattern_keys), .check = nas_check_split);
BLOCK(lists, "task.split by lists", "List files of the data set.",
      KEYS(nas_split_lists_keys, pattern_keys), .check = nas_check_split);
BLOCK(folders, "task.split by folders", "The data folder has train/, validation/ and test/.",
      KEYS(nas_split_folders_keys, pattern_keys));
BLOCK(groups, "task.split by groups", "Folds that the data set says.",
      KEYS(nas_split_groups_keys, pattern_keys), .check = nas_check_split);
