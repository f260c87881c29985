/* cli/text/dump.c - the folder of `nas eval --dump`. */
#include "cli/text/dump.h"

#include "cli/cli.h"

#include <limits.h>

bool cli_dump_open(cli_dump *d, const char *folder, const char *const *names) {
    nas_err err = {0};
    char path[PATH_MAX];
    *d = (cli_dump){0};
    nas_status st = nas_folder_begin(folder, names, &d->to, &err);
    for (int i = 0; st == NAS_OK && names[i]; i++) {
        const int n = snprintf(path, sizeof path, "%s/%s", nas_folder_at(d->to), names[i]);
        d->file[i] = n > 0 && (size_t)n < sizeof path ? fopen(path, "wb") : NULL;
        if (!d->file[i]) st = nas_fail_errno(&err, "cannot write %s/%s", folder, names[i]);
    }
    if (st == NAS_OK) return true;
    (void)cli_dump_close(d, false);
    (void)cli_fail(&err);
    return false;
}

bool cli_dump_close(cli_dump *d, bool keep) {
    nas_err err = {0};
    nas_status st = NAS_OK;
    for (int i = 0; i < CLI_DUMP_FILES; i++) {
        if (!d->file[i]) continue;
        const bool broken = ferror(d->file[i]) != 0;
        if ((fclose(d->file[i]) != 0 || broken) && st == NAS_OK)
            st = nas_fail_errno(&err, "cannot write what --dump asks for");
    }
    if (d->to && keep && st == NAS_OK)
        st = nas_folder_commit(d->to, &err);
    else
        nas_folder_drop(d->to);
    *d = (cli_dump){0};
    if (st == NAS_OK || !keep) return true;
    (void)cli_fail(&err);
    return false;
}
