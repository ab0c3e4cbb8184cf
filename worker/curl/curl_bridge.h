/* SPDX-License-Identifier: Apache-2.0 */
/* curl_bridge.h: curl's multi handles driven by the libuv loop, for the destinations that use curl.
 *
 * There are CURL_SHARDS multi handles, because curl's look-ups in its caches are linear. Life: init
 * → add / remove … → close. Every callback of ours comes from the loop, never from inside curl. */
#ifndef GRAPNEL_WORKER_CURL_CURL_BRIDGE_H
#define GRAPNEL_WORKER_CURL_CURL_BRIDGE_H

#include "common/base/base.h"
#include "common/base/list.h"
#include "common/runtime/loop.h"
#include <curl/curl.h>

enum { CURL_SHARDS = 16 };

struct curl_bridge;
struct curl_socket;

/* @easy has ended with @code. It is in its multi handle still: the owner takes it out, now or later. */
typedef void curl_ended_fn(void *arg, CURL *easy, CURLcode code);

struct curl_shard {
    CURLM *multi;
    struct curl_bridge *bridge;
    struct timer timer;
    int64_t timer_ms;   /* loop time at which the timer fires; INT64_MAX: it does not run */
    int64_t due_ms;     /* loop time at which curl wants a call; INT64_MAX: never */
    struct list kicked; /* in the bridge's list while curl wants a call at once */
    bool is_ending;     /* one of curl_shard_new() that was freed */
};

struct curl_bridge {
    struct loop *loop;
    struct curl_shard shards[CURL_SHARDS];
    unsigned n_shards;
    struct curl_socket **sockets; /* by descriptor; NULL where curl has none */
    size_t n_sockets;
    struct list kicked; /* struct curl_shard */
    struct defer kick;
    curl_ended_fn *ended;
    void *arg;
    unsigned n_open; /* libuv handles whose close callback has not come */
    defer_fn *on_closed;
    void *on_closed_arg;
};

/* @n_shards, 1 to CURL_SHARDS: how many there are besides those of curl_shard_new().
 * @connections_max is for all shards together; each may hold twice its even part, as endpoints
 * spread unevenly. -ENOMEM leaves nothing behind that needs closing. */
int curl_bridge_init(struct curl_bridge *b, struct loop *l, unsigned n_shards,
                     unsigned connections_max, curl_ended_fn *ended, void *arg);
/* Nothing may be in flight. Closes all connections; then @on_closed(@arg), on a later turn. */
void curl_bridge_close(struct curl_bridge *b, defer_fn *on_closed, void *arg);

/* One more, for a connection that no other transfer may touch. (Those that are kept for an owner of curl's
 * connection look idle to the others, which close them.) */
int curl_shard_new(struct curl_shard **ret, struct curl_bridge *b);
void curl_shard_free(struct curl_shard *s); /* from anywhere; it goes on a later turn */

int curl_shard_add(struct curl_shard *s, CURL *easy); /* starts on the loop's next turn; -ENOMEM */
void curl_shard_remove(struct curl_shard *s, CURL *easy); /* ends it without calling back */

/* For CURLOPT_OPENSOCKETFUNCTION; -1 with errno on failure. */
curl_socket_t curl_shard_open_socket(struct curl_shard *s, const struct curl_sockaddr *address);
/* @fd may be the connection that is about to carry a request: it is, if its port is @local_port. */
void curl_shard_keep_socket(struct curl_shard *s, curl_socket_t fd, int local_port);
/* For CURLOPT_CLOSESOCKETFUNCTION, its data the bridge. */
int curl_bridge_close_socket(void *bridge, curl_socket_t fd);

#endif
