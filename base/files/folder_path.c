/* base/files/folder_path.c - paths of folders, and what stands in them. */
#include "base/files/folder_int.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool nas_folder_join(const char *a, const char *b, char out[PATH_MAX]) {
    const int n = snprintf(out, PATH_MAX, "%s/%s", strcmp(a, "/") ? a : "", b);
    return n > 0 && n < PATH_MAX;
}

nas_status nas_folder_too_long(const nas_folder *f, nas_err *err) {
    return nas_fail(err, NAS_EINVAL, "the path of %s is too long", f->told);
}

bool nas_folder_is_at(int fd, const char *path) {
    struct stat here, there;
    return fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_ino == there.st_ino &&
           here.st_dev == there.st_dev;
}

bool nas_folder_each(int fd, nas_entry_fn fn, void *ctx) {
    struct dirent **list = NULL;
    const int n = scandirat(fd, ".", &list, NULL, alphasort);
    bool go_on = n >= 0;
    for (int i = 0; i < n; i++) {
        const char *name = list[i]->d_name;
        if (go_on && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) go_on = fn(ctx, name);
        free(list[i]);
    }
    free(list);
    return go_on;
}
