/* tests/expect.h - what a call answers, and what its error says. Of a test whose `p` has an err. */
#ifndef NAS_TESTS_EXPECT_H
#define NAS_TESTS_EXPECT_H

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define OK(expr)                                                                  \
    do {                                                                          \
        const nas_status ok_ = (expr);                                            \
        if (ok_ != NAS_OK) fail_msg("%s: %s", nas_status_name(ok_), p->err.text); \
    } while (0)
#define FAILS(status, expr)                                                                  \
    do {                                                                                     \
        const nas_status got_ = (expr);                                                      \
        if (got_ != (status))                                                                \
            fail_msg("%s expected, got %s", nas_status_name(status), nas_status_name(got_)); \
    } while (0)
#define SAYS(word)                                                                       \
    do {                                                                                 \
        if (!strstr(p->err.text, word)) fail_msg("no \"%s\" in: %s", word, p->err.text); \
    } while (0)

#endif
