/* base/err.h - one status type and one error text for the whole project.
 * A function that can fail returns nas_status and takes a caller-owned `nas_err *` last, which may
 * be NULL. The text says what went wrong, where, and what to do about it. Each header names the
 * codes that a function returns.
 * Thread safety: any thread may call what is here, with an nas_err of its own. */
#ifndef NAS_BASE_ERR_H
#define NAS_BASE_ERR_H

typedef enum nas_status {
    NAS_OK = 0,
    NAS_EINVAL,       /* the caller's or user's input is wrong: space, option, value */
    NAS_EFORMAT,      /* a file is not what it should be */
    NAS_ENOTFOUND,    /* a file, trial, study or word does not exist */
    NAS_EUNSUPPORTED, /* a valid thing that this program does not do */
    NAS_EIO,          /* open, read, write, sync, rename */
    NAS_EFULL,        /* no room on the device */
    NAS_ENOMEM,
    NAS_EBUSY,  /* somebody else holds it */
    NAS_ELOST,  /* what was held is somebody else's now */
    NAS_ESTOP,  /* asked to stop (signal or callback); what is stored stays */
    NAS_ESHAPE, /* tensor shapes that cannot be */
    NAS_EMOVED, /* a database is no longer the file at its path, or has two names */
    NAS_EBUG    /* an invariant of ours does not hold */
} nas_status;

typedef struct nas_err {
    nas_status code;
    char text[8192];
} nas_err;

#define NAS_NODISCARD    __attribute__((warn_unused_result))
#define NAS_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Passes a failure on. The only control-flow macro of the project. */
#define NAS_TRY(expr)                            \
    do {                                         \
        const nas_status nas_try_ = (expr);      \
        if (nas_try_ != NAS_OK) return nas_try_; \
    } while (0)

/* Fills *err (when not NULL) and returns code, so that `return nas_fail(...)` is one line. A text
 * longer than err->text is cut. */
nas_status nas_fail(nas_err *err, nas_status code, const char *fmt, ...) NAS_PRINTF(3, 4);

/* The same from errno: appends strerror, and picks NAS_EFULL, NAS_ENOTFOUND, NAS_ENOMEM or NAS_EIO.
 */
nas_status nas_fail_errno(nas_err *err, const char *fmt, ...) NAS_PRINTF(2, 3);

/* Puts "prefix: " before a text that is already there. Returns err->code, or code if err is NULL.
 */
nas_status nas_fail_in(nas_err *err, nas_status code, const char *fmt, ...) NAS_PRINTF(3, 4);

/* Puts more behind the text. Returns code. */
nas_status nas_fail_after(nas_err *err, nas_status code, const char *fmt, ...) NAS_PRINTF(3, 4);

/* Short name of a status, for logs: "not found". */
const char *nas_status_name(nas_status code);

#endif
