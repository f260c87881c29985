/* tests/base/test_hash.c - SHA-256 beside the known answers of FIPS 180-4's examples, and how
 * fields are told apart. */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_hash(const nas_hash *h, const char *hex) {
    char text[65];
    nas_hash back;
    nas_hash_hex(h, text);
    assert_string_equal(text, hex);
    assert_true(nas_hash_from_hex(hex, &back));
    assert_true(nas_hash_equal(h, &back));
}

static void known_answers(void **state) {
    (void)state;
    static const char *const known[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const nas_hash h = nas_hash_of(known[i][0], strlen(known[i][0]));
        assert_hash(&h, known[i][1]);
    }
}

static void a_million_in_pieces(void **state) {
    (void)state;
    char block[1000];
    nas_hasher h = nas_hasher_start();
    memset(block, 'a', sizeof block);
    for (int i = 0; i < 1000; i++) nas_hasher_add(&h, block, sizeof block);
    const nas_hash all = nas_hasher_end(&h);
    assert_hash(&all, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    assert_true(nas_hash_u64(&all) == UINT64_C(0xcdc76e5c9914fb92));
}

static nas_hash of_two(const char *a, const char *b) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, a);
    nas_hasher_text(&h, b);
    return nas_hasher_end(&h);
}

static void fields_have_ends(void **state) {
    (void)state;
    const nas_hash x = of_two("ab", "c"), y = of_two("a", "bc"), z = of_two("ab", "c");
    assert_false(nas_hash_equal(&x, &y));
    assert_true(nas_hash_equal(&x, &z));
}

static void what_is_no_hash(void **state) {
    (void)state;
    nas_hash h;
    assert_false(nas_hash_from_hex("", &h));
    assert_false(nas_hash_from_hex("e3b0", &h));
    assert_false(
        nas_hash_from_hex("g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", &h));
    assert_false(nas_hash_from_hex(
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85500", &h));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(a_million_in_pieces),
        cmocka_unit_test(fields_have_ends),
        cmocka_unit_test(what_is_no_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
