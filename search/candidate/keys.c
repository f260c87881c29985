/* search/candidate/keys.c - the tables of the keys that belong to no one else: the file itself,
 * model, search; and the blocks that are made of tables. */
#include "search/candidate/candidate_int.h"
#include "search/task/task.h"

#include <string.h>

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

NAS_BLOCK(top, "", "The file.", NAS_TABLES(top_keys));
NAS_BLOCK(augment, "augment", "Changes to training examples.", NAS_TABLES(nas_augment_keys));
NAS_BLOCK(model, "model", "The net.", NAS_TABLES(model_keys));
NAS_BLOCK(repeat, "model.layers[] with repeat", "Layers several times.", NAS_TABLES(repeat_keys));
NAS_BLOCK(train, "train", "Training.", NAS_TABLES(nas_train_keys));
NAS_BLOCK(search, "search", "How points are picked.", NAS_TABLES(nas_search_keys),
          .variant = nas_block_of_sampler);
