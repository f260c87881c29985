/* tests/fuzz/fuzz_cache.c - libFuzzer target: any bytes as a file of the cache. The first byte says
 * which reader: of the file with its head, of packed clips, or of the state of a training and of a
 * net, which are handed any payload. A damaged file counts as absent and goes. */
#include "core/data/clips/int.h"
#include "core/nn/train/train.h"
#include "search/cache/cache.h"
#include "search/space/space.h"
#include "tests/fuzz/fuzz.h"

#include <stddef.h>

enum { H = 4, W = 3, ROWS = 6, CLASSES = 2 };

static char folder[80], path[192];
static nas_hash key;
static nas_net *net;
static nas_trainer *trainer;
static nas_candidate candidate;

static const char model[] =
    "{\"name\": \"f\", \"task\": {\"kind\": \"keywords\", \"data\": \"x\", \"labels\": [\"a\", "
    "\"b\"]},"
    "\"frontend\": {\"kind\": \"log_mel\", \"sample_rate_hz\": 8000, \"frame_length_ms\": 250,"
    " \"frame_step_ms\": 250, \"mel_bins\": 3, \"lower_hz\": 20, \"upper_hz\": 4000},"
    "\"model\": {\"layers\": [{\"op\": \"conv2d\", \"filters\": 2, \"kernel\": [2, 2]},"
    " {\"op\": \"batch_norm\"}, {\"op\": \"flatten\"}, {\"op\": \"dense\", \"units\": \"classes\"},"
    " {\"op\": \"softmax\"}]}, \"train\": {\"epochs\": 3, \"batch_size\": 2, \"learning_rate\": "
    "0.1}}";

static void make_trainer(nas_arena *a) {
    static float x[ROWS * H * W];
    static const int32_t y[ROWS] = {0, 1, 0, 1, 0, 1};
    static const nas_examples rows = {.x = x, .y = y, .n = ROWS, .h = H, .w = W};
    nas_err err = {0};
    nas_json *j;
    const nas_kernel *kernel;
    fuzz_demand(nas_json_parse(a, "f", model, &j, &err) == NAS_OK, "the model", &err);
    fuzz_demand(nas_candidate_decode(a, j, nas_json_root(j), CLASSES, &candidate, &err) == NAS_OK,
                "the model", &err);
    fuzz_demand(nas_kernel_choose(&kernel, &err) == NAS_OK, "a kernel", &err);
    fuzz_demand(nas_net_open(&candidate.model, CLASSES, 2, kernel, &net, &err) == NAS_OK, "a net",
                &err);
    nas_net_init(net, 1, 0);
    const nas_trainer_options o = {
        .net = net, .config = &candidate.train, .train = &rows, .seed = 1};
    fuzz_demand(nas_trainer_open(&o, &trainer, &err) == NAS_OK, "a trainer", &err);
}

static void prepare(void) {
    static nas_arena *a;
    nas_err err = {0};
    if (a) return;
    fuzz_demand(nas_arena_open(&a, &err) == NAS_OK, "memory", &err);
    char hex[65], below[112];
    key = nas_hash_of("fuzz", 4);
    nas_hash_hex(&key, hex);
    snprintf(folder, sizeof folder, "%.40s/nas-fuzz-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    fuzz_demand(mkdtemp(folder) != NULL, "a folder", NULL);
    snprintf(below, sizeof below, "%s/%.2s", folder, hex);
    snprintf(path, sizeof path, "%s/%.2s/%s", folder, hex, hex);
    fuzz_demand(nas_dir_make(below, &err) == NAS_OK, "a folder", &err);
    make_trainer(a);
}

static void as_file(const uint8_t *data, size_t n) {
    const nas_cache cache = {.dir = folder};
    nas_cached c;
    nas_err err = {0};
    bool found;
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, n, f) != n || fclose(f) != 0) abort();
    fuzz_demand(nas_cache_get(&cache, &key, &c, &found, &err) == NAS_OK, "no error", &err);
    fuzz_demand(found == (access(path, F_OK) == 0), "what is damaged goes", NULL);
    if (!found) return;
    const nas_hash hash = nas_hash_of(c.p, c.bytes);
    fuzz_demand(c.bytes + sizeof(nas_cache_head) == n, "length", NULL);
    fuzz_demand(memcmp(&hash, data + offsetof(nas_cache_head, payload), sizeof hash) == 0, "hash",
                NULL);
    nas_cache_release(&c);
}

static void as_pack(const uint8_t *data, size_t n) {
    nas_err err = {0};
    nas_pack p = {.n = 0};
    if (!fuzz_taken(nas_pack_open(fuzz_file(data, n), &key, CLASSES, &p, &err), &err)) return;
    for (int32_t i = 0; i < p.n; i++) {
        float *pcm = malloc(p.entries[i].samples * sizeof *pcm);
        fuzz_demand(pcm && nas_pack_samples(&p, i, pcm, &err) == NAS_OK, "samples", &err);
        fuzz_demand(strlen(p.text + p.entries[i].name) < n, "name", NULL);
        free(pcm);
    }
    nas_pack_close(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    nas_err err = {0};
    prepare();
    if (!n) return 0;
    uint8_t *payload = malloc(n); /* of exactly its length, so that a step outside is seen */
    if (!payload) abort();
    memcpy(payload, data + 1, n - 1);
    switch (data[0] % 4) {
    case 0: as_file(payload, n - 1); break;
    case 1: as_pack(payload, n - 1); break;
    case 2: (void)fuzz_taken(nas_trainer_load(trainer, payload, n - 1, &err), &err); break;
    default: (void)fuzz_taken(nas_net_load(net, payload, n - 1, &err), &err); break;
    }
    free(payload);
    return 0;
}

/* Beginnings: what is really written there. tests/fuzz/run.sh asks for them. */
static void seed(const char *to, const char *name, uint8_t kind, const void *p, size_t n) {
    char at[4200];
    snprintf(at, sizeof at, "%s/%s", to, name);
    FILE *f = fopen(at, "wb");
    if (!f || fputc(kind, f) == EOF || fwrite(p, 1, n, f) != n || fclose(f) != 0) abort();
}

static void write_seeds(const char *to) {
    nas_err err = {0};
    uint8_t file[4096];
    const nas_cache cache = {.dir = folder};
    const size_t n = nas_trainer_state_bytes(trainer), m = nas_net_state_bytes(net);
    uint8_t *state = malloc(n + m);
    if (!state) abort();
    nas_trainer_save(trainer, state);
    seed(to, "trainer", 2, state, n);
    nas_net_save(net, state);
    seed(to, "net", 3, state, m);
    fuzz_demand(nas_cache_put(&cache, &key, "train", &(nas_piece){state, m}, 1, &err) == NAS_OK,
                "put", &err);
    FILE *f = fopen(path, "rb");
    if (!f) abort();
    seed(to, "file", 0, file, fread(file, 1, sizeof file, f));
    fclose(f);
    free(state);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    prepare();
    const char *to = getenv("FUZZ_SEEDS");
    if (to) write_seeds(to);
    return 0;
}
