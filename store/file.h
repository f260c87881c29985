/* store/file.h - a database that is a file: its names, whether it is still the one at its path, the
 * files that lie beside it, copies. Of a database that is none nothing is to be feared: it has one
 * name and is where it was.
 *
 * Thread safety: one thread at a time for each store, holder and nas_turns. */
#ifndef NAS_STORE_FILE_H
#define NAS_STORE_FILE_H

#include "store/store.h"

nas_store_place nas_store_place_of(const nas_store *s);

/* Has the database one name only? Each name of a file has a -wal file of its own: a hard link, or a
 * file that is mounted without its folder. Whoever opens to write is refused so. A path without a
 * file is fine. Errors: NAS_EINVAL. */
NAS_NODISCARD nas_status nas_store_check_names(const char *path, nas_err *err);

/* Is what s has open still what lies at its path, under one name? Each transaction asks when it has
 * ended. Errors: NAS_EMOVED. */
NAS_NODISCARD nas_status nas_store_still(const nas_store *s, nas_err *err);

/* Is the -wal file larger than that because somebody has been reading for long? What is written
 * cannot be moved into the database past what a reader sees. */
bool nas_store_is_read_long(nas_store *s, int64_t bytes);

/* The files of a database, held so that they last where somebody removes them. One holder serves
 * for many opens: each nas_store_hold is about the files of now. */
enum { NAS_PLACE_FILES = 3 };
typedef struct nas_held {
    int fd[NAS_PLACE_FILES]; /* -1: none */
    char *real;              /* to which SQLite adds -wal and -shm */
} nas_held;
#define NAS_HELD_NONE ((nas_held){.fd = {-1, -1, -1}})
void nas_store_hold(const nas_store *s, nas_held *h);
void nas_held_end(nas_held *h);
/* Do they lie where they did? open: some connection is; where none is, whoever closed the last one
 * may have taken -wal and -shm away, as SQLite does. */
bool nas_held_in_place(const nas_held *h, const char *path, bool open);
/* Once no store of this process has it open: all of the database that was at path into a new file
 * beside it, *saved in arena a, durable; trials at work wait there. -wal and -shm files of ours,
 * which SQLite would play into another file at path, are removed. Errors: those of writing; *saved
 * is set where there is something nevertheless. */
NAS_NODISCARD nas_status nas_held_save(nas_held *h, const char *path, nas_arena *a,
                                       const char **saved, nas_err *err);

/* All of it, as it is at one moment, in a new file at `to`; others may write meanwhile, and the
 * trials that they have in hand wait in the copy. Durable; to
 * holds the whole copy or is as it was. replace: a file that is there goes. Errors: NAS_EINVAL it
 * is there, or is s's own; NAS_EBUSY it is a database at work; NAS_ENOTFOUND, NAS_EIO, NAS_EFULL.
 */
NAS_NODISCARD nas_status nas_store_copy(nas_store *s, const char *to, bool replace, nas_err *err);

/* Does the file seem to be a copy that lacks its -wal file, so that the last that was written is
 * missing? No such file lay beside it when it was opened, and it has no study, or one at work: a
 * run that ends leaves neither. */
bool nas_store_lacks_wal(nas_store *s);

/* Turns that the writers of one run take, in memory that children of this process share. They save
 * time only: SQLite's lock is what keeps writers apart, from those of other runs too. A process
 * that dies gives its turn back. Errors: NAS_ENOMEM, NAS_EIO. */
typedef struct nas_turns nas_turns;
NAS_NODISCARD nas_status nas_turns_open(nas_turns **out, nas_err *err);
void nas_turns_close(nas_turns *t);
/* Borrowed for the life of s; NULL: none. */
void nas_store_take_turns(nas_store *s, nas_turns *t);

#endif
