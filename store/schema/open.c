/* store/schema/open.c - opening and closing a database of any kind. */
#include "store/schema/schema.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int nas_schema_version(void) {
    return NAS_SCHEMA_NOW;
}

int64_t nas_store_schema(const nas_store *s) {
    return s->schema;
}

void nas_store_set_patience(nas_store *s, double seconds) {
    s->patience = seconds;
}

void nas_store_set_wait(nas_store *s, nas_wait_fn fn, void *ctx) {
    s->wait = fn;
    s->wait_ctx = ctx;
}

static void free_store(nas_store *s) {
    nas_arena_close(s->arena);
    free(s->path);
    free(s);
}

nas_status nas_store_open(const char *path, nas_store_mode mode, nas_store **out, nas_err *err) {
    return nas_store_open_at(path, mode, &(nas_store_place){.any_name = false}, out, err);
}

nas_status nas_store_open_at(const char *path, nas_store_mode mode, const nas_store_place *place,
                             nas_store **out, nas_err *err) {
    *out = NULL;
    nas_store *s = calloc(1, sizeof *s);
    if (!s) return nas_fail(err, NAS_ENOMEM, "%s: no memory", path);
    s->backend = nas_backend_for(path);
    s->mode = mode;
    s->pid = getpid();
    s->path = strdup(path);
    nas_status status =
        s->path ? nas_arena_open(&s->arena, err) : nas_fail(err, NAS_ENOMEM, "%s: no memory", path);
    if (status == NAS_OK) status = s->backend->door->open(s, place, err);
    if (status == NAS_OK)
        *out = s;
    else
        free_store(s);
    return status;
}

nas_status nas_store_check(const char *path, nas_err *err) {
    return nas_backend_for(path)->door->check(path, err);
}

void nas_store_close(nas_store *s) {
    if (!s) return;
    /* In a child, closing would drop the parent's locks and files: the memory is left alone. */
    if (s->pid != getpid()) return;
    nas_layouts_end(s);
    s->backend->door->close(s);
    free_store(s);
}
