/* SPDX-License-Identifier: Apache-2.0 */
/* handshake.h: what one fresh TLS connection with verification costs a client in CPU time: by the
 * worker's HTTP client, and by a bare curl loop as one would write it first. */
#ifndef GRAPNEL_BENCH_HANDSHAKE_H
#define GRAPNEL_BENCH_HANDSHAKE_H

#include "common/base/base.h"

struct handshake_options {
    const char *url;      /* https, of a server that closes each connection and resumes none */
    const char *ca_file;  /* a whole bundle */
    const char *extra_ca; /* PEM text that the target trusts besides, or NULL; ours only */
    unsigned n;           /* one after the other */
};

struct handshake_result {
    int64_t start_us; /* CPU time to make the client, once */
    int64_t cpu_us;   /* of all @n */
    unsigned n_connects;
};

/* -EINVAL with words: one was not answered with 200. */
int handshake_ours(struct handshake_result *ret, const struct handshake_options *o,
                   struct diag *diag);
int handshake_curl(struct handshake_result *ret, const struct handshake_options *o,
                   struct diag *diag);

int64_t handshake_cpu_us(void); /* of this process so far, all threads */

#endif
