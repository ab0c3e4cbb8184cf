/* SPDX-License-Identifier: Apache-2.0 */
/* redis_link.h: one connection to Redis: bytes out, replies in. Reconnecting, deadlines and who
 * asked what are redis_client.c's.
 *
 * Life: new → (on_open) → writes and on_reply → on_lost or close → on_closed. It uses hiredis'
 * context and reader but not its async layer: that looks names up while the loop stands still,
 * allocates for each command, and asserts that a server speaks only when asked. */
#ifndef GRAPNEL_COMMON_REDIS_REDIS_LINK_H
#define GRAPNEL_COMMON_REDIS_REDIS_LINK_H

#include "common/base/base.h"
#include "common/runtime/loop.h"
#include <hiredis/hiredis.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

struct redis_link;

/* All get the owner's @arg; from each the link may be closed. */
struct redis_link_ops {
    void (*on_open)(void *arg); /* connected: may write */
    /* @reply is borrowed until the function returns, also when it closes the link. */
    void (*on_reply)(void *arg, redisReply *reply);
    /* It ended by itself and is closing; @why is borrowed. Nothing but on_closed follows. */
    void (*on_lost)(void *arg, const char *why);
    void (*on_closed)(void *arg); /* its memory is gone */
};

struct redis_link_options {
    const struct sockaddr *address;
    socklen_t address_len;
    SSL_CTX *tls;   /* NULL: no TLS */
    char *tls_host; /* borrowed; not const because of an OpenSSL macro */
    const struct redis_link_ops *ops;
    void *arg;
};

/* Begins to connect. Negative when that failed at once: then no callback ever comes. */
int redis_link_new(struct redis_link **ret, struct loop *l, const struct redis_link_options *o);

/* Queues bytes; they go out when the loop's turn ends. After on_open. -ENOMEM. */
int redis_link_write(struct redis_link *link, const char *data, size_t len);
size_t redis_link_queued(const struct redis_link *link); /* bytes that have not gone out */

/* Inside on_reply: the memory of that reply is the caller's from now on (redis_reply_release()). */
struct redis_chunk *redis_link_keep_reply(struct redis_link *link);

/* Once, and not after on_lost. */
void redis_link_close(struct redis_link *link);

#endif
