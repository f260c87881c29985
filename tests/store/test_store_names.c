/* tests/store/test_store_names.c - names of columns that are longer than a database has room for.
 */
#include "tests/store_place.h"

#define TEN   "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN

static const nas_column odd[] = {
    {SIXTY "klm", NAS_COLUMN_INTEGER},  {SIXTY "klmn", NAS_COLUMN_INTEGER},
    {SIXTY "klmN", NAS_COLUMN_INTEGER}, {SIXTY SIXTY SIXTY SIXTY "klm", NAS_COLUMN_INTEGER},
    {SIXTY "p", NAS_COLUMN_INTEGER},
};
enum { N_ODD = 5 };

static nas_study study_with(const nas_column *columns) {
    nas_study def = study_of("kws", 5);
    def.params = columns;
    def.n_params = N_ODD;
    return def;
}

static nas_status pick_odd(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                           nas_picked *out, nas_err *err) {
    (void)ctx, (void)err;
    for (int i = 0; i < N_ODD; i++) values[i] = integer(10 * number + i);
    out->candidate = hash_of_number((*cursor)++);
    out->json = "{}";
    return NAS_OK;
}

static void add_odd(place *p, nas_store *s, nas_study_id id) {
    nas_claim c;
    const char *json;
    nas_claimed what;
    OK(nas_store_claim(s, id, "w", pick_odd, NULL, p->arena, &c, &json, &what, &p->err));
    assert_int_equal(what, NAS_CLAIMED);
    const nas_value m[3] = {real(0.95), integer(1000), real(1)};
    assert_true(finish_as(p, s, id, &c, "w", "complete", m));
}

#define LONGEST                                                                    \
    "SELECT max(length(name)), max(length(stored)), count(DISTINCT lower(stored))" \
    " FROM nas_columns WHERE version = 1"

static void test_long(void **state) {
    place *p = *state;
    nas_study def = study_with(odd), found;
    nas_study_id id, again;
    nas_store *s = start(p, &def, &id);
    const char *name[N_ODD];
    add_odd(p, s, id);
    assert_string_equal(ask(p, s, LONGEST), "63 63 8");
    OK(nas_store_find(s, "kws", p->arena, &found, &again, &p->err));
    for (int i = 0; i < N_ODD; i++) {
        char sql[128], value[16];
        OK(nas_store_param_column(s, id, i, p->arena, &name[i], &p->err));
        assert_string_equal(found.params[i].name, name[i]);
        assert_true(strlen(name[i]) <= NAS_NAME_MOST);
        snprintf(sql, sizeof sql, "SELECT \"%s\" FROM kws_best", name[i]);
        snprintf(value, sizeof value, "%d", i);
        assert_string_equal(ask(p, s, sql), value);
    }
    assert_string_equal(name[0], odd[0].name);
    assert_string_equal(name[4], odd[4].name);
    /* printf %s abc...klmn | sha256sum */
    assert_string_equal(name[1], TEN TEN TEN TEN "abcdef_5e1bbbe46aff0daa");
    FAILS(NAS_EINVAL, nas_store_param_column(s, id, N_ODD, p->arena, &name[0], &p->err));
    /* Joined, and found again, by the same whole names. */
    def.trials = 6;
    OK(nas_store_study(s, &def, &again, &p->err));
    assert_true(again.joined && again.version == 1);
    add_odd(p, s, id);
    assert_string_equal(ask(p, s, "SELECT count(*), count(" SIXTY "klm) FROM kws"), "2 2");
    assert_string_equal(ask(p, s, LONGEST), "63 63 8");
    nas_store_close(s);
}

/* What is stored beside a column of another type has a name that is longer than its own. */
static void test_long_of_another_type(void **state) {
    place *p = *state;
    nas_study def = study_with(odd);
    nas_study_id id;
    nas_column real_now[N_ODD];
    nas_store *s = start(p, &def, &id);
    for (int i = 0; i < N_ODD; i++) real_now[i] = (nas_column){odd[i].name, NAS_COLUMN_REAL};
    def.params = real_now;
    def.space_hash = nas_hash_of("real", 4);
    OK(nas_store_study(s, &def, &id, &p->err));
    assert_int_equal(id.version, 2);
    add_odd(p, s, id);
    assert_string_equal(ask(p, s, "SELECT " SIXTY "klm, " SIXTY "p FROM kws"), "0 4");
    assert_string_equal(ask(p, s,
                            "SELECT max(length(name)), max(length(stored)),"
                            " count(DISTINCT lower(stored)) FROM nas_columns"),
                        "63 63 13");
    nas_store_close(s);
}

/* A study whose long names an older nas stored whole goes on with them. */
static void test_old_names_stay(void **state) {
    place *p = *state;
    nas_study def = study_with(odd), found;
    nas_study_id id;
    const char *name;
    nas_store *s = start(p, &def, &id);
    add_odd(p, s, id);
    OK(nas_store_param_column(s, id, 1, p->arena, &name, &p->err));
    nas_store_close(s);
    char sql[512];
    snprintf(sql, sizeof sql,
             "ALTER TABLE nas_trials_1 RENAME COLUMN %s TO " SIXTY "klmn;"
             "UPDATE nas_columns SET name = '" SIXTY "klmn', stored = '" SIXTY "klmn'"
             " WHERE name = '%s'",
             name, name);
    raw_sql(p, sql);
    s = open_db(p, NAS_STORE_WRITE);
    OK(nas_store_find(s, "kws", p->arena, &found, &id, &p->err));
    assert_string_equal(found.params[1].name, SIXTY "klmn");
    def.trials = 6;
    OK(nas_store_study(s, &def, &id, &p->err));
    assert_true(id.joined && id.version == 1);
    OK(nas_store_param_column(s, id, 1, p->arena, &name, &p->err));
    assert_string_equal(name, SIXTY "klmn");
    add_odd(p, s, id);
    assert_string_equal(ask(p, s, "SELECT " SIXTY "klmn FROM kws ORDER BY number"), "1|11");
    /* Another version of the study, too. */
    def.space_hash = nas_hash_of("another", 7);
    OK(nas_store_study(s, &def, &id, &p->err));
    add_odd(p, s, id);
    assert_string_equal(ask(p, s, "SELECT " SIXTY "klmn FROM nas_trials_1 ORDER BY id"), "1|11|1");
    nas_store_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_long),
        T(test_long_of_another_type),
        T(test_old_names_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
