/* A step gives the same bits on one thread, two, three, or a number that changes on the way; and
 * each task of a team is done once, after a fork too. What these bits are is pinned. */
#include "base/clock.h"
#include "base/cores.h"
#include "base/flush.h"
#include "base/team.h"
#include "core/data/augment.h"
#include "core/kernel/threads.h"
#include "core/nn/net/net_int.h"
#include "core/nn/train/train.h"
#include "tests/nets.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { CLASSES = 3, H = 25, W = 10, EXAMPLES = 46, BATCH = 20, VALUES = 4 };

static float examples_x[EXAMPLES * H * W], examples_values[EXAMPLES * VALUES];
static int32_t examples_y[EXAMPLES];
static const nas_examples labelled = {
    .x = examples_x, .y = examples_y, .n = EXAMPLES, .h = H, .w = W};
static const nas_examples valued = {.x = examples_x,
                                    .n = EXAMPLES,
                                    .h = H,
                                    .w = W,
                                    .values = examples_values,
                                    .outputs = VALUES,
                                    .values_row = VALUES};

#define SEPARABLE(f) \
    DEPTHWISE(3, 3, 1, 1, NAS_SAME, false), CONV(f, 1, 1, 1, 1, NAS_VALID, false), BN, RELU
#define SAME(f) CONV(f, 3, 3, 1, 1, NAS_SAME, false)
#define HEAD    DENSE(CLASSES), SOFTMAX

static const nas_model nets[] = {
    /* By tiles, with parts whose chunks differ in size. */
    MODEL(H, W, 1, CONV(32, 3, 3, 2, 2, NAS_VALID, false), BN, RELU, SAME(40), BN, RELU, SAME(24),
          BN, RELU, GAP, HEAD),
    MODEL(H, W, 1, CONV(48, 3, 3, 1, 1, NAS_VALID, false), BN, RELU, SEPARABLE(70), SEPARABLE(33),
          GAP, HEAD),
    MODEL(H, W, 1, CONV(24, 3, 3, 1, 1, NAS_SAME, true), BN, RELU,
          RESIDUAL(NAS_SHORTCUT_IDENTITY, SAME(24), BN, RELU, DROPOUT(0.3), SAME(24), BN), RELU,
          RESIDUAL(NAS_SHORTCUT_PROJECT, CONV(36, 3, 3, 2, 2, NAS_SAME, false), BN), RELU,
          MAX_POOL(2, 2, 2, 2, NAS_VALID), DROPOUT(0.1), FLATTEN, HEAD),
    /* No sums over the batch; and values in place of classes. */
    MODEL(H, W, 1, CONV(40, 3, 3, 1, 1, NAS_SAME, true), RELU, CONV(16, 3, 3, 2, 2, NAS_SAME, true),
          RELU, FLATTEN, HEAD),
    MODEL(H, 1, W, CONV1D(512, 3, 1, 1, NAS_SAME), RELU, FLATTEN, DENSE(VALUES),
          {.ops = &nas_layer_error}),
};
enum { NETS = sizeof nets / sizeof *nets };

static int make_examples(void **state) {
    (void)state;
    fill(examples_x, EXAMPLES * H * W, 1);
    fill(examples_values, EXAMPLES * VALUES, 2);
    for (int32_t i = 0; i < EXAMPLES; i++) examples_y[i] = i % CLASSES;
    return 0;
}

typedef struct trained {
    size_t bytes;
    char *state; /* weights, averages, moments, losses */
} trained;

static void stir(void *ctx, int64_t step) {
    atomic_store((_Atomic int *)ctx, 1 + (int)(step % 3));
}

/* Mixup and weight decay in what follows. */
static bool mixed;

/* Two epochs; `changing`: another number of threads at each step, if it is there. */
static trained train(const nas_model *m, const nas_kernel *k, int threads, _Atomic int *changing) {
    const bool classes = !nas_model_gives_values(m);
    const nas_augment augment = {
        .shift_frames = 2, .time_mask_frames = 3, .mixup = mixed && classes ? 0.3 : 0};
    const nas_train_config config = {.epochs = 2,
                                     .batch_size = BATCH,
                                     .weight_decay = mixed ? 0.1 : 0,
                                     .learning_rate = {.from = 1e-3}};
    nas_err err = {0};
    nas_net *net;
    nas_trainer *t;
    nas_train_end end = NAS_TRAIN_DIVERGED;
    nas_threads_set(threads);
    if (changing) nas_threads_follow(changing, threads);
    if (nas_net_open(m, classes ? CLASSES : VALUES, BATCH, k, &net, &err) != NAS_OK)
        fail_msg("%s", err.text);
    nas_net_init(net, 5, 0);
    assert_true(nas_net_parts(net, BATCH) > 1);
    assert_true(net->lanes == threads || net->lanes == nas_net_parts(net, BATCH));
    const nas_train_hook hook = {.ctx = changing, .before = changing ? stir : NULL};
    const nas_trainer_options o = {.net = net,
                                   .config = &config,
                                   .maker = nas_augment_maker(&augment),
                                   .train = classes ? &labelled : &valued,
                                   .seed = 3,
                                   .hook = &hook};
    if (nas_trainer_open(&o, &t, &err) != NAS_OK ||
        nas_trainer_run(t, INT64_MAX, NULL, NULL, NULL, &end, &err) != NAS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(end, NAS_TRAIN_DONE);
    trained out = {.bytes = nas_trainer_state_bytes(t)};
    out.state = malloc(out.bytes);
    assert_non_null(out.state);
    nas_trainer_save(t, out.state);
    nas_trainer_close(t);
    nas_net_close(net);
    nas_threads_set(1);
    return out;
}

/* Rows without fused multiply-adds, and a net without exponentials, give the same bits with any
 * compiler: whoever changes them raises NAS_TRAIN_VERSION, or studies mix both. */
static void test_version(void **state) {
    (void)state;
    const nas_model model = MODEL(
        H, W, 1, CONV(48, 3, 3, 1, 1, NAS_VALID, false), BN, RELU, SEPARABLE(40), SAME(24), BN,
        RELU, CONV(130, 3, 3, 2, 2, NAS_SAME, true), GAP, DENSE(VALUES), {.ops = &nas_layer_error});
    static const struct {
        const char *row;
        uint64_t bits;
    } pinned[] = {{"reference", 0xae766711e1353244U}, {"generic", 0xc8be14c351c72164U}};
    assert_int_equal(NAS_TRAIN_VERSION, 5); /* with it go the bits above */
#ifndef __x86_64__
    skip();
#endif
    for (size_t i = 0; i < sizeof pinned / sizeof *pinned; i++) {
        const trained t = train(&model, nas_kernel_find(pinned[i].row), 1, NULL);
        uint64_t hash = 0xcbf29ce484222325U; /* FNV-1a */
        for (size_t b = 8; b < t.bytes; b++) /* after the tag */
            hash = (hash ^ (uint8_t)t.state[b]) * 0x100000001b3U;
        free(t.state);
        if (hash != pinned[i].bits)
            fail_msg("%s trains other bits, 0x%llx: raise NAS_TRAIN_VERSION and pin them here",
                     pinned[i].row, (unsigned long long)hash);
    }
}

static void test_bits(void **state) {
    (void)state;
    static const char *const rows[] = {"generic", "avx2", "avx512"};
    for (int r = 0; r < 3; r++)
        for (int i = 0; i < NETS; i++) {
            const nas_kernel *k = nas_kernel_find(rows[r]);
            if (!k) continue;
            const trained one = train(&nets[i], k, 1, NULL);
            for (int threads = 2; threads <= 4; threads++) {
                _Atomic int changing = 1;
                const trained more = train(&nets[i], k, threads, threads == 4 ? &changing : NULL);
                assert_int_equal(more.bytes, one.bytes);
                if (memcmp(more.state, one.state, one.bytes) != 0)
                    fail_msg("net %d, %s: %d threads give other bits than one", i, rows[r],
                             threads);
                free(more.state);
            }
            free(one.state);
        }
}

static void test_mixed(void **state) {
    const trained plain = train(&nets[1], nas_kernel_find("generic"), 1, NULL);
    mixed = true;
    const trained other = train(&nets[1], nas_kernel_find("generic"), 1, NULL);
    assert_memory_not_equal(plain.state, other.state, plain.bytes);
    free(plain.state);
    free(other.state);
    test_bits(state);
    mixed = false;
}

enum { TASKS = 100 };
typedef struct seen {
    _Atomic int times[TASKS], inside[NAS_TEAM_MOST];
    bool overlapped;
} seen;

static void note(void *ctx, int32_t task, int32_t lane) {
    seen *s = ctx;
    if (atomic_fetch_add(&s->inside[lane], 1)) s->overlapped = true;
    atomic_fetch_add(&s->times[task], 1);
    atomic_fetch_sub(&s->inside[lane], 1);
}

static void run_team(int32_t threads, int32_t n) {
    seen s = {0};
    nas_team_run(threads, n, note, &s);
    for (int32_t i = 0; i < TASKS; i++) assert_int_equal(s.times[i], i < n);
    assert_false(s.overlapped);
}

static void test_team(void **state) {
    (void)state;
    for (int32_t i = 0; i < 2000; i++) run_team(1 + i % 5, i % 7 == 6 ? TASKS : i % 7);
}

/* Two tasks that wait for each other, at most ten seconds: one thread alone would not end them. */
typedef struct meeting {
    _Atomic int came, met;
    bool signals;
} meeting;

static void meet(void *ctx, int32_t task, int32_t lane) {
    meeting *m = ctx;
    const double until = nas_clock_wall() + 10;
    (void)task;
    sigset_t blocked;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    if (lane && !sigismember(&blocked, SIGINT)) m->signals = true;
    atomic_fetch_add(&m->came, 1);
    while (atomic_load(&m->came) < 2 && nas_clock_wall() < until) (void)sched_yield();
    if (atomic_load(&m->came) == 2) atomic_fetch_add(&m->met, 1);
}

static bool two_threads(void) {
    meeting m = {0};
    nas_team_run(2, 2, meet, &m);
    return m.met == 2 && !m.signals;
}

static int count_threads(void) {
    DIR *d = opendir("/proc/self/task");
    assert_non_null(d);
    int n = 0;
    while (readdir(d)) n++;
    (void)closedir(d);
    return n - 2; /* . and .. */
}

/* A child has none of its parent's threads; both may go on. Two minutes are a hang. */
static pid_t fork_one(int generations) {
    const pid_t child = fork();
    if (child) return child;
    (void)alarm(120);
    bool right = true;
    for (int i = 0; i < 3; i++) right = two_threads() && right;
    run_team(3, TASKS);
    int status = 0;
    if (generations > 1) {
        const pid_t next = fork_one(generations - 1);
        right = waitpid(next, &status, 0) == next && status == 0 && right;
    }
    _exit(right ? 0 : 1);
}

static void check_forks(void) {
    enum { CHILDREN = 3 };
    pid_t child[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        assert_true(two_threads());
        child[i] = fork_one(2);
        assert_true(two_threads());
    }
    run_team(4, TASKS);
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        if (WIFSIGNALED(status)) fail_msg("child %d hangs after the fork", i);
        assert_int_equal(status, 0);
    }
}

static void test_fork(void **state) {
    (void)state;
    check_forks();
}

static void test_end(void **state) {
    (void)state;
    assert_true(two_threads());
    const int with = count_threads();
    nas_team_end();
    /* The system takes a joined thread off its list a little later. */
    for (int k = 0; k < 1000 && count_threads() >= with; k++) (void)usleep(1000);
    const int before = count_threads();
    assert_true(before < with);
    nas_team_end(); /* nothing to do */
    for (int i = 0; i < 100; i++) {
        run_team(1 + i % 4, TASKS);
        nas_team_end();
        for (int k = 0; k < 1000 && count_threads() > before; k++) (void)usleep(1000);
        assert_int_equal(count_threads(), before);
    }
    check_forks();
}

/* In a task numbers below the smallest normal one are what they are to the caller. */
static void tiny(void *ctx, int32_t task, int32_t lane) {
    volatile float small = 1e-38f;
    (void)lane;
    small = small * 0.1f;
    ((float *)ctx)[task] = small;
}

static void test_mode(void **state) {
    (void)state;
#if !defined __x86_64__ && !defined __aarch64__
    skip();
#endif
    float got[TASKS];
    for (int flushed = 0; flushed < 2; flushed++) {
        const uint64_t mode = flushed ? nas_flush_begin() : nas_flush_mode();
        nas_team_run(3, TASKS, tiny, got);
        nas_flush_end(mode);
        for (int i = 0; i < TASKS; i++) assert_int_equal(got[i] == 0.0f, flushed);
    }
}

/* Where the system gives no thread the caller does the work. Root is not bound. */
static void test_limit(void **state) {
    (void)state;
    const pid_t child = fork();
    if (!child) {
        (void)alarm(120);
        if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(0);
        if (setrlimit(RLIMIT_NPROC, &(struct rlimit){1, 1}) != 0) _exit(2);
        for (int i = 0; i < 100; i++) run_team(4, TASKS);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_number(void **state) {
    (void)state;
    _Atomic int n = 3;
    assert_int_equal(nas_threads(), 1);
    nas_threads_follow(&n, 2);
    assert_int_equal(nas_threads(), 2);
    atomic_store(&n, 0);
    assert_int_equal(nas_threads(), 1);
    assert_int_equal(nas_threads_most(), 2);
    nas_threads_set(0);
    assert_int_equal(nas_threads(), 1);

    static const struct {
        const char *text;
        bool right;
        int most;
    } given[] = {{"", true, 0},     {"1", true, 1},
                 {"1,2", true, 1},  {"100000", true, 0},
                 {"0", false, 0},   {"-2", false, 0},
                 {"two", false, 0}, {"2x", false, 0},
                 {"1.5", false, 0}, {"99999999999999999999", false, 0}};
    const int cores = nas_cores();
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        nas_err err = {0};
        int here = -1;
        assert_int_equal(setenv("OMP_NUM_THREADS", given[i].text, 1), 0);
        assert_int_equal(nas_threads_here(&here, &err), given[i].right ? NAS_OK : NAS_EINVAL);
        if (given[i].right)
            assert_int_equal(here, given[i].most ? given[i].most : cores);
        else
            assert_non_null(strstr(err.text, "OMP_NUM_THREADS="));
    }
    assert_int_equal(unsetenv("OMP_NUM_THREADS"), 0);
    int here;
    assert_int_equal(nas_threads_here(&here, NULL), NAS_OK);
    assert_int_equal(here, cores);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version), cmocka_unit_test(test_bits),  cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_team),    cmocka_unit_test(test_fork),  cmocka_unit_test(test_end),
        cmocka_unit_test(test_mode),    cmocka_unit_test(test_limit), cmocka_unit_test(test_number),
    };
    return cmocka_run_group_tests_name("threads", tests, make_examples, NULL);
}
