/* SPDX-License-Identifier: Apache-2.0 */
/* connection.h: one blocking connection to Redis, for libgrapnel and admin/.
 *
 * Life: connection_init → (connection_open → requests → connection_drop)* → connection_fini. A
 * connection that failed is dropped at once, as the order of answers is lost with it; open again.
 * All calls that talk to Redis stand between io_begin() and io_end(). */
#ifndef GRAPNEL_COMMON_REDIS_CONNECTION_H
#define GRAPNEL_COMMON_REDIS_CONNECTION_H

#include "common/base/base.h"
#include "common/redis/redis_client.h" /* struct redis_address */
#include <signal.h>

/* What a request came to. */
enum connection_result {
    CONNECTION_OK = 0,
    CONNECTION_REFUSED,     /* the address or its TLS files cannot be used */
    CONNECTION_UNREACHABLE, /* no connection, or it was lost before an answer */
    CONNECTION_TIMEOUT,     /* no answer in time */
    CONNECTION_REDIS,       /* Redis answered with an error */
    CONNECTION_NOMEM,
    CONNECTION_UNSAFE, /* durability.h: Redis has it, but not as safely as demanded, in time */
};

struct connection {
    struct redis_address address; /* owned */
    struct ssl_ctx_st *tls;       /* made on first use when the address asks for TLS */
    redisContext *redis;          /* NULL: not connected */
    unsigned timeout_ms;
    int64_t asked_ms;   /* when the answers that we wait for were asked for */
    bool is_new;        /* set by connecting; the owner clears it when it knows the form */
    bool knows_script;  /* the publish script was sent whole on this connection */
    struct diag *words; /* borrowed; for what went wrong */
};

/* Takes over @address. */
void connection_init(struct connection *c, struct redis_address *address, unsigned timeout_ms,
                     struct diag *words);
void connection_fini(struct connection *c);

/* Connects, TLS, AUTH, SELECT. Nothing to do when connected. */
enum connection_result connection_open(struct connection *c);
void connection_drop(struct connection *c);

/* Queues a command. */
enum connection_result connection_append(struct connection *c, int argc, const char **argv,
                                         const size_t *sizes);
/* Waits @timeout_ms for each answer from now on. Returns what it was before. */
unsigned connection_set_timeout(struct connection *c, unsigned timeout_ms);
/* Begins to wait: the timeout counts from here for all answers until the next call of this. */
void connection_ask(struct connection *c);
/* The next answer, errors of Redis included; free it with freeReplyObject(). NULL, and why not in
 * *@ret_why, when the connection failed. */
redisReply *connection_answer(struct connection *c, enum connection_result *ret_why);

/* A write to a connection that the other side has closed raises SIGPIPE, and neither hiredis nor
 * OpenSSL can be told otherwise. A library must not change the program's signal handling, so it is
 * held back for the thread while we talk, and taken off if it was raised by us. */
struct io_guard {
    sigset_t before;
    bool was_pending;
};
void io_begin(struct io_guard *g);
void io_end(struct io_guard *g);

#endif
