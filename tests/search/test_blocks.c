/* tests/search/test_blocks.c - the table of blocks: it is whole, and a row holds for its own key
 * alone, not for keys of other blocks that have the same name. */
#include "search/candidate/candidate_int.h"
#include "search/task/task.h"
#include "tests/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Is it the block of a task that says that it takes this? */
static bool is_taken(uint32_t needs) {
    for (int32_t i = 0; nas_task_at(i); i++)
        if (nas_task_at(i)->has & needs) return true;
    return false;
}

/* All rows of all tables in turn; NULL first and at the end. */
static const nas_block_row *next_row(const nas_block_row *last) {
    bool found = !last;
    for (int32_t i = 0; nas_block_table(i); i++)
        for (const nas_block_row *r = nas_block_table(i); r->above; r++) {
            if (found) return r;
            found = r == last;
        }
    return NULL;
}

static void test_whole(void **state) {
    (void)state;
    for (const nas_block_row *r = NULL; (r = next_row(r));) {
        const nas_key *k = nas_block_find(r->above, r->key);
        if (!k) fail_msg("%s has no key \"%s\"", r->above->path, r->key);
        assert_ptr_equal(nas_block_row_at(r->above, r->key), r);
        assert_ptr_equal(nas_block_row_of(k), r);
        if (r->needs && !is_taken(r->needs)) fail_msg("no task has the block \"%s\"", r->key);
        if (r->number) assert_non_null(nas_block_find(r->block, r->number));
        if (r->decoded) assert_true(r->build || r->block);
        assert_int_equal(!(r->role & NAS_ROLE_DATA) && r->role != 0, r->above == &nas_block_top);
        /* What is of the candidate enters a stage: else a setting would change nothing. */
        if (r->role & NAS_ROLE_VARIES && r->needs != NAS_HAS_POINT) {
            if (!r->stages) fail_msg("the bits of \"%s\" enter no stage", r->key);
            assert_true(r->text != 0);
        }
        for (const nas_block_row *o = NULL; (o = next_row(o)) != r;)
            assert_true(!o->text || o->text != r->text);
    }
    const nas_block *b;
    for (int32_t i = 0; (b = nas_block_at(i)); i++) {
        int32_t n = 1;
        for (const nas_key *k = NULL; (k = nas_block_next(b, k));) n++;
        assert_true(n <= NAS_KEYS_MOST);
    }
    for (const nas_key *k = NULL; (k = nas_block_next(&nas_block_top, k));)
        if (!nas_block_role(k->name)) fail_msg("\"%s\" has no row", k->name);
}

/* A walk over nothing; problems are counted. */
static nas_check *start_check(nas_problems *p, nas_json **json) {
    nas_json *j = NULL;
    nas_check *c = nas_arena_alloc(arena, sizeof *c, NULL);
    *p = (nas_problems){.arena = arena};
    assert_int_equal(
        nas_json_parse(arena, "f", "{\"task\": {\"kind\": \"keywords\"}, \"x\": -1}", &j, NULL),
        NAS_OK);
    *json = j;
    *c = (nas_check){.arena = arena, .j = j, .p = p, .root = nas_json_root(j)};
    return c;
}

/* Each key that has a check of its own, in a block that has a key of that name too. */
static void test_namesakes(void **state) {
    (void)state;
    for (const nas_block_row *r = NULL; (r = next_row(r));) {
        nas_problems p;
        nas_json *j = NULL;
        nas_check *c = start_check(&p, &j);
        const cJSON *x = nas_json_get(c->root, "x");
        const nas_key namesake = {.name = r->key, .kind = NAS_KEY_BLOCK};
        nas_check_value(c, "elsewhere", x, &namesake);
        if (p.n)
            fail_msg("\"%s\" of another block is checked as that of %s", r->key,
                     *r->above->path ? r->above->path : "the file");
        const nas_key *own = nas_block_find(r->above, r->key);
        if (own->kind == NAS_KEY_BLOCK && (r->check || r->block)) {
            nas_check_value(c, "own", r->number ? c->root : x, own);
            if (!p.n) fail_msg("\"%s\" of its own block is not checked", r->key);
        }
        nas_json_close(j);
    }
}

/* The canonical form leaves namesakes as they are. */
static void test_canonical(void **state) {
    (void)state;
    static const char text[] =
        "{\"frontend\":{\"data\":1,\"layers\":[{\"filters\":4,\"kernel\":[3,3],\"op\":\"conv2d\","
        "\"stride\":[1,1]}],\"learning_rate\":{\"from\":1,\"schedule\":\"constant\"},"
        "\"quantize\":{\"kind\":\"int8\"},\"task\":{\"data\":1}}}";
    nas_json *j = NULL;
    char *out = NULL;
    assert_int_equal(nas_json_parse(arena, "f", text, &j, NULL), NAS_OK);
    assert_int_equal(nas_candidate_canonical(arena, nas_json_root(j), "", &out, NULL), NAS_OK);
    assert_string_equal(out, text);
    nas_json_close(j);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_namesakes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_canonical, setup, teardown),
    };
    return cmocka_run_group_tests_name("blocks", tests, NULL, NULL);
}
