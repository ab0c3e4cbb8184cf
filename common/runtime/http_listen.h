/* SPDX-License-Identifier: Apache-2.0 */
/* http_listen.h: a listening socket from an address as it stands in a setting. */
#ifndef GRAPNEL_COMMON_RUNTIME_HTTP_LISTEN_H
#define GRAPNEL_COMMON_RUNTIME_HTTP_LISTEN_H

#include "common/base/base.h"

/* "127.0.0.1:8080", "[::]:8080" (IPv4 too), ":8080" (any address); port 0: any that is free. No names, so
 * that nothing waits for DNS. Gives a descriptor that does not block, or is -EINVAL with words. */
int http_listen(const char *address, struct diag *diag);

/* The port that it has; 0: it is none of ours. */
unsigned http_listen_port(int fd);

#endif
