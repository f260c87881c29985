/* base/err.c - error texts. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

nas_status nas_fail(nas_err *err, nas_status code, const char *fmt, ...) {
    if (!err) return code;
    va_list ap;
    va_start(ap, fmt);
    err->code = code;
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    return code;
}

static nas_status status_of_errno(int e) {
    switch (e) {
    case ENOSPC:
    case EFBIG:
    case EDQUOT: return NAS_EFULL;
    case ENOENT:
    case ENOTDIR: return NAS_ENOTFOUND;
    case ENOMEM: return NAS_ENOMEM;
    case EINTR: return NAS_ESTOP;
    default: return NAS_EIO;
    }
}

static const char *remedy_of(int e, nas_status code) {
    if (e == EFBIG) return "; raise the limit of a file's size (ulimit -f), then do the same again";
    return code == NAS_EFULL ? "; make room on the device, then do the same again" : "";
}

nas_status nas_fail_errno(nas_err *err, const char *fmt, ...) {
    const int e = errno;
    const nas_status code = status_of_errno(e);
    if (!err) return code;
    char what[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return nas_fail(err, code, "%s: %s%s", what, strerror(e), remedy_of(e, code));
}

nas_status nas_fail_in(nas_err *err, nas_status code, const char *fmt, ...) {
    if (!err) return code;
    char old[sizeof err->text], prefix[512];
    memcpy(old, err->text, sizeof old);
    old[sizeof old - 1] = '\0';
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(prefix, sizeof prefix, fmt, ap);
    va_end(ap);
    snprintf(err->text, sizeof err->text, "%s: %.7600s", prefix, old);
    return err->code ? err->code : code;
}

nas_status nas_fail_after(nas_err *err, nas_status code, const char *fmt, ...) {
    if (!err) return code;
    const size_t used = strnlen(err->text, sizeof err->text - 1);
    va_list ap;
    va_start(ap, fmt);
    err->code = code;
    vsnprintf(err->text + used, sizeof err->text - used, fmt, ap);
    va_end(ap);
    return code;
}

const char *nas_status_name(nas_status code) {
    static const char *const names[] = {
        [NAS_OK] = "ok",
        [NAS_EINVAL] = "bad input",
        [NAS_EFORMAT] = "bad file",
        [NAS_ENOTFOUND] = "not found",
        [NAS_EUNSUPPORTED] = "not supported",
        [NAS_EIO] = "input/output error",
        [NAS_EFULL] = "device full",
        [NAS_ENOMEM] = "out of memory",
        [NAS_EBUSY] = "busy",
        [NAS_ELOST] = "lost",
        [NAS_ESTOP] = "stopped",
        [NAS_ESHAPE] = "shape error",
        [NAS_EMOVED] = "database moved",
        [NAS_EBUG] = "internal error",
    };
    const unsigned i = (unsigned)code;
    return i < sizeof names / sizeof *names && names[i] ? names[i] : "unknown status";
}
