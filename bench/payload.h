/* SPDX-License-Identifier: Apache-2.0 */
/* payload.h: an event's data of a wanted size that looks like what people send (numbers, short
 * strings, nested objects), and begins with its publish time: {"t":123456789
 * ,"order":[…],"note":"…"} */
#ifndef GRAPNEL_BENCH_PAYLOAD_H
#define GRAPNEL_BENCH_PAYLOAD_H

#include "common/base/base.h"

enum { PAYLOAD_BYTES_MIN = 64, PAYLOAD_BYTES_MAX = 4 << 20 };

struct payload {
    char *texts; /* @n texts of @bytes each */
    size_t bytes, n;
};

int payload_init(struct payload *p, size_t bytes, size_t n); /* -ENOMEM */
void payload_fini(struct payload *p);

/* Text @i with @us as its publish time; valid until it is asked for again. */
struct span payload_stamp(struct payload *p, size_t i, int64_t us);

#endif
