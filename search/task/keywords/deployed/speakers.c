/* search/task/keywords/deployed/speakers.c - groups what was heard by speaker. */
#include "search/task/keywords/deployed/speakers.h"

#include <stdlib.h>
#include <string.h>

typedef struct named {
    const char *speaker;
    int32_t clip;
    bool right;
} named;

static int by_name(const void *a, const void *b) {
    const named *x = a, *y = b;
    const int s = strcmp(x->speaker, y->speaker);
    return s != 0 ? s : (x->clip > y->clip) - (x->clip < y->clip);
}

nas_status nas_speakers_group(nas_arena *a, const nas_verdict *v, nas_speaker_heard **out,
                              int32_t *n, nas_err *err) {
    named *clips = nas_arena_array(a, (size_t)v->n, sizeof *clips, err);
    int32_t *order = nas_arena_array(a, (size_t)v->n, sizeof *order, err);
    nas_speaker_heard *s = nas_arena_array(a, (size_t)v->n, sizeof *s, err);
    if (!clips || !order || !s) return NAS_ENOMEM;
    for (int32_t i = 0; i < v->n; i++)
        clips[i] = (named){v->heard[i].speaker, i, v->heard[i].label == v->heard[i].class};
    qsort(clips, (size_t)v->n, sizeof *clips, by_name);
    *n = 0;
    for (int32_t i = 0; i < v->n; i++) {
        order[i] = clips[i].clip;
        if (!i || strcmp(clips[i].speaker, clips[i - 1].speaker) != 0)
            s[(*n)++] = (nas_speaker_heard){.speaker = clips[i].speaker, .clip = order + i};
        s[*n - 1].n++;
        s[*n - 1].right += clips[i].right;
    }
    *out = s;
    return NAS_OK;
}

static int worst_first(const void *a, const void *b) {
    const nas_speaker_heard *x = a, *y = b;
    const int32_t wrong_x = x->n - x->right, wrong_y = y->n - y->right;
    if (wrong_x != wrong_y) return wrong_x < wrong_y ? 1 : -1;
    if (x->n != y->n) return x->n > y->n ? 1 : -1;
    return strcmp(x->speaker, y->speaker);
}

void nas_speakers_sort(nas_speaker_heard *s, int32_t n) {
    qsort(s, (size_t)n, sizeof *s, worst_first);
}

static int most_first(const void *a, const void *b) {
    const nas_mistake *x = a, *y = b;
    if (x->n != y->n) return x->n < y->n ? 1 : -1;
    if (x->label != y->label) return x->label > y->label ? 1 : -1;
    return (x->class > y->class) - (x->class < y->class);
}

static nas_mistake *find(nas_mistake *m, int32_t n, const nas_heard *h) {
    for (int32_t i = 0; i < n; i++)
        if (m[i].label == h->label && m[i].class == h->class) return &m[i];
    return NULL;
}

nas_status nas_speaker_mistakes(nas_arena *a, const nas_verdict *v, const nas_speaker_heard *s,
                                nas_mistake **out, int32_t *n, nas_err *err) {
    nas_mistake *m = nas_arena_array(a, (size_t)(s->n - s->right), sizeof *m, err);
    if (!m) return NAS_ENOMEM;
    *n = 0;
    for (int32_t i = 0; i < s->n; i++) {
        const nas_heard *h = &v->heard[s->clip[i]];
        if (h->label == h->class) continue;
        nas_mistake *there = find(m, *n, h);
        if (!there) *(there = &m[(*n)++]) = (nas_mistake){h->label, h->class, 0};
        there->n++;
    }
    qsort(m, (size_t)*n, sizeof *m, most_first);
    *out = m;
    return NAS_OK;
}
