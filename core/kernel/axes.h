/* core/kernel/axes.h - the output pixels of a convolution in groups of four neighbours along
 * whichever axis (pixel, row, image) they fit best. The last group of a line overlaps the one
 * before: a pixel that is computed twice gets the same bits twice.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_KERNEL_AXES_H
#define NAS_CORE_KERNEL_AXES_H

#include "core/kernel/kernel.h"

enum { GROUP = 4 };

typedef struct axis {
    int32_t len;
    ptrdiff_t x, y; /* strides in the input and in the output */
} axis;

typedef struct axes {
    axis along;            /* the groups' axis; strides are those from pixel to pixel in a group */
    axis other[2];         /* inner, outer */
    int32_t groups, total; /* in a line, in all */
    ptrdiff_t x_step, y_step; /* from group to group */
} axes;

static inline double axes_use(int32_t len) {
    if (len < GROUP) return 1.0 / GROUP;
    return (double)len / (GROUP * ((len + GROUP - 1) / GROUP));
}

static inline axes axes_plan(const nas_conv *c, int32_t n) {
    axis a[3] = {
        {c->w, c->x_pixel, c->y_pixel}, {c->h, c->x_row, c->y_row}, {n, c->x_image, c->y_image}};
    /* Axes that go on where the one inside them ends are one axis. */
    for (int i = 0; i < 2; i++)
        if (a[i + 1].x == a[i].len * a[i].x && a[i + 1].y == a[i].len * a[i].y) {
            a[i + 1] = (axis){a[i].len * a[i + 1].len, a[i].x, a[i].y};
            a[i].len = 1;
        }
    int best = 0;
    for (int i = 1; i < 3; i++)
        if (axes_use(a[i].len) > axes_use(a[best].len)) best = i;
    axes r = {.along = a[best], .other = {a[best == 0], a[best == 2 ? 1 : 2]}};
    r.groups = (r.along.len + GROUP - 1) / GROUP;
    r.x_step = GROUP * r.along.x;
    r.y_step = GROUP * r.along.y;
    if (r.along.len < GROUP) { /* one pixel a group, computed four times */
        r.groups = r.along.len;
        r.x_step = r.along.x;
        r.y_step = r.along.y;
        r.along.x = r.along.y = 0;
    }
    r.total = r.groups * r.other[0].len * r.other[1].len;
    return r;
}

/* Walks all groups in order. */
typedef struct walk {
    int32_t group, inner, outer;
    ptrdiff_t x, y; /* of the group's first pixel */
    ptrdiff_t line_x, line_y;
} walk;

static inline void walk_next(const axes *a, walk *w) {
    if (++w->group < a->groups) {
        w->x += a->x_step;
        w->y += a->y_step;
        if (a->along.x && (w->group + 1) * GROUP > a->along.len) {
            w->x = w->line_x + (a->along.len - GROUP) * a->along.x;
            w->y = w->line_y + (a->along.len - GROUP) * a->along.y;
        }
        return;
    }
    w->group = 0;
    if (++w->inner == a->other[0].len) {
        w->inner = 0;
        w->outer++;
    }
    w->x = w->line_x = w->inner * a->other[0].x + w->outer * a->other[1].x;
    w->y = w->line_y = w->inner * a->other[0].y + w->outer * a->other[1].y;
}

#endif
