/* store/sql/file.c - what is asked of databases that are files, handed to their backend. */
#include "store/sql/handle.h"

#include <stdlib.h>
#include <unistd.h>

nas_status nas_store_check_names(const char *path, nas_err *err) {
    const nas_backend_file *f = nas_backend_for(path)->file;
    return f ? f->check_names(path, err) : NAS_OK;
}

nas_status nas_store_still(const nas_store *s, nas_err *err) {
    return s->backend->file ? s->backend->file->still(s, err) : NAS_OK;
}

nas_store_place nas_store_place_of(const nas_store *s) {
    return s->backend->file ? s->backend->file->place(s) : (nas_store_place){.any_name = true};
}

void nas_store_hold(const nas_store *s, nas_held *h) {
    nas_held_end(h);
    if (s->backend->file) s->backend->file->hold(s, h);
}

bool nas_store_is_read_long(nas_store *s, int64_t bytes) {
    return s->backend->file && s->backend->file->is_read_long(s, bytes);
}

bool nas_store_lacks_wal(nas_store *s) {
    return s->backend->file && s->backend->file->lacks_wal(s);
}

void nas_store_take_turns(nas_store *s, nas_turns *t) {
    if (s && s->backend->file) s->backend->file->take_turns(s, t);
}

nas_status nas_store_copy(nas_store *s, const char *to, bool replace, nas_err *err) {
    if (s->backend->file) return s->backend->file->copy(s, to, replace, err);
    return nas_fail(err, NAS_EINVAL, "%s is no file: its server's own tools copy it", s->path);
}

void nas_held_end(nas_held *h) {
    for (int i = 0; i < NAS_PLACE_FILES; i++) {
        if (h->fd[i] >= 0) close(h->fd[i]);
        h->fd[i] = -1;
    }
    free(h->real);
    h->real = NULL;
}
