/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/inbound/stripe_signature.h"
#include <errno.h>

/* The next of the parts that commas separate; false at the end. */
static bool stripe_signature_next_part(struct span *rest, struct span *ret)
{
    const char *comma = rest->len ? memchr(rest->data, ',', rest->len) : NULL;
    size_t len = comma ? (size_t)(comma - rest->data) : rest->len, step = len + (comma ? 1 : 0);

    if (!rest->len)
        return false;
    *ret = (struct span){rest->data, len};
    *rest = (struct span){rest->data + step, rest->len - step};
    return true;
}

static int stripe_signature_take_part(struct stripe_signature *s, struct span name,
                                      struct span value)
{
    if (span_equal(name, SPAN("t"))) {
        if (s->timestamp.len || !value.len)
            return -EINVAL;
        s->timestamp = value;
    } else if (span_equal(name, SPAN("v1"))) {
        if (s->n == STRIPE_SIGNATURES_MAX)
            return -EINVAL;
        s->v1[s->n++] = value;
    }
    return 0;
}

int stripe_signature_parse(struct stripe_signature *ret, struct span header)
{
    struct stripe_signature s = {.n = 0};
    struct span part;

    while (stripe_signature_next_part(&header, &part)) {
        const char *equals = part.len ? memchr(part.data, '=', part.len) : NULL;
        size_t len = equals ? (size_t)(equals - part.data) : 0;

        if (!len || stripe_signature_take_part(&s, (struct span){part.data, len},
                                               (struct span){equals + 1, part.len - len - 1}))
            return -EINVAL;
    }
    if (!s.timestamp.len || !s.n)
        return -EINVAL;
    *ret = s;
    return 0;
}
