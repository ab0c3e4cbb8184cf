/* SPDX-License-Identifier: Apache-2.0 */
/* redis_client.h: hiredis on the libuv loop: connects, reconnects, keeps deadlines, runs scripts.
 *
 * One client is one connection. It connects by itself, for as long as it lives: after a loss it
 * waits 50 ms, doubling up to 2 s, with jitter. Every request is called back exactly once, never
 * before the call that started it returns: with a reply, or with result < 0 and no reply:
 *
 *     -ENOTCONN          not connected (told on the next turn), or the connection was lost; in the
 *                        second case nobody knows whether Redis ran the command
 *     -ETIMEDOUT         no answer within the deadline; the connection is dropped, as its order
 *                        is lost
 *     -EBUSY             `requests_max` requests or 64 MiB wait: the caller must slow down
 *     -ECANCELED         the client is being closed
 *     -ENOMEM, -ENOBUFS  the command could not be built or copied
 *
 * An error that Redis itself answered (LOADING, READONLY and the like) is a reply of type
 * REDIS_REPLY_ERROR, with result 0; redis_reply_result() turns it into a number.
 *
 * Every function here may be called from any callback. What is sent in one turn of the loop goes
 * out in one write when the turn ends. A program that uses this ignores SIGPIPE (service.c does).
 */
#ifndef GRAPNEL_COMMON_REDIS_REDIS_CLIENT_H
#define GRAPNEL_COMMON_REDIS_REDIS_CLIENT_H

#include "common/base/base.h"
#include "common/base/clock.h"
#include "common/runtime/loop.h"
#include <hiredis/hiredis.h>
#include <sys/socket.h>

struct buf;
struct redis_client;
struct redis_request;

/* @reply is borrowed until the callback returns; NULL when @result is negative. */
typedef void redis_done_fn(struct redis_request *r, int result, redisReply *reply);

/* Where Redis is; parsed from redis://[user][:password]@host[:port][/db], rediss://… (TLS) or
 * unix:///path. Owns its texts; the password is wiped on fini. */
struct redis_address {
    char *host, *user, *password, *unix_path;
    int port, db;
    bool is_tls;
    char *tls_ca_file;                  /* NULL: the system's store */
    char *tls_cert_file, *tls_key_file; /* NULL: no client certificate */
};
int redis_address_parse(struct redis_address *ret, const char *url, struct diag *diag);
void redis_address_fini(struct redis_address *a);
/* The address without its password, for logs: "redis://127.0.0.1:6379/0". */
void redis_address_text(const struct redis_address *a, char *ret, size_t size);
/* The socket address and its length when no look-up is needed for it: 0 when the host is a name. */
socklen_t redis_address_literal(const struct redis_address *a, struct sockaddr_storage *ret);

typedef void redis_state_fn(void *arg, bool is_connected);

struct redis_client_options {
    const struct redis_address *address; /* borrowed for the client's life */
    int64_t connect_ms;                  /* deadline for connect + AUTH + SELECT; 0: 5000 */
    int64_t deadline_ms;                 /* a request's default deadline; 0: 5000 */
    unsigned requests_max;               /* 0: 65536 */
    const char *name;                    /* CLIENT SETNAME; borrowed, may be NULL */
    redis_state_fn *on_state;            /* told of each connect (ready for commands) and loss */
    void *arg;
};

/* One request, embedded in whoever asks; must live until it is called back. */
struct redis_request {
    struct list link;
    redis_done_fn *done;
    void *arg;
    /* the rest is the client's */
    int64_t deadline_us, begun_us;
    int result;
    const struct redis_script *measured; /* NULL: in no metric */
    const struct redis_script *script;   /* of redis_run(), until the script went out whole */
    char *command;                       /* its bytes, kept for that case until the answer */
    size_t command_len;
};

/* Starts connecting. -ENOMEM, or -EINVAL when the address's TLS files cannot be used (logged). */
int redis_client_new(struct redis_client **ret, struct loop *l,
                     const struct redis_client_options *o);
/* Cancels what waits (each is called back with -ECANCELED), closes, frees itself, then calls
 * @on_closed(@arg) (may be NULL). */
void redis_client_close(struct redis_client *c, defer_fn *on_closed, void *arg);
bool redis_client_is_connected(const struct redis_client *c);
/* What Redis calls this connection (CLIENT ID); 0: not connected, not told, or it has no name. */
int64_t redis_client_id(const struct redis_client *c);
/* Closes the connection and connects anew (after a blocking read went wrong, say). */
void redis_client_reset(struct redis_client *c);

/* A command under construction: argument after argument, kept as RESP bytes, sent without copying
 * twice. Reusable after redis_command_begin(). */
struct redis_command {
    struct resp_buf {
        char *data;
        size_t len, size;
    } resp;
    unsigned argc;
    int error; /* -ENOMEM, -ENOBUFS (over 512 MiB) */
};
void redis_command_init(struct redis_command *c);
void redis_command_fini(struct redis_command *c);
void redis_command_begin(struct redis_command *c);
void redis_arg(struct redis_command *c, const void *data, size_t len); /* borrows, copies */
void redis_arg_text(struct redis_command *c, const char *text);
void redis_arg_span(struct redis_command *c, struct span s);
void redis_arg_i64(struct redis_command *c, int64_t value);
/* The finished bytes, lent until the next change; empty when there is an error or no argument. */
struct span redis_command_bytes(const struct redis_command *c);

/* Sends @cmd (its bytes are copied out; reusable at once). @deadline_ms 0: the client's default;
 * add the BLOCK time of a blocking read yourself. */
void redis_send(struct redis_client *c, struct redis_request *r, const struct redis_command *cmd,
                int64_t deadline_ms, redis_done_fn *done, void *arg);

/* A Lua script, embedded at build time. Known to Redis by its SHA-1; sent whole when Redis does not
 * know it (NOSCRIPT), without the caller noticing. */
struct redis_script {
    const char *name; /* "fanout" */
    const char *source;
    char sha1[41];    /* filled by redis_script_init() */
    bool is_numbered; /* one of scripts.h: its round trips are in the metrics, under its number */
    unsigned number;
};
void redis_script_init(struct redis_script *s, const char *name, const char *source);

/* Begins an EVALSHA of @script with @n_keys; the caller then adds keys and arguments with
 * redis_arg*() and sends with redis_run(). */
void redis_script_begin(struct redis_command *cmd, const struct redis_script *script,
                        unsigned n_keys);
/* Appends what to send when Redis did not know the script: @evalsha, the bytes of a command that
 * was begun with redis_script_begin(), as EVAL with the source. For redis_run(), which does it by
 * itself, and for those who speak to Redis without a client. Only buf errors. */
int redis_script_whole(struct buf *ret, const struct redis_script *script, struct span evalsha);
/* @script must live until the callback. */
void redis_run(struct redis_client *c, struct redis_request *r, const struct redis_script *script,
               const struct redis_command *cmd, int64_t deadline_ms, redis_done_fn *done,
               void *arg);

/* Inside a callback that has a reply: keeps that reply valid until redis_reply_release(). */
struct redis_chunk *redis_reply_keep(struct redis_client *c);
void redis_reply_release(struct redis_chunk *kept); /* NULL is fine */

/* 0 for a reply that is no error; else by its first word:
 * -EAGAIN (LOADING, BUSY, TRYAGAIN, MASTERDOWN, CLUSTERDOWN, NOREPLICAS), -EROFS (READONLY),
 * -ENOSPC (OOM, MISCONF), -ENOENT (NOGROUP), -EACCES (NOAUTH, WRONGPASS, NOPERM), -EPROTO (anything
 * else, or NULL). */
int redis_reply_result(const redisReply *reply);
bool redis_reply_is_error(const redisReply *reply, const char *code); /* "NOSCRIPT", say */

/* Access with types checked, so that no reply can crash us: NULL or false when it is not that. */
const redisReply *redis_reply_at(const redisReply *array, size_t index);
bool redis_reply_span(const redisReply *reply, struct span *ret);
bool redis_reply_i64(const redisReply *reply, int64_t *ret); /* integer, or text of one */

#endif
