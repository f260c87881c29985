/* core/data/clips/share.c - packs of decoded clips that other studies have made: one that holds the
 * same is linked instead of made again, and those that are of no use any more are said. */
#include "core/data/clips/int.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, HEX = 64 };

static bool ends_with(const char *s, const char *end) {
    const size_t n = strlen(s), m = strlen(end);
    return n > m && strcmp(s + n - m, end) == 0;
}

/* The folder that a cache lies in, and its own name there. */
static void parent_of(const char *cache, char parent[PATH_ROOM], char name[PATH_ROOM]) {
    char path[PATH_ROOM];
    snprintf(path, sizeof path, "%s", cache);
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--) path[n - 1] = '\0';
    const char *slash = strrchr(path, '/');
    snprintf(name, PATH_ROOM, "%s", slash ? slash + 1 : path);
    snprintf(parent, PATH_ROOM, "%.*s", slash ? (int)(slash - path) + (slash == path) : 1,
             slash ? path : ".");
}

bool nas_pack_borrow(nas_arena *a, const char *cache, const nas_hash *key, const char *pack) {
    char parent[PATH_ROOM], own[PATH_ROOM], hex[HEX + 1], from[PATH_ROOM * 2];
    char **names;
    size_t n = 0;
    parent_of(cache, parent, own);
    nas_hash_hex(key, hex);
    if (!ends_with(own, ".cache") || nas_dir_list(a, parent, &names, &n, NULL) != NAS_OK)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!ends_with(names[i], ".cache") || strcmp(names[i], own) == 0) continue;
        const int put = snprintf(from, sizeof from, "%s/%s/%.2s/%s", parent, names[i], hex, hex);
        struct stat st;
        if (put < 0 || (size_t)put >= sizeof from || lstat(from, &st) != 0 ||
            !S_ISREG(st.st_mode) || st.st_uid != geteuid())
            continue;
        if (link(from, pack) == 0) return true;
    }
    return false;
}

/* Bytes of a pack; 0: the file is none. */
static int64_t pack_bytes(const char *path) {
    char head[sizeof nas_pack_magic];
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return 0;
    const bool is_pack = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
                         read(fd, head, sizeof head) == (ssize_t)sizeof head &&
                         memcmp(head, nas_pack_magic, sizeof head) == 0;
    close(fd);
    return is_pack ? (int64_t)st.st_size : 0;
}

void nas_pack_warn_of_others(nas_arena *a, const char *cache, const char *pack,
                             const nas_log *log) {
    char **folders, **files, path[PATH_ROOM * 2], folder[PATH_ROOM * 2];
    size_t n = 0, m = 0;
    int64_t packs = 0, bytes = 0;
    if (nas_dir_list(a, cache, &folders, &n, NULL) != NAS_OK) return;
    for (size_t i = 0; i < n; i++) {
        if (strlen(folders[i]) != 2) continue;
        snprintf(folder, sizeof folder, "%s/%s", cache, folders[i]);
        if (nas_dir_list(a, folder, &files, &m, NULL) != NAS_OK) continue;
        for (size_t k = 0; k < m; k++) {
            if (strlen(files[k]) != HEX) continue;
            const int put = snprintf(path, sizeof path, "%s/%s", folder, files[k]);
            const int64_t size = put > 0 && (size_t)put < sizeof path ? pack_bytes(path) : 0;
            if (size == 0 || strcmp(path, pack) == 0) continue;
            packs++;
            bytes += size;
        }
    }
    if (packs)
        nas_warn(log,
                 "clips: %s holds decoded clips of other data, or of other settings (%lld file%s, "
                 "%lld MB); where nobody needs them, nas cache %s --clear removes all of it, and "
                 "the next run decodes again",
                 cache, (long long)packs, packs == 1 ? "" : "s", (long long)(bytes / 1000000),
                 cache);
}
