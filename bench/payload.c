/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/payload.h"

#include <errno.h>
#include <stdio.h>

enum { STAMP_AT = 5, STAMP_DIGITS = 20 }; /* behind {"t": */

static const char item[] =
    "{\"sku\":\"LP-10293\",\"title\":\"Night Drive (Remaster)\",\"quantity\":3,\"price\":1500.00,"
    "\"taxed\":true,\"currency\":\"EUR\",\"region\":null},";
static const char head[] = "{\"t\":                    ,\"items\":[";
static const char tail[] = "{}],\"note\":\"";

/* As many items as fit, then a note that fills the rest. */
static void payload_write_text(char *text, size_t bytes)
{
    size_t len = sizeof(head) - 1, end = sizeof(tail) - 1 + 2;

    memcpy(text, head, len);
    for (; len + sizeof(item) - 1 + end <= bytes; len += sizeof(item) - 1)
        memcpy(text + len, item, sizeof(item) - 1);
    memcpy(text + len, tail, sizeof(tail) - 1);
    len += sizeof(tail) - 1;
    memset(text + len, 'x', bytes - len - 2);
    memcpy(text + bytes - 2, "\"}", 2);
}

int payload_init(struct payload *p, size_t bytes, size_t n)
{
    *p = (struct payload){.texts = calloc(n, bytes), .bytes = bytes, .n = n};
    if (!p->texts)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        payload_write_text(p->texts + i * bytes, bytes);
    return 0;
}

void payload_fini(struct payload *p)
{
    free(p->texts);
    p->texts = NULL;
}

struct span payload_stamp(struct payload *p, size_t i, int64_t us)
{
    char *text = p->texts + i * p->bytes, digits[STAMP_DIGITS + 1];
    int len = snprintf(digits, sizeof(digits), "%lld", (long long)us);

    memset(text + STAMP_AT, ' ', STAMP_DIGITS); /* JSON allows spaces, but no leading zeros */
    memcpy(text + STAMP_AT, digits, (size_t)len);
    return (struct span){text, p->bytes};
}
