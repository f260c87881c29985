/* search/candidate/keys.c - the tables of the keys that belong to no one else: the file itself,
 * task, model, search; and which block stands where. */
#include "search/candidate/candidate_int.h"
#include "search/sampler/sampler.h"
#include "search/task/task.h"

#include <string.h>

#define TASK(member)   .offset = offsetof(nas_task, member)
#define SEARCH(member) .offset = offsetof(nas_search_config, member)

static const nas_key top_keys[] = {
    {.name = "schema",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_top, schema),
     .lo = 1,
     .hi = 1,
     .def = "1",
     .help = "version of this language"},
    {.name = "name",
     .kind = NAS_KEY_TEXT,
     .offset = offsetof(nas_top, name),
     .help = "of the study: letters, digits and underscores, a letter first"},
    {.name = "task", .kind = NAS_KEY_BLOCK, .help = "what is learnt from which data"},
    {.name = "point", .kind = NAS_KEY_BLOCK, .help = "numbers that a test function takes"},
    {.name = "frontend", .kind = NAS_KEY_BLOCK, .help = "from sound to features"},
    {.name = "augment", .kind = NAS_KEY_BLOCK, .def = "{}", .help = "changes to training examples"},
    {.name = "model", .kind = NAS_KEY_BLOCK, .help = "layers and their width"},
    {.name = "train", .kind = NAS_KEY_BLOCK, .help = "optimiser, schedule, epochs"},
    {.name = "prune", .kind = NAS_KEY_BLOCK, .def = "null", .help = "sparsity; null: none"},
    {.name = "cluster", .kind = NAS_KEY_BLOCK, .def = "null", .help = "shared weights; null: none"},
    {.name = "quantize",
     .kind = NAS_KEY_BLOCK,
     .def = "\"float32\"",
     .help = "number format of the file: a word, or an object with kind"},
    {.name = "export",
     .kind = NAS_KEY_BLOCK,
     .def = "{}",
     .help = "what the file holds beside the model"},
    {.name = "objective",
     .kind = NAS_KEY_BLOCK,
     .def = "{\"maximize\": \"accuracy\"}",
     .help = "{\"maximize\": metric} or {\"minimize\": metric}"},
    {.name = "objectives",
     .kind = NAS_KEY_BLOCK,
     .def = "null",
     .help = "list of objectives, instead of objective: the front of them is kept, no one winner"},
    {.name = "constraints",
     .kind = NAS_KEY_BLOCK,
     .def = "[]",
     .help = "list of \"metric op number\"; what the winner must satisfy"},
    {.name = "forbid",
     .kind = NAS_KEY_BLOCK,
     .def = "[]",
     .help = "list of conditions; points for which one of them holds are skipped"},
    {.name = "try_first",
     .kind = NAS_KEY_BLOCK,
     .def = "[]",
     .help = "list of {\"path\": value}: the first trials; other paths are drawn"},
    {.name = "search", .kind = NAS_KEY_BLOCK, .help = "sampler, trials, seed, workers"},
    NAS_KEY_END,
};

#define NAME(x) #x,
const char *const nas_task_kinds[] = {NAS_TASK_LIST(NAME) NULL};
#undef NAME

const char *const nas_crop_words[] = {"start", "centre", "loudest", NULL}; /* by nas_crop */

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

static const nas_key model_keys[] = {
    {.name = "width",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_candidate, width),
     .lo = 0.001,
     .hi = 64,
     .def = "1",
     .help = "multiplies filters and units of all layers but the last that has them"},
    {.name = "layers", .kind = NAS_KEY_BLOCK, .help = "list of layers, first to last"},
    NAS_KEY_END,
};

static const nas_key repeat_keys[] = {
    {.name = "repeat",
     .kind = NAS_KEY_INT,
     .lo = 1,
     .hi = NAS_REPEAT_MOST,
     .help = "how often the layers stand one after the other"},
    {.name = "layers", .kind = NAS_KEY_BLOCK, .help = "list of layers; an empty one is no layer"},
    NAS_KEY_END,
};

static const char *const prefers[] = {"best", "smallest", NULL};

const nas_key nas_search_keys[] = {
    {.name = "sampler",
     .kind = NAS_KEY_BLOCK,
     .help = "grid: every point in order; random: drawn points; sobol: drawn points that fill the "
             "space evenly"},
    {.name = "trials",
     .kind = NAS_KEY_INT,
     SEARCH(trials),
     .lo = 1,
     .hi = 1000000000,
     .def = "null",
     .flags = NAS_KEY_NULLABLE,
     .help = "of the study in total; null: all points of a finite space"},
    {.name = "seed",
     .kind = NAS_KEY_BLOCK,
     .lo = 0,
     .hi = (double)NAS_SEED_MOST,
     .def = "0",
     .help = "of all random numbers"},
    {.name = "workers",
     .kind = NAS_KEY_INT,
     SEARCH(workers),
     .lo = 1,
     .hi = 256,
     .def = "null",
     .flags = NAS_KEY_NULLABLE,
     .help = "processes; null: one for each core that nas may use"},
    {.name = "prefer",
     .kind = NAS_KEY_WORD,
     SEARCH(prefer),
     .def = "\"best\"",
     .words = prefers,
     .help = "which trial wins; best: the first by the objective; smallest: of those that are not "
             "told apart from the best the one with the least zlib_bytes"},
    {.name = "replicates",
     .kind = NAS_KEY_INT,
     SEARCH(replicates),
     .lo = 0,
     .hi = 20,
     .def = "null",
     .flags = NAS_KEY_NULLABLE,
     .help = "how often each finalist is trained again with another seed; null: twice with folds, "
             "else never"},
    {.name = "confidence",
     .kind = NAS_KEY_FLOAT,
     SEARCH(confidence),
     .lo = 0.5,
     .hi = 0.9999,
     .def = "0.95",
     .flags = NAS_KEY_NULLABLE,
     .help = "one-sided, of the bounds that constraints on estimates are tested against; null: the "
             "bare figures are tested"},
    NAS_KEY_END,
};

#define BLOCK(name, where, text, ...) \
    const nas_block nas_block_##name = {.path = where, .help = text, .tables = {__VA_ARGS__}}

BLOCK(top, "", "The file.", top_keys);
BLOCK(task, "task", "Data and classes.", task_keys);
BLOCK(unknown, "task.unknown", "Words that are none of the labels.", nas_unknown_keys);
BLOCK(silence, "task.silence", "Noise without a word.", nas_silence_keys);
BLOCK(split, "task.split", "Which clip trains, which selects, which is read once.", nas_split_keys,
      pattern_keys);
BLOCK(lists, "task.split by lists", "List files of the data set.", nas_split_lists_keys,
      pattern_keys);
BLOCK(folders, "task.split by folders", "The data folder has train/, validation/ and test/.",
      nas_split_folders_keys, pattern_keys);
BLOCK(groups, "task.split by groups", "Folds that the data set says.", nas_split_groups_keys,
      pattern_keys);
BLOCK(frontend, "frontend", "From sound to features.", nas_frontend_keys);
BLOCK(augment, "augment", "Changes to training examples.", nas_augment_keys);
BLOCK(model, "model", "The net.", model_keys);
BLOCK(repeat, "model.layers[] with repeat", "Layers several times.", repeat_keys);
BLOCK(train, "train", "Training.", nas_train_keys);
BLOCK(schedule, "train.learning_rate as an object", "A rate over all steps.", nas_schedule_keys);
BLOCK(prune, "prune as an object", "Zeros, made while the net trains.", nas_prune_keys);
BLOCK(cluster, "cluster as an object", "Weights that share few values.", nas_cluster_keys);
BLOCK(quantize, "quantize as an object", "Number format.", nas_quantize_keys);
BLOCK(export, "export", "What the file holds beside the model.", nas_export_keys);
BLOCK(search, "search", "How points are picked.", nas_search_keys);

const nas_block *const nas_blocks[] = {
    &nas_block_top,
    &nas_block_task,
    &nas_block_unknown,
    &nas_block_silence,
    &nas_block_split,
    &nas_block_lists,
    &nas_block_folders,
    &nas_block_groups,
    &nas_block_forecast,
    &nas_block_time,
    &nas_block_time_split,
    &nas_block_function,
    &nas_block_point,
    &nas_block_frontend,
    &nas_block_augment,
    &nas_block_model,
    &nas_block_repeat,
    &nas_block_train,
    &nas_block_schedule,
    &nas_block_prune,
    &nas_block_cluster,
    &nas_block_quantize,
    &nas_block_export,
    &nas_block_search,
    NULL,
};

const nas_key *nas_block_next(const nas_block *b, const nas_key *last) {
    if (!last) return b->tables[0];
    if (last[1].name) return last + 1;
    const nas_key *second = b->tables[1];
    if (!second) return NULL;
    for (const nas_key *k = second; k->name; k++)
        if (k == last) return NULL;
    return second;
}

const nas_key *nas_block_find(const nas_block *b, const char *key) {
    for (const nas_key *k = NULL; (k = nas_block_next(b, k));)
        if (strcmp(k->name, key) == 0) return k;
    return NULL;
}

const nas_block *nas_block_below(const nas_block *b, const char *key) {
    static const struct {
        const nas_block *above;
        const char *key;
        const nas_block *block;
    } rows[] = {{&nas_block_top, "task", &nas_block_task},
                {&nas_block_task, "split", &nas_block_split},
                {&nas_block_task, "unknown", &nas_block_unknown},
                {&nas_block_task, "silence", &nas_block_silence},
                {&nas_block_forecast, "split", &nas_block_time_split},
                {&nas_block_forecast, "time", &nas_block_time},
                {&nas_block_top, "point", &nas_block_point},
                {&nas_block_top, "frontend", &nas_block_frontend},
                {&nas_block_top, "augment", &nas_block_augment},
                {&nas_block_top, "model", &nas_block_model},
                {&nas_block_top, "train", &nas_block_train},
                {&nas_block_train, "learning_rate", &nas_block_schedule},
                {&nas_block_top, "prune", &nas_block_prune},
                {&nas_block_top, "cluster", &nas_block_cluster},
                {&nas_block_top, "quantize", &nas_block_quantize},
                {&nas_block_top, "export", &nas_block_export},
                {&nas_block_top, "search", &nas_block_search}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].above == b && strcmp(rows[i].key, key) == 0) return rows[i].block;
    return NULL;
}

const nas_block *nas_block_variant(const nas_block *b, const cJSON *v) {
    const cJSON *by = nas_json_get(v, "by"), *kind = nas_json_get(v, "kind");
    if (b == &nas_block_task && cJSON_IsString(kind) && nas_task_find(kind->valuestring))
        return nas_task_find(kind->valuestring)->block;
    if (b == &nas_block_search) {
        const nas_sampler *row = nas_sampler_named(nas_json_get(v, "sampler"));
        return row && row->block ? row->block : b;
    }
    if (b != &nas_block_split || !cJSON_IsString(by)) return b;
    return strcmp(by->valuestring, "lists") == 0     ? &nas_block_lists
           : strcmp(by->valuestring, "folders") == 0 ? &nas_block_folders
           : strcmp(by->valuestring, "groups") == 0  ? &nas_block_groups
                                                     : b;
}

/* Copies a tree whole, so that nothing of it is cJSON's. */
static cJSON *copy_tree(nas_arena *a, const cJSON *v) {
    cJSON *copy = nas_json_copy(a, v, v->string);
    if (!copy) return NULL;
    copy->child = NULL;
    if (v->valuestring && !(copy->valuestring = nas_arena_text(a, v->valuestring, NULL)))
        return NULL;
    for (const cJSON *c = v->child; c; c = c->next) {
        cJSON *child = copy_tree(a, c);
        if (!child) return NULL;
        nas_json_append(copy, child);
    }
    return copy;
}

nas_status nas_key_default(nas_arena *a, const nas_key *k, const cJSON **out, nas_err *err) {
    *out = NULL;
    if (!k->def) return NAS_OK;
    cJSON *v = cJSON_Parse(k->def);
    if (v) *out = copy_tree(a, v);
    cJSON_Delete(v);
    return *out ? NAS_OK
                : nas_fail(err, NAS_ENOMEM, "out of memory for the default of %s", k->name);
}
