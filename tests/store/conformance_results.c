/* tests/store/conformance_results.c - what belongs to a trial: epochs, stages, steps, artefacts,
 * documents, answers; examples; what is claimed. */
#include "tests/store/conformance_place.h"

static int finish_and_die(place *p, nas_store *s) {
    nas_claim c;
    const nas_epoch_row e[] = {{1, 10, 0.5, 0.75, 0.25, 1.5}, {2, 20, NAN, 0.5, NAN, 1.25}};
    const nas_stage_row g[] = {{"features", {{1}}, true, 1, 2}, {"train", {{2}}, false, 3, 4}};
    const nas_step_row t[] = {{"dense", 0.5, 100, 50}, {"pruned", NAN, -1, -1}};
    const nas_artefact f = {"model.tflite", "bytes\0more", 10};
    const nas_result r = {.state = NAS_COMPLETE,
                          .n_epochs = 2,
                          .epochs = e,
                          .n_stages = 2,
                          .stages = g,
                          .n_steps = 2,
                          .steps = t,
                          .n_artefacts = 1,
                          .artefacts = &f};
    if (claim(p, s, "w", &c) != NAS_CLAIMED) return 1;
    if (nas_store_finish(s, p->id, &c, "w", &r, &p->err) != NAS_OK) return 2;
    if (claim(p, s, "w", &c) != NAS_CLAIMED) return 3;
    _exit(7); /* with one in hand, nothing closed */
}
static inline bool tell_epoch(void *ctx, const nas_epoch_row *e) {
    say(ctx, "%d %g %g %g %g|", (int)e->epoch, e->loss, e->val_loss, e->val_accuracy, e->seconds);
    return true;
}

static inline bool tell_stage(void *ctx, const nas_stage_row *g) {
    say(ctx, "%s %d %g %g|", g->name, g->reused, g->wall_seconds, g->cpu_seconds);
    return true;
}

static inline bool tell_step(void *ctx, const nas_step_row *t) {
    say(ctx, "%s %g %d %d|", t->name, t->accuracy, (int)t->tflite_bytes, (int)t->zlib_bytes);
    return true;
}

static void test_durable(void **state) {
    place *p = *state;
    told t = {""};
    char dead[] = "w";
    uint8_t *bytes;
    size_t n;
    int32_t given_back;
    nas_claim c;
    assert_int_equal(in_child(p, finish_and_die), 7);
    OK(nas_store_reap(p->s, p->id, -1, "gone", is_dead, dead, &given_back, &p->err));
    assert_int_equal(given_back, 1);
    assert_int_equal(claim(p, p->s, "w2", &c), NAS_CLAIMED);
    assert_int_equal(c.number, 1);
    const int64_t row = c.id - 1;
    OK(nas_store_epochs(p->s, p->id, row, tell_epoch, &t, &p->err));
    OK(nas_store_stages(p->s, p->id, row, tell_stage, &t, &p->err));
    OK(nas_store_steps(p->s, p->id, row, tell_step, &t, &p->err));
    assert_string_equal(t.text, "1 0.5 0.75 0.25 1.5|2 nan 0.5 nan 1.25|features 1 1 2|"
                                "train 0 3 4|dense 0.5 100 50|pruned nan -1 -1|");
    OK(nas_store_artefact(p->s, p->id, row, "model.tflite", p->arena, &bytes, &n, &p->err));
    assert_int_equal(n, 10);
    assert_memory_equal(bytes, "bytes\0more", 11);
    FAILS(NAS_ENOTFOUND,
          nas_store_artefact(p->s, p->id, row, "other", p->arena, &bytes, &n, &p->err));
    nas_holder holder;
    OK(nas_store_holder(p->s, p->id, "model.tflite", "bytes\0more", 10, &holder, &p->err));
    assert_int_equal(holder.row, row);
}

/* An attempt's parts go with the next one's; what it trained adds up. */
static void test_parts_of_attempts(void **state) {
    place *p = *state;
    told t = {""};
    nas_claim c;
    double trained, saved;
    const nas_epoch_row e[] = {{.epoch = 1, .loss = 1}, {.epoch = 2, .loss = 2}};
    nas_result r = {
        .state = NAS_WAITING, .n_epochs = 2, .epochs = e, .epochs_trained = 2, .epochs_saved = NAN};
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    OK(nas_store_finish(p->s, p->id, &c, "w", &r, &p->err));
    r = (nas_result){
        .state = NAS_COMPLETE, .n_epochs = 1, .epochs = e, .epochs_trained = 3, .epochs_saved = 2};
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    OK(nas_store_finish(p->s, p->id, &c, "w", &r, &p->err));
    OK(nas_store_epochs(p->s, p->id, c.id, tell_epoch, &t, &p->err));
    assert_string_equal(t.text, "1 1 0 0 0|");
    OK(nas_store_epochs_spent(p->s, &p->def, &trained, &saved, &p->err));
    assert_true(trained == 5 && saved == 0);
}

static void test_documents(void **state) {
    place *p = *state;
    const char *json, *where;
    nas_holder h;
    int64_t trained;
    add(p, 0.9, 1, NAS_FAILED);
    OK(nas_store_document_holder(p->s, p->id, "{\"it's\": \"a candidate\"}", &h, &p->err));
    assert_int_equal(h.row, 0);
    add(p, 0.9, 1, NAS_COMPLETE);
    OK(nas_store_document(p->s, p->id, 2, p->arena, &json, &p->err));
    assert_string_equal(json, "{\"it's\": \"a candidate\"}");
    FAILS(NAS_ENOTFOUND, nas_store_document(p->s, p->id, 9, p->arena, &json, &p->err));
    OK(nas_store_document_holder(p->s, p->id, json ? json : "", &h, &p->err));
    OK(nas_store_document_holder(p->s, p->id, "{\"it's\": \"a candidate\"}", &h, &p->err));
    assert_true(h.row == 2 && h.version == 1 && h.number == 1);
    OK(nas_store_holder(p->s, p->id, "model.tflite", "x", 1, &h, &p->err));
    assert_int_equal(h.row, 0);
    OK(nas_store_trained(p->s, p->id, 2, &trained, &p->err));
    assert_int_equal(trained, 2);
    OK(nas_store_trained(p->s, p->id, 9, &trained, &p->err));
    assert_int_equal(trained, 0);
    OK(nas_store_data_folder(p->s, p->id, p->arena, &where, &p->err));
    assert_null(where);
    OK(nas_store_put_data_folder(p->s, p->id, "/da'ta", &p->err));
    OK(nas_store_put_data_folder(p->s, p->id, "/da\"ta", &p->err));
    OK(nas_store_data_folder(p->s, p->id, p->arena, &where, &p->err));
    assert_string_equal(where, "/da\"ta");
}

/* ---- examples and answers ---- */

static const nas_example examples[] = {
    {.part = "validation", .name = "a.wav", .class = "yes", .group = "ann", .fold = 0},
    {.part = "validation", .name = "b.wav", .class = "no", .group = "bob", .fold = 1},
    {.part = "validation", .name = "c.wav", .class = "no", .group = "bob", .fold = 1},
    {.part = "test", .name = "d.wav", .class = "yes", .group = "eve", .fold = -1},
};
enum { N_EXAMPLES = 4 };

static int put_examples(place *p, nas_store *s) {
    return nas_store_put_examples(s, p->id, examples, N_EXAMPLES, &p->err) != NAS_OK;
}

static bool tell_share(void *ctx, const nas_share *g) {
    say(ctx, "%s %d/%d|", g->name, (int)g->right, (int)g->n);
    return true;
}

static bool tell_answers(void *ctx, int64_t row, int64_t number, const nas_answers *a) {
    say(ctx, "%d %d %s.%d %g", (int)row, (int)number, a->part, (int)a->replicate, a->score);
    for (int32_t i = 0; i < a->examples; i++) {
        if (a->right) say(ctx, " %d", a->right[i / 8] >> i % 8 & 1);
        if (a->predicted) say(ctx, "p%d", a->predicted[i]);
        if (a->share) say(ctx, "s%d", a->share[i]);
        if (a->error) say(ctx, " %g/%g", (double)a->error[i], (double)a->square[i]);
    }
    say(ctx, "|");
    return true;
}

static bool tell_score(void *ctx, double score) {
    say(ctx, "%g ", score);
    return true;
}

static const char *answers(place *p, int64_t row, const char *part) {
    static told t;
    t.text[0] = '\0';
    OK(nas_store_answers(p->s, p->id, row, part, tell_answers, &t, &p->err));
    return t.text;
}

/* Written once, by however many runs; with other data, others. */
static void test_examples(void **state) {
    place *p = *state;
    int64_t folds, groups;
    bool bare = true;
    told t = {""};
    assert_int_equal(in_children(p, 3, put_examples), 0);
    OK(nas_store_example_counts(p->s, p->id, &folds, &groups, &p->err));
    assert_true(folds == 2 && groups == 2);
    OK(nas_store_is_bare(p->s, "demo", &bare, &p->err));
    assert_false(bare);
    const uint8_t right = 0x5;
    const nas_answers a = {.part = "validation", .examples = 3, .score = 0.5, .right = &right};
    add(p, 0.5, 1, NAS_COMPLETE);
    OK(nas_store_put_answers(p->s, p->id, 1, &a, &p->err));
    OK(nas_store_shares(p->s, p->id, 1, "validation", false, tell_share, &t, &p->err));
    OK(nas_store_shares(p->s, p->id, 1, "validation", true, tell_share, &t, &p->err));
    assert_string_equal(t.text, "ann 1/1|bob 1/2|no 1/2|yes 1/1|");
    p->def.fingerprint = nas_hash_of("more", 4);
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    OK(nas_store_example_counts(p->s, p->id, &folds, &groups, &p->err));
    assert_true(folds == 0 && groups == 0);
    OK(nas_store_put_examples(p->s, p->id, examples, 1, &p->err));
    OK(nas_store_example_counts(p->s, p->id, &folds, &groups, &p->err));
    assert_true(folds == 1 && groups == 1);
}

static void test_answers(void **state) {
    place *p = *state;
    const uint8_t right[] = {0xfd, 0x01}, predicted[] = {1, 0, 255}, share[] = {255, 0, 128};
    const float error[] = {0.5F, 2}, square[] = {0.25F, 4};
    const nas_answers of_trial = {.part = "validation",
                                  .examples = 3,
                                  .score = 0.75,
                                  .right = right,
                                  .predicted = predicted,
                                  .share = share};
    const nas_answers again = {
        .part = "validation", .replicate = 2, .examples = 9, .score = NAN, .right = right};
    const nas_answers series = {
        .part = "test", .examples = 2, .score = 1, .error = error, .square = square};
    nas_claim c;
    told t = {""};
    int64_t reads, asked;
    const nas_result r = {.state = NAS_COMPLETE, .answers = &of_trial};
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    OK(nas_store_finish(p->s, p->id, &c, "w", &r, &p->err));
    add(p, 0.5, 1, NAS_COMPLETE);
    OK(nas_store_put_answers(p->s, p->id, 2, &of_trial, &p->err));
    OK(nas_store_put_answers(p->s, p->id, 1, &again, &p->err));
    for (int i = 0; i < 3; i++) OK(nas_store_put_answers(p->s, p->id, 1, &series, &p->err));
    assert_string_equal(answers(p, 0, "validation"),
                        "1 0 validation.0 0.75 1p1s255 0p0s0 1p255s128|"
                        "1 0 validation.2 nan 1 0 1 1 1 1 1 1 1|"
                        "2 1 validation.0 0.75 1p1s255 0p0s0 1p255s128|");
    assert_string_equal(answers(p, 2, "validation"),
                        "2 1 validation.0 0.75 1p1s255 0p0s0 1p255s128|");
    assert_string_equal(answers(p, 0, "test"), "1 0 test.0 1 0.5/0.25 2/4|");
    OK(nas_store_test_reads(p->s, p->id, 1, &reads, &asked, &p->err));
    assert_int_equal(reads, 3); /* how often it was read is not forgotten */
    assert_int_equal(asked, 1);
    OK(nas_store_replicates(p->s, p->id, 1, tell_score, &t, &p->err));
    assert_string_equal(t.text, "nan ");
    FAILS(NAS_ENOTFOUND, nas_store_put_answers(p->s, p->id, 99, &series, &p->err));
}

int nas_conformance_results(void) {
    const struct CMUnitTest tests[] = {
        T(test_durable),  T(test_parts_of_attempts), T(test_documents),
        T(test_examples), T(test_answers),
    };
    return cmocka_run_group_tests_name("results", tests, NULL, NULL);
}
