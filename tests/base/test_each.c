/* tests/base/test_each.c - many items on several threads: each once, the least failure, stops. */
#include "base/each.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

enum { N = 1000, THREADS = 4 };

typedef struct work {
    atomic_int times[N], busy[NAS_TEAM_MOST];
    bool fails[N];
    int64_t told;
    int looks, stop_at;
} work;

static nas_status item(void *ctx, int32_t i, int32_t lane, nas_err *err) {
    work *w = ctx;
    assert_true(lane >= 0 && lane < THREADS);
    assert_int_equal(atomic_fetch_add(&w->busy[lane], 1), 0);
    atomic_fetch_add(&w->times[i], 1);
    atomic_fetch_sub(&w->busy[lane], 1);
    return w->fails[i] ? nas_fail(err, NAS_EFORMAT, "item %d", i) : NAS_OK;
}

static void progress(void *ctx, const char *what, int64_t done, int64_t total) {
    work *w = ctx;
    assert_string_equal(what, "working");
    assert_int_equal(total, N);
    assert_true(done > w->told);
    w->told = done;
}

static bool stop(void *ctx) {
    work *w = ctx;
    return w->looks++ == w->stop_at;
}

static nas_status run(work *w, int32_t threads, nas_err *err) {
    const nas_log log = {.ctx = w, .progress = progress, .stop = stop};
    return nas_each(threads, N, "working", item, w, &log, err);
}

static void test_all(void **state) {
    (void)state;
    for (int32_t threads = 1; threads <= THREADS; threads += THREADS - 1) {
        static work w;
        memset(&w, 0, sizeof w);
        w.stop_at = -1;
        assert_int_equal(run(&w, threads, NULL), NAS_OK);
        for (int i = 0; i < N; i++) assert_int_equal(w.times[i], 1);
        assert_int_equal(w.told, N);
    }
    assert_int_equal(nas_each(THREADS, 0, NULL, item, NULL, NULL, NULL), NAS_OK);
}

static void test_failures(void **state) {
    (void)state;
    static work w;
    nas_err err = {0};
    w.stop_at = -1;
    w.fails[310] = w.fails[301] = w.fails[400] = w.fails[900] = true;
    assert_int_equal(run(&w, THREADS, &err), NAS_EFORMAT);
    assert_string_equal(err.text, "item 301");
    assert_int_equal(w.times[900], 0);
}

static void test_stop(void **state) {
    (void)state;
    static work w;
    nas_err err = {0};
    w.stop_at = 1;
    assert_int_equal(run(&w, THREADS, &err), NAS_ESTOP);
    assert_int_equal(w.times[0], 1);
    assert_int_equal(w.times[N - 1], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all), cmocka_unit_test(test_failures),
                                       cmocka_unit_test(test_stop)};
    return cmocka_run_group_tests_name("each", tests, NULL, NULL);
}
