/* tests/search/test_audit.c - what is said of clips when they are opened: copies, speakers on both
 * sides, differences between recordings of classes; and what is not said. */
#include "search/task/keywords/audit.h"
#include "search/task/keywords/keywords.h"
#include "search/task/task.h"

#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/fixture.h"

#define OK(x) assert_int_equal(x, NAS_OK)
enum { RATE = 16000, SECONDS_2 = 8000, SPEAKERS = 24, WAV = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
static const char *const words[] = {"go", "no", "yes"};

/* How a class is recorded. */
typedef struct recorder {
    int format, rate, samples, padding, channels;
    float level, offset;
    double band; /* Hz; 0: to the end */
    const char *ending;
} recorder;
static const recorder usual = {.format = WAV,
                               .rate = RATE,
                               .samples = SECONDS_2,
                               .channels = 1,
                               .level = 0.1f,
                               .ending = "wav"};

static char root[64];
static bool cut_silence; /* of root/data/_background_noise_ */

static int make_root(void **state) {
    strcpy(root, "/tmp/nas_audit_XXXXXX");
    cut_silence = false;
    return setup(state) || !mkdtemp(root) ? -1 : 0;
}

static int drop_root(void **state) {
    return teardown(state) || nas_dir_remove(root, NULL) != NAS_OK ? -1 : 0;
}

/* Noise, or where there is a band a sum of sines below its end. */
static void fill(const recorder *r, uint64_t seed, float *x) {
    uint64_t s = seed * 0x9e3779b97f4a7c15U + 1;
    for (int i = 0; i < r->samples; i++) {
        s = s * 6364136223846793005U + 1442695040888963407U;
        x[i] = r->band > 0 ? 0 : r->level * ((float)(s >> 40) / 8388608.0f - 1.0f) * 1.7f;
    }
    for (int k = 0; k < 40 && r->band > 0; k++) {
        s = s * 6364136223846793005U + 1442695040888963407U;
        const double hz = 0.97 * r->band * ((double)(s >> 11) * 0x1p-53 + k) / 40;
        for (int i = 0; i < r->samples; i++)
            x[i] += r->level * 0.22f * (float)sin(6.283185307179586 * (hz * i / r->rate) + k);
    }
    for (int i = 0; i < r->samples; i++) x[i] = i < r->padding ? 0.0f : x[i] + r->offset;
}

static void make_clip(const char *folder, const char *name, const recorder *r, uint64_t seed) {
    static float x[4 * SECONDS_2];
    char path[300];
    snprintf(path, sizeof path, "%s/data/%s", root, folder);
    OK(nas_dir_make(path, NULL));
    snprintf(path, sizeof path, "%s/data/%s/%s.%s", root, folder, name, r->ending);
    SF_INFO info = {.samplerate = r->rate, .channels = r->channels, .format = r->format};
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    if (!f) fail_msg("%s: %s", path, sf_strerror(NULL));
    fill(r, seed, x);
    for (int i = 0; i < r->samples; i++) {
        const float v[2] = {x[i], x[i] / 2};
        assert_int_equal(sf_writef_float(f, v, 1), 1);
    }
    sf_close(f);
}

static void make_class(const char *word, const recorder *r, int n) {
    for (int s = 0; s < n; s++) {
        char name[64];
        snprintf(name, sizeof name, "s%02d_nohash_%d", s % SPEAKERS, s / SPEAKERS);
        make_clip(word, name, r, (uint64_t)s * 1000 + (uint64_t)word[0] + (uint64_t)word[1]);
    }
}

/* Two classes recorded as usual, the third otherwise. */
static void make_words(const recorder *third) {
    for (int w = 0; w < 3; w++) make_class(words[w], w == 2 ? third : &usual, SPEAKERS);
}

typedef struct heard {
    int n;
    char text[20][1100];
} heard;

static void hear(void *ctx, const char *text) {
    heard *h = ctx;
    assert_true(h->n < 20);
    snprintf(h->text[h->n++], sizeof h->text[0], "%s", text);
}

/* What is said of root/data, split by by. */
static heard open_data(int by, nas_audit *audit) {
    static heard h;
    nas_err err = {0};
    nas_dataset d;
    char data[100], cache[100];
    h.n = 0;
    snprintf(data, sizeof data, "%s/data", root);
    snprintf(cache, sizeof cache, "%s/cache", root);
    nas_keywords_task keys = {.clip_seconds = 0.5,
                              .split = {.by = by, .validation = 0.2, .test = 0.2}};
    const nas_task task = {.ops = &nas_task_keywords, .data = data, .own = &keys};
    static const char *labels[] = {"go", "no", "yes", "_silence_"};
    if (cut_silence) {
        keys.labels = labels;
        keys.n_labels = 4;
        keys.silence = (nas_silence_config){
            .given = true, .label = labels[3], .share = (double)NAN, .volume = {.lo = 0, .hi = 1}};
    }
    const nas_cache c = {.dir = cache};
    const nas_log log = {.ctx = &h, .warn = hear};
    if (nas_dataset_open(arena, &task, NULL, false, &c, &log, &d, &err) != NAS_OK)
        fail_msg("%s", err.text);
    *audit = *nas_audit_of(&d);
    nas_dataset_close(&d);
    return h;
}

/* One thing is found and said, and it begins so. */
static void says(int by, const char *text) {
    nas_audit audit;
    const heard h = open_data(by, &audit);
    int said = 0;
    for (int i = 0; i < audit.n; i++)
        if (i || strncmp(audit.v[i].text, text, strlen(text)) != 0)
            fail_msg("\"%s\" is found, not \"%s\"", audit.v[i].text, text);
    assert_int_equal(audit.n, 1);
    assert_memory_equal(audit.v[0].about, text, strlen(audit.v[0].about));
    for (int i = 0; i < h.n; i++) said += strcmp(h.text[i], audit.v[0].text) == 0;
    assert_int_equal(said, 1);
}

static void says_nothing(int by) {
    nas_audit audit;
    (void)open_data(by, &audit);
    if (audit.n) fail_msg("\"%s\" is said", audit.v[0].text);
}

static void test_nothing(void **state) {
    (void)state;
    make_words(&usual);
    says_nothing(NAS_BY_SPEAKER);
    nas_audit v;
    (void)open_data(NAS_BY_SPEAKER, &v); /* what is found in the cache is the same */
    assert_int_equal(v.clips, 72);
    assert_int_equal(v.speakers, 24);
    assert_int_equal(v.copies, 0);
    for (int l = 0; l < 3; l++) {
        const nas_audit_class *c = &v.classes[l];
        assert_string_equal(c->name, words[l]);
        assert_int_equal(c->clips, 24);
        assert_int_equal(c->speakers, 24);
        assert_int_equal(c->part[0] + c->part[1] + c->part[2], 24);
        assert_int_equal(c->rate_lo, RATE);
        assert_true(c->seconds.mid == 0.5 && c->edge_hz.mid > 7900);
        /* Uniform within 0.17: 0.17 / sqrt(3) is -20.2 dB. */
        assert_true(fabs(c->level_db.mid + 20.16) < 0.3);
    }
}

static void test_band(void **state) {
    (void)state;
    recorder r = usual;
    r.band = 4000;
    make_words(&r);
    says(NAS_BY_SPEAKER, "band: 24 of 24 clips of \"yes\" hold nothing above 4,000 Hz, and 0 of 48 "
                         "of \"go\", \"no\"; yes/s00_nohash_0.wav is the first: ");
}

static void test_rate(void **state) {
    (void)state;
    recorder r = usual;
    r.rate = 8000;
    r.samples = 4000;
    make_words(&r);
    says(NAS_BY_SPEAKER, "rate: 24 of 24 clips of \"yes\" have a sample rate of 8,000 Hz, and 0 of "
                         "48 of \"go\", \"no\"; ");
}

static void test_level(void **state) {
    (void)state;
    recorder r = usual;
    r.level = 0.01f;
    make_words(&r);
    says(NAS_BY_SPEAKER, "level: 48 of 48 clips of \"go\", \"no\" are louder than -30 dB of full "
                         "scale, and 0 of 24 of \"yes\"; ");
}

static void test_length(void **state) {
    (void)state;
    recorder r = usual;
    r.samples = 4000;
    make_words(&r);
    says(NAS_BY_SPEAKER,
         "length: 24 of 24 clips of \"yes\" are 0.25 s long, and 0 of 48 of \"go\", "
         "\"no\"; ");
}

static void test_encoding(void **state) {
    (void)state;
    recorder r = usual;
    r.format = SF_FORMAT_WAV | SF_FORMAT_PCM_U8;
    make_words(&r);
    says(NAS_BY_SPEAKER, "encoding: 24 of 24 clips of \"yes\" have samples of 8 bits, and 0 of 48 "
                         "of \"go\", \"no\"; ");
}

static void test_floats(void **state) {
    (void)state;
    recorder r = usual;
    r.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
    make_words(&r);
    says(NAS_BY_SPEAKER, "encoding: 24 of 24 clips of \"yes\" are files of floats, and 0 of 48 of "
                         "\"go\", \"no\"; ");
}

static void test_channels(void **state) {
    (void)state;
    recorder r = usual;
    r.channels = 2;
    make_words(&r);
    says(NAS_BY_SPEAKER, "channels: 24 of 24 clips of \"yes\" have 2 channels, and 0 of 48 of "
                         "\"go\", \"no\"; ");
}

static void test_lossy(void **state) {
    (void)state;
    recorder r = usual;
    r.format = SF_FORMAT_OGG | SF_FORMAT_VORBIS;
    r.ending = "ogg";
    make_words(&r);
    nas_audit v;
    (void)open_data(NAS_BY_SPEAKER, &v);
    int said = 0; /* its band is its own matter */
    for (int i = 0; i < v.n; i++)
        said +=
            strncmp(v.v[i].text, "encoding: 24 of 24 clips of \"yes\" are .ogg files, ", 50) == 0;
    assert_int_equal(said, 1);
}

/* Cuts are called "n0.ogg@1234". */
static void test_lossy_cuts(void **state) {
    (void)state;
    recorder r = usual;
    r.format = SF_FORMAT_OGG | SF_FORMAT_VORBIS;
    r.ending = "ogg";
    for (int w = 0; w < 3; w++) make_class(words[w], &r, SPEAKERS);
    r.samples = 4 * SECONDS_2;
    for (int i = 0; i < 4; i++) {
        const char name[] = {'n', (char)('0' + i), '\0'};
        make_clip("_background_noise_", name, &r, (uint64_t)i);
    }
    cut_silence = true;
    nas_audit v;
    (void)open_data(NAS_BY_SPEAKER, &v);
    assert_int_equal(v.classes[3].clips, 24);
    for (int i = 0; i < v.n; i++)
        if (strcmp(v.v[i].about, "encoding") == 0) fail_msg("\"%s\" is said", v.v[i].text);
}

/* It loses nothing, so no net can tell. */
static void test_flac(void **state) {
    (void)state;
    recorder r = usual;
    r.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
    r.ending = "flac";
    make_words(&r);
    says_nothing(NAS_BY_SPEAKER);
}

static void test_padding(void **state) {
    (void)state;
    recorder r = usual;
    r.padding = 800;
    make_words(&r);
    says(NAS_BY_SPEAKER,
         "padding: 24 of 24 clips of \"yes\" begin or end with 10 ms or more of one "
         "value, and 0 of 48 of \"go\", \"no\"; ");
}

static void test_offset(void **state) {
    (void)state;
    recorder r = usual;
    r.offset = 0.05f;
    make_words(&r);
    says(NAS_BY_SPEAKER, "offset: 24 of 24 clips of \"yes\" have a mean of more than 0.01 of full "
                         "scale, and 0 of 48 of \"go\", \"no\"; ");
}

/* What half of a class has is no difference between classes, and few clips tell nothing. */
static void test_not_enough(void **state) {
    (void)state;
    recorder r = usual;
    r.level = 0.01f;
    r.rate = 8000;
    r.samples = 4000;
    make_words(&usual);
    make_class("yes", &r, 12);
    make_class("left", &r, 11);
    says_nothing(NAS_BY_SPEAKER);
}

/* Parts in folders: 8 speakers train, 4 validate, 4 test. */
static void make_parts(void) {
    static const struct {
        const char *name;
        int first, end;
    } part[] = {{"train", 0, 8}, {"validation", 8, 12}, {"test", 12, 16}};
    for (int p = 0; p < 3; p++)
        for (int w = 0; w < 3; w++)
            for (int s = part[p].first; s < part[p].end; s++) {
                char folder[64], name[64];
                snprintf(folder, sizeof folder, "%s/%s", part[p].name, words[w]);
                snprintf(name, sizeof name, "s%02d_nohash_0", s);
                make_clip(folder, name, &usual, (uint64_t)(100 * w + s));
            }
}

static void test_copies_in_parts(void **state) {
    (void)state;
    recorder flac = usual;
    flac.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
    flac.ending = "flac";
    make_parts();
    says_nothing(NAS_BY_FOLDERS);
    make_clip("test/no", "s14_nohash_1", &usual, 103);  /* that of train/no/s03 */
    make_clip("test/no", "s15_nohash_1", &flac, 103);   /* the same samples in another file */
    make_clip("test/yes", "s15_nohash_1", &usual, 215); /* within its part: no harm */
    says(NAS_BY_FOLDERS, "copies: 3 of 51 clips have the same samples as a clip of another set of "
                         "the split, such as test/no/s14_nohash_1.wav (test) and "
                         "train/no/s03_nohash_0.wav (train): ");
    nas_audit v;
    (void)open_data(NAS_BY_FOLDERS, &v);
    assert_int_equal(v.copies, 5);
    assert_int_equal(v.copies_in_parts, 3);
    assert_int_equal(v.copies_in_classes, 0);
}

static void test_copies_in_classes(void **state) {
    (void)state;
    make_parts();
    make_clip("train/no", "s03_nohash_1", &usual, 5); /* that of train/go/s05 */
    says(NAS_BY_FOLDERS, "copies: 2 of 49 clips have the same samples as a clip of another class, "
                         "such as train/go/s05_nohash_0.wav and train/no/s03_nohash_1.wav: ");
}

/* Clips of nothing but one value are not one recording. */
static void test_constants(void **state) {
    (void)state;
    recorder zero = usual;
    zero.level = 0;
    make_parts();
    make_clip("train/no", "s03_nohash_1", &zero, 1);
    make_clip("test/no", "s13_nohash_1", &zero, 1);
    nas_audit v;
    (void)open_data(NAS_BY_FOLDERS, &v);
    assert_int_equal(v.n, 0);
    assert_int_equal(v.copies, 0);
    assert_int_equal(v.classes[1].constant, 2);
}

static void test_speakers(void **state) {
    (void)state;
    make_parts();
    make_clip("test/no", "s03_nohash_1", &usual, 900);
    make_clip("test/go", "s03_nohash_2", &usual, 901);
    make_clip("validation/go", "s01_nohash_2", &usual, 902);
    make_clip("test/go", "s08_nohash_2", &usual, 903); /* validates, too: no voice that is learnt */
    says(NAS_BY_FOLDERS, "speakers: 1 of 5 in the validation set and 1 of 6 in the test set speak "
                         "in the training set too, \"s01\" is the first: ");
}

static void test_by_file(void **state) {
    (void)state;
    make_words(&usual);
    nas_audit v;
    const heard h = open_data(NAS_BY_FILE, &v);
    assert_int_equal(h.n, 1);
    assert_memory_equal(h.text[0], "speakers: ", 10);
    assert_true(v.shared[NAS_TEST] > 0);
}

static void test_balance(void **state) {
    (void)state;
    make_class("go", &usual, 61);
    make_class("no", &usual, 12);
    make_class("yes", &usual, 13);
    says(NAS_BY_SPEAKER,
         "classes: 1 of 3 have less than a fifth of the clips of \"go\" (61): \"no\" "
         "has the fewest, 12. ");
    char path[200];
    snprintf(path, sizeof path, "%s/data/go/s12_nohash_2.wav", root);
    assert_int_equal(unlink(path), 0);
    says_nothing(NAS_BY_SPEAKER);
}

static void test_absent(void **state) {
    (void)state;
    make_class("go", &usual, 24);
    make_class("no", &usual, 24);
    for (int i = 0; i < 8; i++) {
        char name[64];
        snprintf(name, sizeof name, "s05_nohash_%d", i);
        make_clip("yes", name, &usual, (uint64_t)(7000 + i));
    }
    nas_audit v;
    const heard h = open_data(NAS_BY_SPEAKER, &v);
    int said = 0;
    for (int i = 0; i < h.n; i++)
        said += strncmp(h.text[i],
                        "split: 1 of 3 classes have no clip in the test set, \"yes\" is ", 61) == 0;
    assert_int_equal(said, 1);
}

int main(void) {
#define T(x) cmocka_unit_test_setup_teardown(test_##x, make_root, drop_root)
    const struct CMUnitTest tests[] = {
        T(nothing),
        T(band),
        T(rate),
        T(level),
        T(length),
        T(encoding),
        T(floats),
        T(channels),
        T(lossy),
        T(lossy_cuts),
        T(flac),
        T(padding),
        T(offset),
        T(not_enough),
        T(speakers),
        T(constants),
        T(copies_in_parts),
        T(copies_in_classes),
        T(by_file),
        T(balance),
        T(absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
