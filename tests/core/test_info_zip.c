/* tests/core/test_info_zip.c - lengths of archives beside those that the real zip writes.
 *
 *   test_info_zip               compares with tests/golden/info_zip.txt
 *   test_info_zip --write DIR   writes what is compared as DIR/<kind>_<bytes>/model.tflite
 *   test_info_zip FILE...       prints the length of each file's archive, its name model.tflite */
#include "base/files/file.h"
#include "base/rng.h"
#include "core/deploy/deploy.h"
#include "core/deploy/zip/info_zip.h"
#include "tests/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 200000 };
static nas_err err;
static nas_rng rng;

static uint32_t below(uint32_t n) {
    return (uint32_t)nas_rng_below(&rng, n);
}

static void zeros(uint8_t *p, size_t n) {
    memset(p, 0, n);
}

static void noise(uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) p[i] = (uint8_t)below(256);
}

/* float32 between 2^-7 and 2: all of them, one in five, sixteen different ones. */
static uint32_t weight(void) {
    return (below(2) << 31) | ((120 + below(8)) << 23) | below(1 << 23);
}
static void put_words(uint8_t *p, size_t n, uint32_t (*next)(void)) {
    for (size_t i = 0; i < n; i += 4) {
        const uint32_t w = next();
        memcpy(p + i, &w, n - i < 4 ? n - i : 4);
    }
}
static void floats(uint8_t *p, size_t n) {
    put_words(p, n, weight);
}
static uint32_t one_in_five(void) {
    return below(5) ? 0 : weight();
}
static void sparse(uint8_t *p, size_t n) {
    put_words(p, n, one_in_five);
}
static uint32_t centroid(void) {
    return UINT32_C(0x3c8a3d71) * (1 + below(16));
}
static void clustered(uint8_t *p, size_t n) {
    put_words(p, n, centroid);
}

static void codes(uint8_t *p, size_t n, uint32_t width) {
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(below(width) + below(width) + below(width) - 3 * (width - 1) / 2);
}
static void wide_codes(uint8_t *p, size_t n) {
    codes(p, n, 80);
}
static void narrow_codes(uint8_t *p, size_t n) {
    codes(p, n, 5);
}

static void text(uint8_t *p, size_t n) {
    for (size_t i = 0; i < n;) {
        uint32_t word = below(30) * below(30) + 1;
        for (; word && i < n; word /= 5) p[i++] = (uint8_t)('a' + word * 7 % 26);
        if (i < n) p[i++] = ' ';
    }
}

/* Noise that comes again, from near and far. */
static void copies(uint8_t *p, size_t n) {
    noise(p, n);
    for (size_t i = 0; n > 1000 && i < n / 900; i++) {
        const uint32_t from = below((uint32_t)n - 600), to = below((uint32_t)n - 600);
        memmove(p + to, p + from, 3 + below(597));
    }
}

/* Pieces of ever different alphabets: blocks end early. */
static void pieces(uint8_t *p, size_t n) {
    for (size_t i = 0; i < n;) {
        const uint32_t alphabet = 1 + below(256);
        for (uint32_t left = 50 + below(6000); left && i < n; left--)
            p[i++] = (uint8_t)below(alphabet);
    }
}

/* Some bytes ever rarer. */
static void halves(uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(nas_rng_u32(&rng) % 7 ? 0 : below(40));
        while (p[i] < 200 && below(2)) p[i]++;
    }
}

static void runs(uint8_t *p, size_t n) {
    for (size_t i = 0; i < n;) {
        const uint8_t v = (uint8_t)below(4);
        for (uint32_t left = 1 + below(700); left && i < n; left--) p[i++] = v;
    }
}

/* No three bytes come twice, so no match: where a block begins before the window it is too late to
 * store it. */
static void unmatched(uint8_t *p, size_t n) {
    uint8_t *seen = nas_arena_alloc(arena, 1 << 21, &err);
    for (size_t i = 0; i < n; i++)
        for (;;) {
            p[i] = (uint8_t)below(256);
            if (i < 2) break;
            const uint32_t three = (uint32_t)p[i - 2] << 16 | (uint32_t)p[i - 1] << 8 | p[i];
            if (seen[three / 8] >> three % 8 & 1) continue;
            seen[three / 8] = (uint8_t)(seen[three / 8] | 1 << three % 8);
            break;
        }
}

/* Mostly one byte: more places than are looked at begin with the same three. */
static void dense(uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) p[i] = below(5) == 0;
}

static const struct {
    const char *name;
    void (*fill)(uint8_t *p, size_t n);
    int32_t most; /* bytes */
} kinds[] = {
    {"zeros", zeros, MOST},
    {"noise", noise, MOST},
    {"floats", floats, MOST},
    {"sparse", sparse, MOST},
    {"clustered", clustered, MOST},
    {"wide_codes", wide_codes, MOST},
    {"narrow_codes", narrow_codes, 70000},
    {"text", text, MOST},
    {"copies", copies, MOST},
    {"pieces", pieces, MOST},
    {"halves", halves, 70000},
    {"runs", runs, 70000},
    {"unmatched", unmatched, MOST},
    {"dense", dense, 40000},

};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Short ones; then around where the window is full, moves, and a stored block does not fit. */
static int32_t size_at(int i) {
    static const int32_t sizes[] = {100,   300,   1000,  5000,  20000, 32767, 32768, 32769, 65274,
                                    65275, 65535, 65536, 65537, 98041, 98042, 98304, MOST};
    const int shorts = 40, longs = sizeof sizes / sizeof *sizes;
    return i < shorts ? i : i < shorts + longs ? sizes[i - shorts] : -1;
}

static void make(int kind, int32_t n, uint8_t *p) {
    rng = nas_rng_stream(15, (uint32_t)n, NAS_PURPOSE_TEST, (uint32_t)kind, 0, 0);
    kinds[kind].fill(p, (size_t)n);
}

static size_t length_of(const uint8_t *p, size_t n) {
    size_t length = 0;
    assert_int_equal(nas_zip_length(p, n, strlen("model.tflite"), &length, &err), NAS_OK);
    return length;
}

/* --- the tests -------------------------------------------------------------------------------- */

static void test_golden(void **state) {
    (void)state;
    uint8_t *p = nas_arena_alloc(arena, MOST, &err);
    FILE *f = fopen("tests/golden/info_zip.txt", "r");
    assert_non_null(f);
    char name[32];
    int32_t n;
    size_t want;
    int lines = 0, expected = 0;
    for (int k = 0; k < KINDS; k++)
        for (int i = 0; size_at(i) >= 0; i++) expected += size_at(i) <= kinds[k].most;
    for (; fscanf(f, "%31s %d %zu", name, &n, &want) == 3; lines++) {
        int kind = 0;
        while (kind < KINDS && strcmp(kinds[kind].name, name) != 0) kind++;
        assert_in_range(kind, 0, KINDS - 1);
        make(kind, n, p);
        const size_t got = length_of(p, (size_t)n);
        if (got != want) fail_msg("%s, %d bytes: %zu, zip writes %zu", name, n, got, want);
    }
    fclose(f);
    assert_int_equal(lines, expected);
}

/* Every name is there twice. */
static void test_name(void **state) {
    (void)state;
    size_t a, b;
    assert_int_equal(nas_zip_length((const uint8_t *)"x", 1, 12, &a, &err), NAS_OK);
    assert_int_equal(nas_zip_length((const uint8_t *)"x", 1, 20, &b, &err), NAS_OK);
    assert_int_equal(a, 175);
    assert_int_equal(b, a + 16);
}

static void test_too_long(void **state) {
    (void)state;
    size_t length;
    assert_int_equal(nas_zip_length(NULL, (size_t)NAS_TFLITE_MOST + 1, 12, &length, &err),
                     NAS_EINVAL);
}

/* --- the other two uses ----------------------------------------------------------------------- */

static int write_one(const char *folder, int kind, int32_t n, uint8_t *p) {
    char path[4096];
    make(kind, n, p);
    snprintf(path, sizeof path, "%.4000s/%s_%d", folder, kinds[kind].name, n);
    if (nas_dir_make(path, &err) != NAS_OK) return 1;
    strcat(path, "/model.tflite");
    return nas_file_write(path, p, (size_t)n, &err) != NAS_OK;
}

static int write_all(const char *folder) {
    uint8_t *p = nas_arena_alloc(arena, MOST, &err);
    int bad = !p;
    for (int k = 0; k < KINDS; k++)
        for (int i = 0; !bad && size_at(i) >= 0; i++)
            if (size_at(i) <= kinds[k].most) bad = write_one(folder, k, size_at(i), p);
    return bad;
}

static int print_all(char **files) {
    for (; *files; files++) {
        uint8_t *p;
        size_t n, length;
        if (nas_file_read(arena, *files, NAS_TFLITE_MOST, &p, &n, &err) != NAS_OK ||
            nas_zip_length(p, n, strlen("model.tflite"), &length, &err) != NAS_OK)
            return 1;
        printf("%zu\n", length);
    }
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_name),
        cmocka_unit_test(test_too_long),
    };
    if (argc < 2) return cmocka_run_group_tests(tests, setup, teardown);
    if (setup(NULL)) return 1;
    const int bad =
        strcmp(argv[1], "--write") ? print_all(argv + 1) : write_all(argc > 2 ? argv[2] : ".");
    if (bad) fprintf(stderr, "%s\n", err.text);
    teardown(NULL);
    return bad;
}
