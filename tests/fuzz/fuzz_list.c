/* tests/fuzz/fuzz_list.c - libFuzzer target: any bytes as the list files of a split, one after the
 * other with a 0 between. Every clip gets a part, and none two. */
#include "base/files/file.h"
#include "core/data/split/split.h"
#include "tests/fuzz/fuzz.h"

enum { LABELS = 3, EACH = 6, CLIPS = LABELS * EACH };

static const char *labels[LABELS] = {"go", "no", "yes"};
static char names[CLIPS][64];
static nas_clip clips[CLIPS];
static char folder[80], lists[2][128];

static void prepare(void) {
    if (folder[0]) return;
    snprintf(folder, sizeof folder, "%.40s/nas-fuzz-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    fuzz_demand(mkdtemp(folder) != NULL, "a folder", NULL);
    for (int i = 0; i < CLIPS; i++) {
        snprintf(names[i], sizeof names[i], "%s/%d_nohash_0.wav", labels[i / EACH], i % EACH);
        clips[i] = (nas_clip){.name = names[i], .speaker = "s", .label = i / EACH};
    }
    for (int i = 0; i < 2; i++) snprintf(lists[i], sizeof lists[i], "%s/%d.txt", folder, i);
}

static void put(const char *path, const uint8_t *data, size_t n) {
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, n, f) != n || fclose(f) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    nas_err err = {0};
    nas_hash fingerprint;
    uint8_t part[CLIPS];
    prepare();
    const uint8_t *end = n ? memchr(data, 0, n) : NULL;
    const size_t first = end ? (size_t)(end - data) : n;
    put(lists[0], data, first);
    put(lists[1], data + first, n - first);
    const nas_clips c = {
        .folder = folder, .n_labels = LABELS, .labels = labels, .n = CLIPS, .clips = clips};
    const nas_split_config config = {
        .by = NAS_BY_LISTS, .validation_list = "0.txt", .test_list = "1.txt"};
    for (int missing = 0; missing < 2; missing++)
        if (fuzz_taken(nas_split_make(&c, &config, missing, NULL, part, &fingerprint, &err), &err))
            for (int i = 0; i < CLIPS; i++) fuzz_demand(part[i] <= NAS_NO_PART, "part", NULL);
    return 0;
}
