/* search/candidate/blocks.c - the table of blocks, and walks over it. */
#include "search/candidate/blocks.h"

#include "search/candidate/candidate_int.h"
#include "search/sampler/names.h"
#include "search/task/task.h"

#include <string.h>

#define AT(block, name) .above = &nas_block_##block, .key = name
#define TOP(name)       AT(top, name)
#define TEXT(name)      .text = offsetof(nas_candidate, name##_json)
#define CONFIG(name)    .decoded = true, .config = offsetof(nas_candidate, name)

const nas_block_row nas_block_rows[] = {
    {TOP("schema"), .role = NAS_ROLE_WRITTEN | NAS_ROLE_FREE},
    {TOP("name"), .role = NAS_ROLE_WRITTEN | NAS_ROLE_KEPT | NAS_ROLE_FREE},
    {TOP("task"), .block = &nas_block_task,
     .role = NAS_ROLE_WRITTEN | NAS_ROLE_HASHED | NAS_ROLE_KEPT, TEXT(task)},
    {TOP("point"), .block = &nas_block_point, .role = NAS_ROLE_CANDIDATE, .needs = NAS_HAS_POINT,
     .decoded = true}, /* its table counts from the candidate's begin */
    {TOP("frontend"), .block = &nas_block_frontend, .role = NAS_ROLE_CANDIDATE,
     .needs = NAS_HAS_SOUND, .stages = NAS_BITS_FEATURES, TEXT(frontend), CONFIG(frontend)},
    {TOP("augment"), .block = &nas_block_augment, .role = NAS_ROLE_CANDIDATE,
     .needs = NAS_HAS_SOUND, .stages = NAS_BITS_EXAMPLES, TEXT(augment), CONFIG(augment)},
    /* Decoded after all others, which say what its layers may be. */
    {TOP("model"), .block = &nas_block_model, .role = NAS_ROLE_CANDIDATE, .needs = NAS_HAS_NET,
     .stages = NAS_BITS_TRAINING, TEXT(model)},
    {TOP("train"), .block = &nas_block_train, .role = NAS_ROLE_CANDIDATE, .needs = NAS_HAS_NET,
     .stages = NAS_BITS_TRAINING, .build = nas_train_build, TEXT(train), CONFIG(train)},
    {TOP("prune"), .block = &nas_block_prune, .check = nas_check_prune,
     .role = NAS_ROLE_CANDIDATE | NAS_ROLE_NOTED, .needs = NAS_HAS_NET, .stages = NAS_BITS_MASKS,
     .build = nas_prune_build, TEXT(prune), CONFIG(prune)},
    {TOP("cluster"), .block = &nas_block_cluster, .check = nas_check_cluster,
     .strip = nas_strip_cluster, .role = NAS_ROLE_CANDIDATE | NAS_ROLE_NOTED, .needs = NAS_HAS_NET,
     .stages = NAS_BITS_CLUSTERS, .build = nas_cluster_build, TEXT(cluster), CONFIG(cluster)},
    {TOP("quantize"), .block = &nas_block_quantize, .check = nas_check_quantize,
     .strip = nas_strip_quantize, .role = NAS_ROLE_CANDIDATE | NAS_ROLE_NOTED, .needs = NAS_HAS_NET,
     .stages = NAS_BITS_TUNING | NAS_BITS_FILE, .build = nas_quantize_build, TEXT(quantize),
     CONFIG(quantize)},
    {TOP("export"), .block = &nas_block_export, .role = NAS_ROLE_CANDIDATE, .needs = NAS_HAS_NET,
     .stages = NAS_BITS_STEPS | NAS_BITS_FILE, TEXT(export), CONFIG(export)},
    /* What these four say is checked when the candidate's blocks are sound (search/space). */
    {TOP("objective"), .role = NAS_ROLE_SPACE | NAS_ROLE_FREE},
    {TOP("objectives"), .role = NAS_ROLE_SPACE | NAS_ROLE_FREE},
    {TOP("constraints"), .role = NAS_ROLE_SPACE | NAS_ROLE_FREE},
    {TOP("forbid"), .role = NAS_ROLE_SPACE},
    {TOP("try_first"), .role = NAS_ROLE_SPACE},
    {TOP("search"), .block = &nas_block_search, .role = NAS_ROLE_SPACE},

    {AT(model, "layers"), .check = nas_check_layers, .strip = nas_strip_layers},
    {AT(train, "learning_rate"), .block = &nas_block_schedule, .number = "from",
     .check = nas_check_rate, .strip = nas_strip_rate},
    {AT(search, "sampler"), .check = nas_check_sampler},
    {AT(search, "seed"), .check = nas_check_seed},
    {.above = NULL},
};

static const nas_block *const blocks[] = {
    &nas_block_top,    &nas_block_point,   &nas_block_frontend, &nas_block_augment,
    &nas_block_model,  &nas_block_repeat,  &nas_block_train,    &nas_block_schedule,
    &nas_block_prune,  &nas_block_cluster, &nas_block_quantize, &nas_block_export,
    &nas_block_search,
};

const nas_block *nas_block_at(int32_t i) {
    const int32_t n = (int32_t)(sizeof blocks / sizeof *blocks);
    if (i < n) return blocks[i];
    i -= n;
    for (int32_t k = 0; nas_task_at(k); k++)
        for (const nas_block *const *b = nas_task_at(k)->blocks; *b; b++)
            if (i-- == 0) return *b;
    return NULL;
}

const nas_block_row *nas_block_table(int32_t i) {
    static const nas_block_row none = {.above = NULL};
    if (i == 0) return nas_block_rows;
    const nas_task_ops *task = nas_task_at(i - 1);
    return !task ? NULL : task->rows ? task->rows : &none;
}

const nas_block_row *nas_block_row_at(const nas_block *above, const char *key) {
    const nas_block_row *r;
    for (int32_t i = 0; (r = nas_block_table(i)); i++)
        for (; r->above; r++)
            if (r->above == above && strcmp(r->key, key) == 0) return r;
    return NULL;
}

const nas_block_row *nas_block_row_of(const nas_key *k) {
    const nas_block_row *r;
    for (int32_t i = 0; (r = nas_block_table(i)); i++)
        for (; r->above; r++)
            if (strcmp(r->key, k->name) == 0 && nas_block_find(r->above, r->key) == k) return r;
    return NULL;
}

uint32_t nas_block_role(const char *key) {
    const nas_block_row *r = nas_block_row_at(&nas_block_top, key);
    return r ? r->role : 0;
}

const nas_block_row *nas_block_next_row(const nas_block_row *last, uint32_t role) {
    for (const nas_block_row *r = last ? last + 1 : nas_block_rows; r->above; r++)
        if (r->above == &nas_block_top && (r->role & role) == role) return r;
    return NULL;
}

const char *nas_block_text(const nas_block_row *row, const nas_candidate *c) {
    const char *text = NULL;
    if (row->text) memcpy(&text, (const char *)c + row->text, sizeof text);
    return text ? text : "";
}

void nas_candidate_bits(const nas_candidate *c, uint32_t stage, nas_hasher *h) {
    for (const nas_block_row *r = nas_block_rows; r->above; r++)
        if (r->stages & stage) nas_hasher_text(h, nas_block_text(r, c));
}

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
    const nas_block_row *r = nas_block_row_at(b, key);
    return r ? r->block : NULL;
}

const nas_block *nas_block_variant(const nas_block *b, const cJSON *v) {
    return b && b->variant ? b->variant(v) : b;
}

const nas_block *nas_block_of_kind(const cJSON *v) {
    const cJSON *kind = nas_json_get(v, "kind");
    const nas_task_ops *task = cJSON_IsString(kind) ? nas_task_find(kind->valuestring) : NULL;
    return task ? task->block : nas_task_at(0)->block;
}

const nas_block *nas_block_of_sampler(const cJSON *v) {
    const cJSON *name = nas_json_get(v, "sampler");
    for (int32_t i = 0; cJSON_IsString(name) && nas_sampler_name(i); i++)
        if (strcmp(nas_sampler_name(i), name->valuestring) == 0 && nas_sampler_block(i, NULL))
            return nas_sampler_block(i, NULL);
    return &nas_block_search;
}
