/* core/data/split/keys.c - the tables of the keys of "split". */
#include "core/data/split/split.h"

#include <string.h>

static const char *const by_words[] = {"speaker", "file", "lists", "folders", "groups", NULL};

#define AT(member) .offset = offsetof(nas_split_config, member)
#define BY                                                                                       \
    {                                                                                            \
        .name = "by", .kind = NAS_KEY_WORD, AT(by), .def = "\"speaker\"", .words = by_words,     \
        .help = "speaker: a speaker's clips are all in one set; file: each clip by itself; "     \
                "lists: files say; folders: the data folder has train/, validation/ and test/; " \
                "groups: a file says the fold of each speaker"                                   \
    }

const nas_key nas_split_keys[] = {
    BY,
    {.name = "validation",
     .kind = NAS_KEY_FLOAT,
     AT(validation),
     .lo = 0.001,
     .hi = 0.9,
     .def = "0.1",
     .help = "share of the clips that selects, a fraction"},
    {.name = "test",
     .kind = NAS_KEY_FLOAT,
     AT(test),
     .lo = 0,
     .hi = 0.9,
     .def = "0.1",
     .help = "share of the clips that is read once, for the finalists, a fraction; 0 only with "
             "folds"},
    {.name = "folds",
     .kind = NAS_KEY_INT,
     AT(folds),
     .lo = 2,
     .hi = NAS_FOLDS_MOST,
     .def = "null",
     .flags = NAS_KEY_NULLABLE,
     .help = "cross-validation by speaker: groups that select in turn, instead of validation; "
             "null: none"},
    {.name = "stopping",
     .kind = NAS_KEY_FLOAT,
     AT(stopping),
     .lo = 0,
     .hi = 0.5,
     .def = "0",
     .help =
         "with folds: share of the clips of each fold, in speakers of their own, that only picks "
         "the epoch, for keep \"best\" and patience; 0: none"},
    NAS_KEY_END,
};

const nas_key nas_split_lists_keys[] = {
    BY,
    {.name = "train",
     .kind = NAS_KEY_TEXT,
     AT(train_list),
     .def = "null",
     .flags = NAS_KEY_NULLABLE,
     .help = "file in the data folder, a clip a line: class/file at the end of it; null: all clips "
             "of no other list"},
    {.name = "validation",
     .kind = NAS_KEY_TEXT,
     AT(validation_list),
     .help = "the same for the clips that select"},
    {.name = "test",
     .kind = NAS_KEY_TEXT,
     AT(test_list),
     .help = "the same for the clips that are read once, for the finalists"},
    NAS_KEY_END,
};

const nas_key nas_split_folders_keys[] = {BY, NAS_KEY_END};

const nas_key nas_split_groups_keys[] = {
    BY,
    {.name = "list",
     .kind = NAS_KEY_TEXT,
     AT(list),
     .help =
         "file in the data folder, a line a speaker: speaker,fold; folds count from 0, \"test\" "
         "is the test set"},
    {.name = "folds",
     .kind = NAS_KEY_INT,
     AT(folds),
     .lo = 2,
     .hi = NAS_FOLDS_MOST,
     .help = "how many there are; each selects in turn"},
    NAS_KEY_END,
};

bool nas_split_path_fits(const char *path) {
    if (path[0] == '/' || path[0] == '\0') return false;
    for (const char *p = path; *p;) {
        const size_t n = strcspn(p, "/");
        if (n == 2 && memcmp(p, "..", 2) == 0) return false;
        p += n + (p[n] == '/');
    }
    return true;
}
