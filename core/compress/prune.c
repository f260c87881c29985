/* core/compress/prune.c - masks of the smallest weights, by a schedule over the steps. */
#include "core/compress/prune.h"

#include "core/compress/compress_int.h"

#include <math.h>
#include <stdlib.h>

static const char *const schedules[] = {"polynomial", "constant", NULL};

const nas_key nas_prune_keys[] = {
    {.name = "schedule",
     .kind = NAS_KEY_WORD,
     .offset = offsetof(nas_prune_config, schedule),
     .words = schedules,
     .help = "polynomial: more and more zeros from begin to end; constant: all from begin on"},
    {.name = "from",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_prune_config, from),
     .lo = 0,
     .hi = 1,
     .help = "fraction of zeros at begin"},
    {.name = "to",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_prune_config, to),
     .lo = 0,
     .hi = 1,
     .help = "fraction of zeros in the end, of each kernel"},
    {.name = "begin",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_prune_config, begin),
     .lo = 0,
     .hi = 1,
     .help = "first step under a mask, as a fraction of all steps"},
    {.name = "end",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_prune_config, end),
     .lo = 0,
     .hi = 1,
     .help = "step of the last mask, as a fraction of all steps"},
    {.name = "power",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_prune_config, power),
     .lo = 0.01,
     .hi = 100,
     .def = "3",
     .help = "of the polynomial"},
    {.name = "interval",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_prune_config, interval),
     .lo = 1,
     .hi = 1000000,
     .def = "100",
     .help = "steps from mask to mask, counted from begin"},
    {.name = "depthwise",
     .kind = NAS_KEY_BOOL,
     .offset = offsetof(nas_prune_config, depthwise),
     .def = "false",
     .help = "prunes depthwise kernels too, and those of less than 64 weights"},
    NAS_KEY_END};

typedef struct mask {
    const nas_weight *w;
    float *at; /* the stored kernel */
    double to;
    size_t n;
    uint8_t *keep; /* in Keras' order; 0: the weight is zero */
} mask;

struct nas_pruner {
    nas_prune_config config;
    nas_net *net;
    int64_t steps, begin, end;
    bool active; /* there are masks */
    int32_t n_masks;
    mask *masks;
    size_t bytes;
    uint8_t *keep; /* of all masks */
};

static int64_t step_of(double fraction, int64_t steps) {
    const int64_t s = (int64_t)floor(fraction * (double)steps);
    return s < steps ? s : steps - 1;
}

int64_t nas_prune_begin(const nas_prune_config *c, int64_t steps) {
    return step_of(c->begin, steps);
}

int64_t nas_prune_end(const nas_prune_config *c, int64_t steps) {
    const int64_t begin = nas_prune_begin(c, steps);
    const int64_t end = c->schedule == NAS_PRUNE_CONSTANT ? begin : step_of(c->end, steps);
    return end > begin ? end : begin;
}

double nas_prune_sparsity(const nas_prune_config *c, double to, int64_t step, int64_t steps) {
    const int64_t begin = nas_prune_begin(c, steps), end = nas_prune_end(c, steps);
    if (step >= end) return to;
    const double p = (double)(step - begin) / (double)(end - begin);
    return to + (c->from - to) * pow(1 - p, c->power);
}

static bool has_own(const nas_layer_ops *ops) {
    for (const nas_key *k = ops->keys; k->name; k++)
        if (!strcmp(k->name, "sparsity")) return true;
    return false;
}

/* The fraction of zeros that the kernel of a node ends with; 0: it has no mask. */
static double final_sparsity(const nas_prune_config *c, const nas_node *node, const nas_weight *w) {
    if (!nas_is_kernel(w)) return 0;
    if (has_own(node->ops) && !isnan(node->spec->sparsity)) return node->spec->sparsity;
    if (c->depthwise) return c->to;
    return nas_is_depthwise(node) || nas_weight_count(w) < NAS_LEAST_KERNEL ? 0 : c->to;
}

static void add_mask(nas_pruner *p, const nas_node *node, int32_t weight) {
    const nas_weight *w = &node->weights[weight];
    const double to = final_sparsity(&p->config, node, w);
    if (!(to > 0)) return;
    mask *m = &p->masks[p->n_masks++];
    *m = (mask){
        .w = w, .at = nas_node_param(node, weight, p->net), .to = to, .n = nas_weight_count(w)};
    p->bytes += m->n;
}

nas_status nas_prune_open(const nas_prune_config *config, nas_net *net, int64_t steps,
                          nas_pruner **out, nas_err *err) {
    *out = NULL;
    if (steps < 1 || config->interval < 1)
        return nas_fail(err, NAS_EINVAL, "prune: %lld steps, a mask every %d", (long long)steps,
                        config->interval);
    nas_pruner *p = calloc(1, sizeof *p);
    if (!p) return nas_fail(err, NAS_ENOMEM, "prune: out of memory");
    *p = (nas_pruner){.config = *config,
                      .net = net,
                      .steps = steps,
                      .begin = nas_prune_begin(config, steps),
                      .end = nas_prune_end(config, steps)};
    p->masks = calloc((size_t)nas_net_tensors(net) + 1, sizeof *p->masks);
    for (int32_t i = 0; p->masks && i < net->nodes.n; i++)
        for (int32_t j = 0; j < net->nodes.v[i].n_weights; j++) add_mask(p, &net->nodes.v[i], j);
    p->keep = malloc(p->bytes + 1);
    if (!p->masks || !p->keep) {
        nas_fail(err, NAS_ENOMEM, "prune: no room for %zu bytes of masks", p->bytes);
        nas_prune_close(p);
        return NAS_ENOMEM;
    }
    uint8_t *at = p->keep;
    for (int32_t i = 0; i < p->n_masks; at += p->masks[i++].n) p->masks[i].keep = at;
    *out = p;
    return NAS_OK;
}

void nas_prune_close(nas_pruner *p) {
    if (!p) return;
    free(p->masks);
    free(p->keep);
    free(p);
}

/* Bits of |v|, which have the order of the magnitudes. */
static uint32_t magnitude(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits & 0x7fffffffu;
}

/* The zeros-th smallest magnitude (from 1) a byte at a time, and in *equal how many of those that
 * equal it are among the `zeros` smallest. */
static uint32_t threshold(const mask *m, size_t zeros, size_t *equal) {
    uint32_t prefix = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        size_t count[256] = {0}, b = 0;
        for (size_t i = 0; i < m->n; i++) {
            const uint32_t v = magnitude(m->at[nas_weight_place(m->w, i)]);
            if (((uint64_t)v >> shift >> 8) == ((uint64_t)prefix >> shift >> 8))
                count[v >> shift & 255]++;
        }
        while (zeros > count[b]) zeros -= count[b++];
        prefix |= (uint32_t)b << shift;
    }
    *equal = zeros;
    return prefix;
}

static void make_mask(mask *m, double sparsity) {
    const double wanted = floor(sparsity * (double)m->n + 0.5);
    const size_t zeros = wanted < 0 ? 0 : wanted > (double)m->n ? m->n : (size_t)wanted;
    memset(m->keep, 1, m->n);
    if (!zeros) return;
    size_t equal;
    const uint32_t limit = threshold(m, zeros, &equal);
    for (size_t i = 0; i < m->n; i++) {
        const uint32_t v = magnitude(m->at[nas_weight_place(m->w, i)]);
        if (v > limit || (v == limit && !equal)) continue;
        m->keep[i] = 0;
        equal -= v == limit;
    }
}

static void apply_masks(void *ctx) {
    const nas_pruner *p = ctx;
    if (!p->active) return;
    for (int32_t i = 0; i < p->n_masks; i++) {
        const mask *m = &p->masks[i];
        const uint8_t *keep = m->keep;
        for (int32_t r = 0; r < m->w->rows; r++, keep += m->w->cols) {
            float *row = m->at + (size_t)r * (size_t)m->w->stride;
            for (int32_t c = 0; c < m->w->cols; c++) row[c] = keep[c] ? row[c] : 0;
        }
    }
}

static void prune_before(void *ctx, int64_t step) {
    nas_pruner *p = ctx;
    const bool due = (step - p->begin) % p->config.interval == 0 || step == p->end;
    if (step < p->begin || step > p->end || !due) return;
    for (int32_t i = 0; i < p->n_masks; i++)
        make_mask(&p->masks[i], nas_prune_sparsity(&p->config, p->masks[i].to, step, p->steps));
    p->active = true;
    apply_masks(p);
}

static size_t prune_state_bytes(const void *ctx, int64_t step) {
    const nas_pruner *p = ctx;
    return step > p->begin ? p->bytes : 0;
}

static void prune_save(const void *ctx, int64_t step, void *out) {
    const nas_pruner *p = ctx;
    if (step > p->begin) memcpy(out, p->keep, p->bytes);
}

static void prune_load(void *ctx, int64_t step, const void *in) {
    nas_pruner *p = ctx;
    p->active = step > p->begin;
    if (p->active) memcpy(p->keep, in, p->bytes);
}

nas_train_hook nas_prune_hook(nas_pruner *p) {
    return (nas_train_hook){.ctx = p,
                            .before = prune_before,
                            .after = apply_masks,
                            .state_bytes = prune_state_bytes,
                            .save = prune_save,
                            .load = prune_load,
                            .masks = true,
                            .masked_from = p->begin,
                            .counts_from = p->end + 1};
}
