/* core/data/clips/int.h - between the files that make up clips.h: the list of a folder, and the
 * packed file.
 * Thread safety: no shared state; one thread at a time for each list and pack. */
#ifndef NAS_CORE_DATA_CLIPS_INT_H
#define NAS_CORE_DATA_CLIPS_INT_H

#include "base/files/file.h"
#include "core/data/clips/clips.h"

#include <regex.h>

extern const char nas_noise_folder[]; /* "_background_noise_": never a class */

typedef struct nas_clip_file {
    const char *name; /* below the folder */
    int32_t label;
    bool readable;    /* false: a link that leads nowhere */
    nas_hash content; /* zeros when not readable */
} nas_clip_file;

/* What of the data folder is not read. */
typedef enum nas_left_kind {
    NAS_LEFT_NO_SOUND,   /* files in class folders, and at the top, that are no sound */
    NAS_LEFT_TOP,        /* sound files in no class folder */
    NAS_LEFT_NO_CLIPS,   /* folders at the top without a sound file */
    NAS_LEFT_NO_LABEL,   /* folders that are none of the labels that were picked */
    NAS_LEFT_NO_PART,    /* folders beside train/, validation/ and test/ */
    NAS_LEFT_BELOW,      /* folders below clips */
    NAS_LEFT_OF_CLASSES, /* folders whose folders have the names of classes */
    NAS_LEFT_KINDS
} nas_left_kind;

/* How many of a kind, and the first of them. */
typedef struct nas_counted {
    int64_t n;
    const char *first;
} nas_counted;
void nas_count(nas_counted *c, const char *name);

typedef struct nas_clip_list {
    const char *folder;
    nas_hearing hearing;
    bool picked, parts; /* as in the options */
    bool some;          /* a class may be absent */
    int32_t unreadable;
    const char *unreadable_list;
    int32_t n_folders;
    const char **folders; /* all class folders that there are, by name */
    int32_t n_labels;
    const char **labels;
    nas_clips_made made;
    int32_t n;
    nas_clip_file *files; /* in the order of (label, name) */
    nas_counted left[NAS_LEFT_KINDS];
    int64_t taken;      /* class folders that have clips, those of each part by themselves */
    nas_counted nested; /* of these: whose clips lie in a folder for each speaker; a folder */
} nas_clip_list;

/* May the file be a clip, by its path and the name at the end of it? Its ending says so, or the
 * first bytes of one whose ending is none that we know. Errors: NAS_EIO, NAS_ENOMEM it cannot be
 * told. */
NAS_NODISCARD nas_status nas_clip_is_file(const char *path, const char *name, bool *out,
                                          nas_err *err);
/* Is it something that nobody takes for a clip: a text, a list? */
bool nas_clip_is_document(const char *name);

/* Names of clips, in an arena. */
typedef struct nas_clip_names {
    const char **p;
    size_t n;
} nas_clip_names;
/* Adds the clips of one class folder, `below` the folder of l ("train/up"): its files, or, where it
 * holds none, those of the folders in it. Counts in l what is left. Errors: NAS_EINVAL a path that
 * is too long, a folder that seems to be a part of the split, NAS_EIO. */
NAS_NODISCARD nas_status nas_clip_folder_list(nas_arena *a, nas_clip_list *l, const char *below,
                                              nas_clip_names *out, nas_err *err);
/* Says what was left, and how speakers' folders were taken. */
void nas_clip_list_warn(const nas_clip_list *l, bool pattern, const nas_log *log);

/* SHA-256 of a file's bytes. *found: false where the path is a link that leads nowhere. Returns 0,
 * or the errno of what failed. */
int nas_clip_hash_file(const char *path, nas_hash *out, bool *found);
/* Fills l->files[].content and readable. Errors: NAS_EIO, NAS_ENOMEM, NAS_ESTOP. */
NAS_NODISCARD nas_status nas_clip_hash_all(nas_clip_list *l, const nas_log *log, nas_err *err);
/* Fails: what cannot be opened or read is not left out, as only a file that is wrong is. NAS_EIO,
 * or NAS_ENOMEM. error: an errno. */
nas_status nas_clip_cannot_read(const char *path, int error, nas_err *err);
/* The same of a failure to read whose text is in *err. */
nas_status nas_clip_not_read(nas_status st, nas_err *err);
/* Fails with NAS_EIO: what was hashed is not what was decoded. */
nas_status nas_clip_changed(const char *path, nas_err *err);

/* Where class folders stand with `parts`, in the order of the names of clips; NULL at the end. */
extern const char *const nas_clip_parts[];

/* The clips of a class folder, wherever it stands; none where it does not. Owner: arena a. Errors:
 * those of nas_clip_folder_list, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_clip_list_label(nas_arena *a, nas_clip_list *l, const char *label,
                                             nas_clip_names *out, nas_err *err);

/* The clips of o->unknown, by name: of each folder as many, the first by the hash of their names;
 * with `parts` in each of them by itself. labels: what stands in the folders of the labels, of
 * unknown nothing; l: the folders that there are; silence: the share of o->silence counts.
 * *folders: how many were taken from. Fewer clips than asked for are a warning. Errors:
 * NAS_ENOTFOUND a folder, or all; NAS_EINVAL no clip, unless o->some. */
NAS_NODISCARD nas_status nas_unknown_pick(nas_arena *a, const nas_clips_options *o,
                                          nas_clip_list *l, const nas_clip_names *labels,
                                          int32_t n_labels, bool silence, const nas_log *log,
                                          nas_clip_names *out, int32_t *folders, nas_err *err);

/* Fails with NAS_ENOTFOUND: a label cannot be cut from recordings that are not there. */
nas_status nas_no_recordings(const char *folder, const char *label, nas_err *err);

/* The arena that lives as long as c. */
nas_arena *nas_clips_arena(nas_clips *c);

/* All of it in arena a. Errors: as nas_clips_open. */
NAS_NODISCARD nas_status nas_clip_list_make(nas_arena *a, const nas_clips_options *o,
                                            const nas_log *log, nas_clip_list *out, nas_err *err);

typedef struct nas_pack_entry {
    uint64_t at;      /* byte where its samples begin, counted from the first sample of the file */
    uint64_t samples; /* float32 */
    uint64_t sum;     /* checksum of the samples with their padding */
    uint32_t name;    /* byte where its name begins, counted from the first name */
    int32_t label, rate_hz;
    uint32_t state;  /* bits of nas_clip_state */
    uint64_t length; /* samples of the whole file */
    float peak;      /* before samples were cut to [-1, 1] */
    int32_t channels;
    nas_hash content;
} nas_pack_entry;

/* A clip that was left out. */
typedef struct nas_pack_bad {
    uint32_t text; /* byte where the reason begins */
    uint32_t empty;
} nas_pack_bad;

/* An open pack. Its tables are in memory of its own, checked there; samples are read when they are
 * asked for. */
typedef struct nas_pack {
    nas_mapped tables; /* {0}: it is not open */
    int fd;
    char *path;
    int32_t n, n_bad;
    const nas_pack_entry *entries;
    const nas_pack_bad *bad;
    const char *text;
} nas_pack;

/* What a pack begins with. */
enum { NAS_PACK_MAGIC = 64 };
extern const char nas_pack_magic[NAS_PACK_MAGIC];

/* Links the pack of that key from a cache beside this one ("<name>.cache" in the same folder, of
 * the same owner) to the path `pack`. false: none has it. */
bool nas_pack_borrow(nas_arena *a, const char *cache, const nas_hash *key, const char *pack);
/* Packs of the cache that are not `pack`, in one warning. */
void nas_pack_warn_of_others(nas_arena *a, const char *cache, const char *pack, const nas_log *log);

/* What decides the bits of a pack, and of the same clips at another rate. */
nas_hash nas_pack_key(const nas_clip_list *l);
nas_hash nas_pack_key_at(const nas_hash *key, int32_t rate_hz);

/* Decodes all clips of l and writes the pack; or, when from is not NULL, resamples the clips of
 * that pack of l to rate_hz. Errors: NAS_EINVAL a rate that cannot be, NAS_EIO (also a clip whose
 * bytes are not those that l has the hash of), NAS_EFULL, NAS_ENOMEM, NAS_ESTOP; path is then as
 * before. */
NAS_NODISCARD nas_status nas_pack_write(const nas_clip_list *l, const nas_pack *from,
                                        int32_t rate_hz, const char *path, const nas_hash *key,
                                        const nas_log *log, nas_err *err);

/* Opens and checks a pack: sizes, offsets, checksums. Owner: the caller closes it. Errors:
 * NAS_ENOTFOUND, NAS_EFORMAT damaged, NAS_EIO, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_pack_open(const char *path, const nas_hash *key, int32_t n_labels,
                                       nas_pack *out, nas_err *err);
void nas_pack_close(nas_pack *p); /* {0} is fine */
/* All samples of entry i, checked once they are in out. Errors: NAS_EIO they are others by now than
 * when the pack was opened. */
NAS_NODISCARD nas_status nas_pack_samples(const nas_pack *p, int32_t i, float *out, nas_err *err);
/* Did an older nas leave a clip of l out that it could not open or read, or had no memory for? */
bool nas_pack_lacks(const nas_pack *p, const nas_clip_list *l);

/* Errors: NAS_EINVAL it does not compile, or has no group. Owner: the caller frees *re. */
NAS_NODISCARD nas_status nas_speaker_pattern(const char *pattern, regex_t *re, nas_err *err);
/* Fills who speaks in c->clips, and the counts of speakers. re may be NULL. Names in arena a.
 * Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_clips_speakers(nas_arena *a, nas_clips *c, const regex_t *re,
                                            bool parts, nas_err *err);

/* Bits of nas_clip_state that hold for what is heard of a file. */
uint32_t nas_clip_judge(const nas_sound *s);
/* Can the clips of a pack be used? Writes l->unreadable_list where some cannot be read. Errors:
 * NAS_EFORMAT more than l->unreadable that cannot be read, a class without a clip, floats far
 * beyond -1 .. 1. */
NAS_NODISCARD nas_status nas_pack_judge(const nas_clip_list *l, const nas_pack *p, nas_err *err);
/* Says what was left out, and what the clips that were read have that a user should know. */
void nas_clips_warn(const nas_clips *c, const nas_clip_list *l, const nas_pack *p,
                    const nas_log *log);

#endif
