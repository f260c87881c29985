/* base/direction.h - which way a figure is wanted: one table of words. Thread safety: functions of
 * their arguments. */
#ifndef NAS_BASE_DIRECTION_H
#define NAS_BASE_DIRECTION_H

/* The values are those of the column `maximize` in databases. */
typedef enum nas_direction { NAS_MINIMIZE, NAS_MAXIMIZE, NAS_DIRECTIONS } nas_direction;

/* As it is written: minimize maximize; "" of NAS_DIRECTIONS. */
const char *nas_direction_text(nas_direction d);

#endif
