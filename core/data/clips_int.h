/* core/data/clips_int.h - between the files that make up clips.h: the list of a folder, and the
 * packed file. */
#ifndef NAS_CORE_DATA_CLIPS_INT_H
#define NAS_CORE_DATA_CLIPS_INT_H

#include "base/file.h"
#include "core/data/clips.h"

extern const char nas_noise_folder[]; /* "_background_noise_": never a class */

typedef struct nas_clip_file {
    const char *name; /* below the folder */
    int32_t label;
    bool readable;
    nas_hash content; /* zeros when not readable */
} nas_clip_file;

typedef struct nas_clip_list {
    const char *folder;
    double clip_seconds;
    int32_t n_labels;
    const char **labels;
    int32_t n;
    nas_clip_file *files; /* in the order of (label, name) */
} nas_clip_list;

/* May the file be a clip, by its path and the name at the end of it? */
bool nas_clip_is_file(const char *path, const char *name);
/* SHA-256 of a file's bytes; false when it cannot be read. */
bool nas_clip_hash_file(const char *path, nas_hash *out);

/* All of it in arena a. Errors: as nas_clips_open. */
NAS_NODISCARD nas_status nas_clip_list_make(nas_arena *a, const nas_clips_options *o,
                                            const nas_log *log, nas_clip_list *out, nas_err *err);

typedef struct nas_pack_entry {
    uint64_t at;      /* byte where its samples begin, counted from the first sample of the file */
    uint64_t samples; /* float32 */
    uint64_t sum;     /* checksum of the samples with their padding */
    uint32_t name;    /* byte where its name begins, counted from the first name */
    int32_t label, rate_hz;
    uint32_t zero;
    nas_hash content;
} nas_pack_entry;

/* A view of a mapped pack. */
typedef struct nas_pack {
    nas_mapped map;
    int32_t n, n_bad;
    const nas_pack_entry *entries;
    const uint64_t *bad; /* bytes where the reasons begin */
    const char *text;
    const uint8_t *pcm;
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
 * that pack of l to rate_hz. Errors: NAS_EFORMAT more than 1 % bad clips or a class without a good
 * one, NAS_EINVAL a rate that cannot be, NAS_EIO, NAS_EFULL, NAS_ENOMEM, NAS_ESTOP; path is then as
 * before. */
NAS_NODISCARD nas_status nas_pack_write(const nas_clip_list *l, const nas_pack *from,
                                        int32_t rate_hz, const char *path, const nas_hash *key,
                                        const nas_log *log, nas_err *err);

/* Maps and checks a pack: sizes, offsets, checksums. Errors: NAS_ENOTFOUND, NAS_EFORMAT damaged,
 * NAS_EIO. */
NAS_NODISCARD nas_status nas_pack_map(const char *path, const nas_hash *key, int32_t n_labels,
                                      nas_pack *out, nas_err *err);

#endif
