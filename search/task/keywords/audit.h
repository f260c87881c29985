/* search/task/keywords/audit.h - what clips, classes and split are like, and what of it makes
 * scores mean less than they seem to. The terminal, JSON and warnings show the same structs.
 * Thread safety: no shared state; one thread at a time for each dataset. */
#ifndef NAS_SEARCH_TASK_KEYWORDS_AUDIT_H
#define NAS_SEARCH_TASK_KEYWORDS_AUDIT_H

#include "core/audio/traits.h"
#include "search/task/dataset.h"

/* Of a class's clips: a tenth have less, half, a tenth have more. NaN where none has it. */
typedef struct nas_spread {
    double lo, mid, hi;
} nas_spread;

typedef struct nas_audit_class {
    const char *name;
    int32_t clips, part[NAS_PARTS];
    int32_t speakers;
    int32_t constant;         /* clips whose samples are all equal: in none of the spreads below */
    int32_t rate_lo, rate_hi; /* Hz */
    nas_spread seconds;       /* of whole files */
    nas_spread level_db;      /* root mean square, of full scale */
    nas_spread edge_hz;       /* above it there is nothing */
} nas_audit_class;

/* One thing that is wrong: what it is about ("copies"), and a sentence that begins with that. */
typedef struct nas_finding {
    const char *about, *text;
} nas_finding;

enum { NAS_FINDINGS_MOST = 48 };
typedef struct nas_audit {
    int32_t n_classes;
    nas_audit_class *classes;                   /* in the order of the labels */
    int32_t by;                                 /* nas_split_by of the split */
    int32_t clips, speakers, unnamed;           /* unnamed: clips whose names tell no speaker */
    int32_t copies;                             /* clips with the samples of another one */
    int32_t copies_in_parts, copies_in_classes; /* those whose likes are in another part, class */
    int32_t part_speakers[NAS_PARTS], shared[NAS_PARTS]; /* of a part; those that train, too */
    int32_t n;
    nas_finding v[NAS_FINDINGS_MOST];
} nas_audit;

/* What there is to say of the clips of d, whose parts are there. The traits of each clip
 * are a stage of the cache: found once. Owner: arena a. Errors: NAS_ESTOP, NAS_ENOMEM, those of the
 * cache. */
NAS_NODISCARD nas_status nas_audit_clips(const nas_dataset *d, const nas_cache *cache,
                                         const nas_log *log, nas_arena *a, const nas_audit **out,
                                         nas_err *err);

/* Each finding as a warning. */
void nas_audit_warn(const nas_audit *audit, const nas_log *log);

/* What was found when the data were opened; NULL where d is of no clips. */
const nas_audit *nas_audit_of(const nas_dataset *d);

#endif
