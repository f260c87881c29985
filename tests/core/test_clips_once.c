/* tests/core/test_clips_once.c - clips that change while they are read, files that cannot be
 * opened, and packs that are changed while they are in use: an error, and never another data set.
 */
#include "tests/clips_place.h"

#include "core/data/clips/int.h"
#include "core/data/clips/noise.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

static const nas_clips_options all_allowed = {.clip_seconds = 1, .unreadable = INT32_MAX};

/* What happens after all clips were hashed ("checking clips"), or after the first batch was decoded
 * ("reading clips"). */
typedef struct trouble {
    const char *when;
    void (*what)(void);
    int warnings, decoded;
} trouble;

static void on_what(void *ctx, const char *what, int64_t done, int64_t total) {
    trouble *t = ctx;
    if (strcmp(what, "reading clips") == 0) t->decoded = (int)done;
    if (!t->what || strcmp(what, t->when) != 0 || (done < total && *t->when == 'c')) return;
    t->what();
    t->what = NULL;
}

static void on_text(void *ctx, const char *text) {
    trouble *t = ctx;
    t->warnings += strstr(text, "left out") != NULL;
}

static nas_status open_in(trouble *t, nas_clips **c, nas_err *err) {
    const nas_log log = {.ctx = t, .warn = on_text, .progress = on_what};
    nas_clips_options o = all_allowed;
    o.folder = data;
    o.cache = cache;
    *err = (nas_err){0};
    return nas_clips_open(&o, &log, c, err);
}

/* With the trouble: an error that says `word`. Afterwards: n clips, none left out. */
static void expect_nothing_kept(const char *when, void (*what)(void), void (*undo)(void),
                                const char *word, int n) {
    trouble t = {.when = when, .what = what};
    nas_err err;
    nas_clips *c;
    assert_int_equal(open_in(&t, &c, &err), NAS_EIO);
    if (undo) undo();
    assert_null(c);
    assert_null(t.what);
    if (!strstr(err.text, word)) fail_msg("\"%s\" does not say %s", err.text, word);
    assert_int_equal(t.warnings, 0);
    assert_false(nas_path_exists(cache));
    t = (trouble){.when = ""};
    assert_int_equal(open_in(&t, &c, &err), NAS_OK);
    assert_int_equal(t.decoded, n);
    assert_int_equal(c->n, n);
    assert_int_equal(c->n_bad, 0);
    nas_clips_close(c);
    assert_int_equal(nas_dir_remove(cache, NULL), NAS_OK);
}

#define ONE "left/p1_nohash_1.wav"

static void swap_content(void) {
    make_sound(ONE, WAV, 8000, 1, 77);
}

static void empty_it(void) {
    make_bytes(ONE, "", 0);
}

static void spoil_it(void) {
    make_bytes(ONE, "this is no sound", 16);
}

static void take_it_away(void) {
    assert_int_equal(unlink(path_of(ONE)), 0);
}

static void test_changes(void **state) {
    (void)state;
    make_words(6);
    expect_nothing_kept("checking clips", swap_content, NULL, ONE " changed while", 18);
    expect_nothing_kept("checking clips", empty_it, swap_content, ONE " changed while", 18);
    expect_nothing_kept("checking clips", spoil_it, swap_content, ONE " changed while", 18);
    expect_nothing_kept("checking clips", take_it_away, swap_content, ONE " changed while", 18);
}

static struct rlimit files;

static void no_more_files(void) {
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    const struct rlimit none = {3, files.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void files_again(void) {
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
}

/* Neither while clips are decoded nor before is one left out for that. */
static void test_no_more_files(void **state) {
    (void)state;
    make_words(90);
    expect_nothing_kept("reading clips", no_more_files, files_again, strerror(EMFILE), 270);
    expect_nothing_kept("reading clips", no_more_files, files_again, "nothing was kept", 270);
    nas_hash hash;
    bool found, is_sound;
    nas_err err;
    make_sound("left/without_ending", WAV, 8000, 1, 40);
    no_more_files();
    const int failed = nas_clip_hash_file(path_of("left/without_ending"), &hash, &found);
    const nas_status st = nas_sound_begins(path_of("left/without_ending"), &is_sound, &err);
    files_again();
    assert_int_equal(failed, EMFILE);
    assert_int_equal(st, NAS_EIO);
    assert_int_equal(nas_sound_begins(path_of("left/without_ending"), &is_sound, &err), NAS_OK);
    assert_true(is_sound);
}

/* A clip that this user may not read is no bad clip, and neither is one with an ending that says
 * nothing. */
static void test_forbidden(void **state) {
    (void)state;
    const bool root_runs = geteuid() == 0;
    make_words(4);
    assert_int_equal(chmod(root, 0777), 0);
    for (int k = 0; k < 2; k++) {
        trouble t = {.when = ""};
        nas_err err;
        nas_clips *c;
        const char *name = k ? "left/clip" : ONE;
        if (k) make_bytes(name, "RIFF", 4);
        assert_int_equal(chmod(path_of(name), 0), 0);
        if (root_runs) assert_int_equal(seteuid(65534), 0);
        const nas_status st = open_in(&t, &c, &err);
        if (root_runs) assert_int_equal(seteuid(0), 0);
        assert_int_equal(st, NAS_EIO);
        assert_non_null(strstr(err.text, name));
        assert_non_null(strstr(err.text, "Permission denied"));
        if (!k) assert_non_null(strstr(err.text, "chmod +r"));
        assert_false(nas_path_exists(cache));
        assert_int_equal(chmod(path_of(name), 0644), 0);
    }
}

/* Links that lead nowhere are part of the data: they count, as before. */
static void test_links(void **state) {
    (void)state;
    make_words(4);
    assert_int_equal(symlink("/nowhere/at/all.wav", path_of("up/gone.wav")), 0);
    assert_int_equal(symlink("round.wav", path_of("up/round.wav")), 0);
    trouble t = {.when = ""};
    nas_err err;
    nas_clips *c;
    assert_int_equal(open_in(&t, &c, &err), NAS_OK);
    assert_int_equal(c->n, 12);
    assert_int_equal(c->n_bad, 2);
    assert_string_equal(c->bad[0], "up/gone.wav: a link that leads nowhere");
    nas_clips_close(c);
}

/* Where the pack of the words lies. */
static const char *pack_of(void) {
    static char path[600];
    nas_clips_options o = all_allowed;
    nas_arena *a = NULL;
    nas_clip_list l;
    char hex[65];
    o.folder = data;
    o.cache = cache;
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    assert_int_equal(nas_clip_list_make(a, &o, NULL, &l, NULL), NAS_OK);
    const nas_hash key = nas_pack_key(&l);
    nas_hash_hex(&key, hex);
    snprintf(path, sizeof path, "%s/%.2s/%s", cache, hex, hex);
    nas_arena_close(a);
    return path;
}

/* What is read is what was packed, or an error: no bus error, and no other samples. */
static void test_pack_in_use(void **state) {
    (void)state;
    make_words(4);
    trouble t = {.when = ""};
    nas_err err;
    nas_clips *c;
    static float want[8000], got[8000], other[11025];
    uint8_t *good;
    size_t n;
    nas_arena *a = NULL;
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    assert_int_equal(open_in(&t, &c, &err), NAS_OK);
    assert_int_equal(nas_clips_read(c, 0, 8000, want, 8000, &err), NAS_OK);
    assert_int_equal(nas_file_read(a, pack_of(), 1 << 20, &good, &n, &err), NAS_OK);
    const int fd = open(pack_of(), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);

    assert_int_equal(pwrite(fd, "other", 5, NAS_PACK_MAGIC + 40), 5);
    assert_int_equal(nas_clips_read(c, 0, 8000, got, 8000, &err), NAS_EIO);
    assert_non_null(strstr(err.text, "were changed or cut while they were in use"));
    assert_int_equal(nas_clips_read(c, 0, 8000, got, 20, &err), NAS_EIO); /* cropped */
    assert_int_equal(nas_clips_read(c, 0, 11025, other, 11025, &err), NAS_EIO);
    assert_int_equal(nas_clips_prepare(c, 11025, NULL, &err), NAS_EIO);
    assert_int_equal(nas_clips_samples(c, 0, got, &err), NAS_EIO);

    assert_int_equal(ftruncate(fd, NAS_PACK_MAGIC), 0);
    for (int32_t i = 0; i < c->n; i++)
        assert_int_equal(nas_clips_read(c, i, 8000, got, 8000, &err), NAS_EIO);
    assert_string_equal(c->clips[11].name, "up/p1_nohash_1.wav"); /* the tables are our own */

    assert_int_equal(pwrite(fd, good, n, 0), (ssize_t)n);
    assert_int_equal(nas_clips_read(c, 0, 8000, got, 8000, &err), NAS_OK);
    assert_memory_equal(got, want, sizeof want);
    close(fd);
    nas_clips_close(c);
    nas_arena_close(a);
}

/* A pack in which an older nas left out a clip that could be read is made again, and said. */
static void test_lacking(void **state) {
    (void)state;
    make_words(4);
    nas_clips_options o = all_allowed;
    nas_arena *a = NULL;
    nas_clip_list l, poor;
    nas_err err;
    nas_clips *c;
    seen s = {0};
    o.folder = data;
    o.cache = cache;
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    assert_int_equal(nas_clip_list_make(a, &o, NULL, &l, NULL), NAS_OK);
    const nas_hash key = nas_pack_key(&l);
    assert_int_equal(nas_clip_list_make(a, &o, NULL, &poor, NULL), NAS_OK);
    poor.files[5].readable = false;
    char path[600], folder[600];
    snprintf(path, sizeof path, "%s", pack_of());
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    assert_int_equal(nas_dir_make(folder, NULL), NAS_OK);
    assert_int_equal(nas_pack_write(&poor, NULL, 0, path, &key, NULL, &err), NAS_OK);
    assert_int_equal(open_clips(all_allowed, &s, &c, &err), NAS_OK);
    assert_non_null(strstr(s.all, "lack clips that are fine: they are made again"));
    assert_int_equal(s.decoded, 12);
    assert_int_equal(c->n, 12);
    nas_clips_close(c);
    assert_int_equal(open_clips(all_allowed, &s, &c, &err), NAS_OK);
    assert_int_equal(s.decoded, 0);
    nas_clips_close(c);
    nas_arena_close(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_changes), TEST(test_no_more_files), TEST(test_forbidden),
        TEST(test_links),   TEST(test_pack_in_use),   TEST(test_lacking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
