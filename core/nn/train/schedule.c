/* core/nn/train/schedule.c - learning rates over all steps, and the keys of "train". */
#include "core/nn/train/optimizer.h"
#include "core/nn/train/train.h"

#include <math.h>

static const char *const kinds[] = {"constant", "polynomial", "cosine", "exponential", NULL};
#define ROW(x)  &nas_optimizer_##x,
#define NAME(x) #x,
static const nas_optimizer *const rows[] = {NAS_OPTIMIZER_LIST(ROW)};
static const char *const optimizers[] = {NAS_OPTIMIZER_LIST(NAME) NULL};
#undef ROW
#undef NAME
/* nas_loss. */
static const char *const losses[] = {"auto", "squared", "absolute", "huber", NULL};
static const char *const keeps[] = {"last", "best", NULL};

const nas_key nas_schedule_keys[] = {{.name = "schedule",
                                      .kind = NAS_KEY_WORD,
                                      .offset = offsetof(nas_schedule, kind),
                                      .words = kinds,
                                      .help = "how the rate goes from \"from\" to \"to\""},
                                     {.name = "from",
                                      .kind = NAS_KEY_FLOAT,
                                      .offset = offsetof(nas_schedule, from),
                                      .lo = 0,
                                      .hi = 10,
                                      .help = "rate of the first step"},
                                     {.name = "to",
                                      .kind = NAS_KEY_FLOAT,
                                      .offset = offsetof(nas_schedule, to),
                                      .lo = 0,
                                      .hi = 10,
                                      .def = "0",
                                      .help = "rate after the last step; exponential: above 0"},
                                     {.name = "power",
                                      .kind = NAS_KEY_FLOAT,
                                      .offset = offsetof(nas_schedule, power),
                                      .lo = 0.01,
                                      .hi = 100,
                                      .def = "1",
                                      .help = "of the polynomial"},
                                     NAS_KEY_END};

const nas_key nas_train_keys[] = {
    {.name = "epochs",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_train_config, epochs),
     .lo = 1,
     .hi = 100000,
     .help = "passes over the training set"},
    {.name = "batch_size",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_train_config, batch_size),
     .lo = 1,
     .hi = 65536,
     .help = "examples of a step; the last of an epoch may have fewer"},
    {.name = "optimizer",
     .kind = NAS_KEY_WORD,
     .offset = offsetof(nas_train_config, optimizer),
     .def = "\"adam\"",
     .words = optimizers,
     .help = "adam: beta 0.9, 0.999, epsilon 1e-7; sgd: with momentum"},
    {.name = "momentum",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_train_config, momentum),
     .lo = 0,
     .hi = 1,
     .def = "0.9",
     .help = "of sgd: the share of the last step that goes into the next; 0: none"},
    {.name = "label_smoothing",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_train_config, label_smoothing),
     .lo = 0,
     .hi = 1,
     .def = "0",
     .help = "share of the target that goes evenly to all classes"},
    {.name = "weight_decay",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_train_config, weight_decay),
     .lo = 0,
     .hi = 1,
     .def = "0",
     .help = "after each step kernels lose this share of themselves, times the rate"},
    {.name = "loss",
     .kind = NAS_KEY_WORD,
     .offset = offsetof(nas_train_config, loss),
     .def = "\"auto\"",
     .words = losses,
     .help = "of forecasts, on standardised values; auto: squared, and of classes cross-entropy"},
    {.name = "huber_delta",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_train_config, huber_delta),
     .lo = 1e-6,
     .hi = 1e6,
     .def = "1",
     .help = "error, in standard deviations, up to which \"huber\" is squared; above it is linear"},
    {.name = "exact",
     .kind = NAS_KEY_BOOL,
     .offset = offsetof(nas_train_config, exact),
     .def = "false",
     .help = "only convolutions with the error of the direct one"},
    {.name = "differences",
     .kind = NAS_KEY_BOOL,
     .offset = offsetof(nas_train_config, differences),
     .def = "false",
     .help = "kernels that read the input move as if they read differences of its frames"},
    {.name = "keep",
     .kind = NAS_KEY_WORD,
     .offset = offsetof(nas_train_config, keep),
     .def = "\"last\"",
     .words = keeps,
     .help = "the epoch whose weights are kept; best: of the highest validation accuracy"},
    {.name = "patience",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_train_config, patience),
     .lo = 1,
     .hi = 100000,
     .def = "null",
     .flags = NAS_KEY_NULLABLE,
     .help = "epochs in a row without a better one after which training ends; null: never"},
    {.name = "learning_rate",
     .kind = NAS_KEY_BLOCK,
     .offset = offsetof(nas_train_config, learning_rate),
     .help = "a number, or an object with a schedule"},
    {.name = "warm_up_epochs",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_train_config, warm_up_epochs),
     .lo = 0,
     .hi = 100000,
     .def = "0",
     .help = "epochs, or fractions of one, in which the rate rises to the schedule's first"},
    NAS_KEY_END};

const nas_optimizer *nas_optimizer_at(int32_t i) {
    return i >= 0 && i < (int32_t)(sizeof rows / sizeof *rows) ? rows[i] : NULL;
}

double nas_schedule_at(const nas_schedule *s, int64_t step, int64_t steps) {
    const double pi = 3.14159265358979323846;
    const double p = steps > 0 ? (double)step / (double)steps : 0;
    switch ((nas_schedule_kind)s->kind) {
    case NAS_SCHEDULE_POLYNOMIAL: return s->to + (s->from - s->to) * pow(1 - p, s->power);
    case NAS_SCHEDULE_COSINE: return s->to + (s->from - s->to) * 0.5 * (1 + cos(pi * p));
    case NAS_SCHEDULE_EXPONENTIAL: return s->from * pow(s->to / s->from, p);
    case NAS_SCHEDULE_CONSTANT: break;
    }
    return s->from;
}

double nas_train_rate(const nas_train_config *c, int64_t step, int64_t steps) {
    const double epoch = (double)steps / c->epochs;
    int64_t rise = (int64_t)floor(c->warm_up_epochs * epoch + 0.5);
    if (rise >= steps) rise = steps - 1;
    if (step >= rise) return nas_schedule_at(&c->learning_rate, step - rise, steps - rise);
    return nas_schedule_at(&c->learning_rate, 0, steps) * (double)(step + 1) / (double)rise;
}
