/* core/data/clips/speakers.c - who speaks, by the names of clips. */
#include "base/text/compose.h"
#include "core/data/clips/int.h"

#include <stdlib.h>
#include <string.h>

/* The name of a clip's file without folder and ending. */
static nas_status stem_of(nas_arena *a, const char *name, const char **out, nas_err *err) {
    const char *slash = strrchr(name, '/'), *file = slash ? slash + 1 : name;
    const char *dot = strrchr(file, '.');
    const int n = dot && dot != file ? (int)(dot - file) : (int)strlen(file);
    *out = nas_arena_format(a, err, "%.*s", n, file);
    return *out ? NAS_OK : NAS_ENOMEM;
}

/* Where a name tells its speaker. The usual rule (re NULL): up to _nohash_. */
static bool find_speaker(const regex_t *re, const char *name, const char **at, int *n) {
    regmatch_t m[2];
    const char *slash = strrchr(name, '/'), *file = slash ? slash + 1 : name;
    if (!re) {
        const char *mark = strstr(file, "_nohash_");
        *at = file;
        *n = mark ? (int)(mark - file) : 0;
        return *n > 0;
    }
    if (regexec(re, file, 2, m, 0) != 0 || m[1].rm_so < 0) return false;
    *at = file + m[1].rm_so;
    *n = (int)(m[1].rm_eo - m[1].rm_so);
    return *n > 0;
}

/* The folder between a clip and its class folder: a speaker's. */
static bool find_folder(bool parts, const char *name, const char **at, int *n) {
    const char *slash = strchr(name, '/');
    if (parts && slash) slash = strchr(slash + 1, '/');
    const char *file = strrchr(name, '/');
    if (!slash || slash == file) return false;
    *at = slash + 1;
    *n = (int)(file - *at);
    return true;
}

nas_status nas_speaker_pattern(const char *pattern, regex_t *re, nas_err *err) {
    const int code = regcomp(re, pattern, REG_EXTENDED);
    if (code != 0) {
        char why[128];
        (void)regerror(code, re, why, sizeof why);
        return nas_fail(err, NAS_EINVAL, "speaker_pattern \"%s\" does not compile: %s", pattern,
                        why);
    }
    if (re->re_nsub > 0) return NAS_OK;
    regfree(re);
    return nas_fail(err, NAS_EINVAL,
                    "speaker_pattern \"%s\" has no group; put the speaker in parentheses, as in "
                    "\"^([^_]+)_\"",
                    pattern);
}

/* Names where they are told, and where they are not. */
static nas_status name_speaker(nas_arena *a, nas_clip *k, const regex_t *re, bool parts,
                               bool *named, nas_err *err) {
    const char *at;
    int n;
    *named = (!re && find_folder(parts, k->name, &at, &n)) || find_speaker(re, k->name, &at, &n);
    if (!*named) return stem_of(a, k->name, &k->speaker, err);
    k->speaker = nas_arena_format(a, err, "%.*s", n, at);
    return k->speaker ? NAS_OK : NAS_ENOMEM;
}

static int by_look(const void *a, const void *b) {
    const nas_clip *x = *(const nas_clip *const *)a, *y = *(const nas_clip *const *)b;
    const int look =
        nas_text_compare(x->speaker, strlen(x->speaker), y->speaker, strlen(y->speaker));
    return look ? look : strcmp(x->speaker, y->speaker);
}

/* Names that look alike are one speaker's, called as the first of them by its bytes. sorted: by
 * look. */
static int32_t join_alike(nas_clip **sorted, int32_t n) {
    int32_t speakers = 0;
    for (int32_t i = 0; i < n; i++) {
        if (i > 0 && nas_texts_alike(sorted[i]->speaker, sorted[i - 1]->speaker))
            sorted[i]->speaker = sorted[i - 1]->speaker;
        else
            speakers++;
    }
    return speakers;
}

nas_status nas_clips_speakers(nas_arena *a, nas_clips *c, const regex_t *re, bool parts,
                              nas_err *err) {
    nas_clip **all = nas_arena_array(a, (size_t)c->n + 1, sizeof *all, err);
    nas_clip **unnamed = nas_arena_array(a, (size_t)c->n + 1, sizeof *unnamed, err);
    if (!all || !unnamed) return NAS_ENOMEM;
    for (int32_t i = 0; i < c->n; i++) {
        bool named;
        all[i] = &c->clips[i];
        NAS_TRY(name_speaker(a, all[i], re, parts, &named, err));
        if (!named) unnamed[c->n_unnamed++] = all[i];
    }
    if (c->n_unnamed) c->unnamed = unnamed[0]->name;
    qsort(all, (size_t)c->n, sizeof *all, by_look);
    c->n_speakers = join_alike(all, c->n);
    qsort(unnamed, (size_t)c->n_unnamed, sizeof *unnamed, by_look);
    c->n_unnamed_speakers = join_alike(unnamed, c->n_unnamed);
    return NAS_OK;
}
