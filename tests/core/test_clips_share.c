/* tests/core/test_clips_share.c - packs of decoded clips that lie in the cache of another study. */
#include "tests/clips_place.h"

#include "core/data/clips/int.h"

#define OK(x) assert_int_equal(x, NAS_OK)

static void use_cache(const char *name) {
    snprintf(cache, sizeof cache, "%s/%s", root, name);
}

/* The one pack of the cache in use. */
static const char *pack_path(void) {
    static char path[900];
    char **folders, **files;
    size_t n = 0, m = 0;
    nas_arena *a = NULL;
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    assert_int_equal(nas_dir_list(a, cache, &folders, &n, NULL), NAS_OK);
    assert_int_equal(n, 1);
    snprintf(path, sizeof path, "%s/%s", cache, folders[0]);
    assert_int_equal(nas_dir_list(a, path, &files, &m, NULL), NAS_OK);
    assert_int_equal(m, 1);
    snprintf(path, sizeof path, "%s/%s/%s", cache, folders[0], files[0]);
    nas_arena_close(a);
    return path;
}

static ino_t pack_inode(void) {
    struct stat st;
    assert_int_equal(stat(pack_path(), &st), 0);
    return st.st_ino;
}

static void open_well(nas_clips_options o, int decoded, int32_t clips) {
    seen s = {0};
    nas_clips *c;
    assert_int_equal(open_clips(o, &s, &c, NULL), NAS_OK);
    assert_int_equal(s.decoded, decoded);
    assert_int_equal(c->n, clips);
    nas_clips_close(c);
}

/* What one study may leave out, another may not. */
static void test_judged(void **state) {
    (void)state;
    make_words(4);
    make_text("left/noise.wav", "this is no sound");
    const nas_clips_options one = {.unreadable = 1};
    use_cache("one.cache");
    open_well(one, 13, 12);
    const ino_t pack = pack_inode();

    use_cache("two.cache");
    expect_error((nas_clips_options){0}, NAS_EFORMAT, "1 of 13 clips");
    open_well(one, 0, 12);
    assert_true(pack_inode() == pack);
    use_cache("one.cache");
    assert_true(pack_inode() == pack);
}

static void test_damaged(void **state) {
    (void)state;
    make_words(4);
    use_cache("one.cache");
    open_well((nas_clips_options){0}, 12, 12);
    const ino_t pack = pack_inode();
    FILE *f = fopen(pack_path(), "r+");
    assert_non_null(f);
    assert_int_equal(fseek(f, 100, SEEK_SET), 0);
    assert_int_equal(fputc('x', f), 'x');
    assert_int_equal(fclose(f), 0);

    use_cache("two.cache");
    open_well((nas_clips_options){0}, 12, 12); /* made again, here */
    assert_true(pack_inode() != pack);
    open_well((nas_clips_options){0}, 0, 12);
    use_cache("one.cache");
    assert_true(pack_inode() == pack);
}

/* The pack of clips at a rate of a nas that could not read one of them. */
static void leave_other_clips(nas_arena *a, const nas_clips_options *o) {
    nas_clip_list all, fewer;
    nas_pack packed;
    char path[900], hex[65];
    OK(nas_clip_list_make(a, o, NULL, &all, NULL));
    const nas_hash key = nas_pack_key(&all), at_rate = nas_pack_key_at(&key, 16000);
    fewer = all;
    fewer.files = all.files + 1;
    fewer.n--;
    snprintf(path, sizeof path, "%s/fewer", root);
    OK(nas_pack_write(&fewer, NULL, 0, path, &key, NULL, NULL));
    OK(nas_pack_open(path, &key, all.n_labels, &packed, NULL));
    nas_hash_hex(&at_rate, hex);
    snprintf(path, sizeof path, "%s/%.2s", cache, hex);
    OK(nas_dir_make(path, NULL));
    snprintf(path, sizeof path, "%s/%.2s/%s", cache, hex, hex);
    OK(nas_pack_write(&fewer, &packed, 16000, path, &at_rate, NULL, NULL));
    nas_pack_close(&packed);
}

static void test_other_decoder(void **state) {
    (void)state;
    enum { CLIPS = 12, ROOM = 16000 };
    static float before[CLIPS][ROOM], after[ROOM];
    seen s = {0};
    nas_clips *c;
    nas_arena *a = NULL;
    OK(nas_arena_open(&a, NULL));
    make_words(4);
    use_cache("one.cache");
    leave_other_clips(a, &(nas_clips_options){.folder = data, .clip_seconds = 1});
    OK(open_clips((nas_clips_options){0}, &s, &c, NULL));
    assert_int_equal(c->n, CLIPS);
    for (int32_t i = 0; i < CLIPS; i++) OK(nas_clips_read(c, i, 16000, before[i], ROOM, NULL));
    OK(nas_clips_prepare(c, 16000, NULL, NULL));
    for (int32_t i = 0; i < CLIPS; i++) {
        OK(nas_clips_read(c, i, 16000, after, ROOM, NULL));
        assert_memory_equal(after, before[i], sizeof after);
    }
    nas_clips_close(c);
    nas_arena_close(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_judged), TEST(test_damaged),
                                       TEST(test_other_decoder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
