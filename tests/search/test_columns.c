/* tests/search/test_columns.c - a study that another build made, with other metrics in another
 * order, is read by its own columns; what a build has of its own stands in few places. */
#include "search/stage/evaluate.h"
#include "search/study/columns.h"
#include "search/study/study.h"
#include "search/task/task.h"
#include "tests/store_place.h"

/* As of a build that measures energy, and knows neither the test set nor infer_ms. */
static const nas_column foreign[] = {
    {"energy_uj", NAS_COLUMN_INTEGER},    {"accuracy", NAS_COLUMN_REAL},
    {"wake_ms", NAS_COLUMN_REAL},         {"zlib_bytes", NAS_COLUMN_INTEGER},
    {"tflite_bytes", NAS_COLUMN_INTEGER},
};

static nas_study foreign_study(void) {
    nas_study def = study_of("other", 5);
    def.metrics = foreign;
    def.n_metrics = sizeof foreign / sizeof *foreign;
    return def;
}

static void test_names(void **state) {
    (void)state;
    const nas_study s = foreign_study();
    static const char *const listed[] = {"accuracy", "tflite_bytes", "zlib_bytes"};
    assert_string_equal(nas_study_score(&s), "accuracy");
    for (int32_t i = 0; i < 3; i++) assert_string_equal(nas_study_listed(&s, i), listed[i]);
    assert_null(nas_study_listed(&s, 3));
    assert_true(nas_study_metric(&s, "energy_uj").integer);
    assert_false(nas_study_metric(&s, "wake_ms").integer);
    assert_true(nas_study_metric(&s, "zlib_bytes").unit == NAS_UNIT_BYTES);
    assert_true(nas_study_metric(&s, "nothing").unit == NAS_UNIT_NONE);
    nas_study unknown = s;
    unknown.task = "seismic";
    assert_string_equal(nas_study_score(&unknown), "energy_uj");
    assert_string_equal(nas_study_listed(&unknown, 0), "energy_uj");
}

/* What the program prints of one trial of it. */
static const char *said_of(place *p, const char *command) {
    const char *nas = getenv("NAS");
    static char out[32768];
    char line[512];
    snprintf(line, sizeof line, "%s %s %s 2>&1", nas ? nas : "./nas", command, p->db);
    if (strcmp(command, "show") == 0) strcat(line, " 0 2>&1");
    FILE *f = popen(line, "r");
    assert_non_null(f);
    out[fread(out, 1, sizeof out - 1, f)] = '\0';
    if (pclose(f) != 0) fail_msg("%s\n%s", line, out);
    return out;
}

static void expect(const char *out, const char *word, bool there) {
    if (!strstr(out, word) == there) fail_msg("%s\"%s\" in:\n%s", there ? "no " : "", word, out);
}

static void test_shown(void **state) {
    place *p = *state;
    const nas_study def = foreign_study();
    nas_study_id id;
    nas_claim c;
    const char *json;
    nas_store *s = start(p, &def, &id);
    const nas_value values[] = {integer(1234567), real(0.9375), real(2.5), integer(4321),
                                integer(9876)};
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
    assert_true(finish_as(p, s, id, &c, "w", "complete", values));
    nas_store_close(s);
    const char *top = said_of(p, "top");
    expect(top, "accuracy", true);
    expect(top, "zlib_bytes", true);
    expect(top, "energy_uj", false); /* no score, though it stands first */
    const char *show = said_of(p, "show");
    expect(show, "1,234,567", true); /* a count, as its column says */
    expect(show, "wake_ms", true);
    expect(said_of(p, "top --all"), "0.9375", true);
}

/* As of a build that has more metrics than this one has room for of its own. */
enum { MANY = 200 };
_Static_assert((int)MANY > (int)NAS_METRICS_MOST, "more than there is room for");

static nas_study many_study(void) {
    static char names[MANY][16];
    static nas_column many[MANY];
    static const nas_goal far[] = {{"m179", true}, {"m180", true}};
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "m%d", i);
        many[i] = (nas_column){names[i], NAS_COLUMN_REAL};
    }
    nas_study def = study_of("many", 5);
    def.task = "test_function";
    def.metrics = many;
    def.n_metrics = MANY;
    def.n_bounds = 0;
    def.goals = far;
    def.n_goals = 2;
    def.tie_break = "m199";
    return def;
}

static char *text_of(const char *path) {
    static char text[16384];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

/* None is cut: neither from a row that is read, nor from a list, a front or an export. */
static void test_many(void **state) {
    place *p = *state;
    const nas_study def = many_study();
    nas_study_id id;
    nas_claim c;
    nas_study found;
    const char *json;
    const double *metric;
    char command[160];
    nas_state state_of;
    nas_store *s = start(p, &def, &id);
    nas_value values[MANY];
    for (int i = 0; i < MANY; i++) values[i] = real(i + 0.5);
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
    assert_true(finish_as(p, s, id, &c, "w", "complete", values));
    OK(nas_store_find(s, "many", p->arena, &found, &id, &p->err));
    assert_int_equal(found.n_metrics, MANY);
    OK(nas_study_stored(s, &found, c.id, &state_of, p->arena, &metric, &p->err));
    assert_int_equal(state_of, NAS_COMPLETE);
    for (int i = 0; i < MANY; i++) assert_true(metric[i] == i + 0.5);
    nas_store_close(s);
    expect(said_of(p, "top --pareto"), "180.5", true);
    expect(said_of(p, "top"), "179.5", true);
    const char *show = said_of(p, "show");
    expect(show, "m199", true);
    expect(show, "199.5", true);
    snprintf(command, sizeof command, "export --trial 0 -o %s/files", p->dir);
    (void)said_of(p, command);
    snprintf(command, sizeof command, "%s/files/metrics.json", p->dir);
    const char *text = text_of(command);
    for (int i = 0; i < MANY; i++) {
        char entry[40];
        snprintf(entry, sizeof entry, "\"m%d\":\t%d.5", i, i);
        expect(text, entry, true);
    }
}

/* Rows that a build may have: names once, and all of them fit. */
static void test_rows(void **state) {
    (void)state;
    for (int i = 0; i < NAS_METRIC_COUNT; i++) {
        assert_int_equal(nas_metric_find(nas_metrics[i].name), i);
        if (nas_metrics[i].known == NAS_KNOWN_BEFORE) assert_non_null(nas_metrics[i].before);
        if (nas_metrics[i].known == NAS_KNOWN_MEASURED) assert_null(nas_metrics[i].before);
    }
    for (int32_t i = 0; nas_task_at(i); i++) {
        const nas_task_ops *task = nas_task_at(i);
        int32_t texts = 0;
        while (task->texts[texts]) texts++;
        assert_true(texts <= NAS_TEXTS);
        int32_t sources = 0;
        while (task->sources && task->sources[sources]) sources++;
        assert_true(sources <= NAS_SOURCES);
        for (int k = 0; k < NAS_METRIC_SCORES; k++) assert_non_null(task->scores[k].name);
        assert_non_null(task->listed[0]);
        assert_false(strchr(task->listed[0], '*') != NULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup_teardown(test_shown, enter, leave),
        cmocka_unit_test_setup_teardown(test_many, enter, leave),
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests_name("columns", tests, NULL, NULL);
}
