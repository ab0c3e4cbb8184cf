/* SPDX-License-Identifier: Apache-2.0 */
/* err.c: see err.h; and diag_set() of base.h, which belongs to the same convention. */
#include "common/base/err.h"
#include "common/base/base.h"
#include "common/base/log.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <uv.h>

/* The last of libuv's codes for name look-ups (UV_EAI_*), which are no errno. */
enum { EAI_LAST = -3100 };

const char *err_text(int r)
{
    const char *text = r <= 0 ? strerrordesc_np(-r) : NULL;

    if (text)
        return text;
    if (r <= UV_EAI_ADDRFAMILY && r >= EAI_LAST)
        return "Name look-up failed";
    if (r == UV_EOF)
        return "End of file";
    return "Unknown error";
}

void err_note_(int r, const char *what, const char *file, int line)
{
    log_trace("error passes", LOG_TEXT("step", what), LOG_TEXT("file", file), LOG_INT("line", line),
              LOG_INT("code", r), LOG_ERR(r));
}

void err_unexpected_(int r, const char *file, int line)
{
    log_debug("unexpected outcome", LOG_TEXT("file", file), LOG_INT("line", line),
              LOG_INT("outcome", r));
}

void diag_write_(struct diag *diag, const char *format, ...)
{
    va_list args;

    if (!diag)
        return;
    va_start(args, format);
    (void)vsnprintf(diag->text, sizeof(diag->text), format, args);
    va_end(args);
}
