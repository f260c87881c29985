/* tests/store/test_backend_sqlite.c - SQLite keeps what the store promises. */
#include "base/files/file.h"
#include "tests/store/conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make(char *where, size_t room) {
    char dir[] = "/tmp/nas-conformance-XXXXXX";
    if (!mkdtemp(dir)) return false;
    return snprintf(where, room, "%s/t.db", dir) < (int)room;
}

static nas_status open_at(const char *where, nas_store_mode mode, nas_store **out, nas_err *err) {
    return nas_store_open(where, mode, out, err);
}

static void remove_it(const char *where) {
    char dir[128];
    snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(where, '/') - where), where);
    (void)!nas_dir_remove(dir, NULL);
}

static void beside(const char *where, char *to, size_t room) {
    snprintf(to, room, "%s.copy", where);
}

int main(void) {
    const nas_conformance sqlite = {"sqlite", make, open_at, remove_it, beside};
    return nas_conformance_run(&sqlite);
}
