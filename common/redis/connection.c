/* SPDX-License-Identifier: Apache-2.0 */
#include "common/redis/connection.h"
#include "common/base/clock.h"
#include "common/redis/redis_tls.h"
#include <errno.h>
#include <sys/socket.h>
#include <time.h>

void connection_init(struct connection *c, struct redis_address *address, unsigned timeout_ms,
                     struct diag *words)
{
    *c = (struct connection){.address = *address, .timeout_ms = timeout_ms, .words = words};
    *address = (struct redis_address){0};
}

void connection_fini(struct connection *c)
{
    connection_drop(c);
    SSL_CTX_free(c->tls);
    c->tls = NULL;
    redis_address_fini(&c->address);
}

void connection_drop(struct connection *c)
{
    if (c->redis)
        redisFree(c->redis);
    c->redis = NULL;
    c->knows_script = false;
}

/* Says what is wrong with the connection, and drops it. */
static enum connection_result fail_as(struct connection *c, const char *why)
{
    int error = errno;
    bool is_late = c->redis->err == REDIS_ERR_TIMEOUT || error == ETIMEDOUT ||
                   (c->redis->err == REDIS_ERR_IO && error == EAGAIN) ||
                   clock_mono_ms() - c->asked_ms >= c->timeout_ms;
    char where[128];

    redis_address_text(&c->address, where, sizeof(where));
    if (is_late)
        (void)diag_set(c->words, "Redis at %.90s: no answer within %u ms", where, c->timeout_ms);
    else
        (void)diag_set(c->words, "Redis at %.90s: %.80s", where, why);
    connection_drop(c);
    return is_late ? CONNECTION_TIMEOUT : CONNECTION_UNREACHABLE;
}

static enum connection_result connection_fail(struct connection *c)
{
    return fail_as(c, c->redis->errstr);
}

static struct timeval timeval_of(unsigned ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

static enum connection_result open_socket(struct connection *c)
{
    struct timeval timeout = timeval_of(c->timeout_ms);
    redisOptions options = {.connect_timeout = &timeout, .command_timeout = &timeout};

    if (c->address.unix_path)
        REDIS_OPTIONS_SET_UNIX(&options, c->address.unix_path);
    else
        REDIS_OPTIONS_SET_TCP(&options, c->address.host, c->address.port);
    connection_ask(c);
    c->redis = redisConnectWithOptions(&options);
    if (!c->redis) {
        (void)diag_set(c->words, "out of memory");
        return CONNECTION_NOMEM;
    }
    return c->redis->err ? connection_fail(c) : CONNECTION_OK;
}

static enum connection_result start_tls(struct connection *c)
{
    struct diag files = {""};
    SSL *session = NULL; /* the connection owns it */
    const char *why = "";
    char words[96];

    if (!c->address.is_tls)
        return CONNECTION_OK;
    if (!c->tls && redis_tls_new(&c->tls, &c->address, &files)) {
        (void)diag_set(c->words, "%s", *files.text ? files.text : "out of memory");
        connection_drop(c);
        return CONNECTION_REFUSED;
    }
    errno = 0;
    if (redis_tls_start(&session, c->tls, c->address.host, c->redis, &why) == 0)
        return CONNECTION_OK;
    (void)snprintf(words, sizeof(words), "TLS: %.88s", why);
    return fail_as(c, words);
}

static enum connection_result append_words(struct connection *c, int argc, const char **argv)
{
    size_t sizes[4];

    for (int i = 0; i < argc; i++)
        sizes[i] = strlen(argv[i]);
    return connection_append(c, argc, argv, sizes);
}

static enum connection_result append_auth(struct connection *c)
{
    const char *argv[] = {"AUTH", c->address.user, c->address.password};

    if (c->address.user && *c->address.user)
        return append_words(c, 3, argv);
    argv[1] = c->address.password;
    return append_words(c, 2, argv);
}

/* An answer of the greeting must be "OK"; anything else ends the connection. */
static enum connection_result expect_ok(struct connection *c, const char *command)
{
    enum connection_result r = CONNECTION_OK;
    redisReply *reply = connection_answer(c, &r);

    if (!reply)
        return r;
    if (reply->type != REDIS_REPLY_STATUS) {
        (void)diag_set(c->words, "Redis: %s: %.120s", command,
                       reply->type == REDIS_REPLY_ERROR ? reply->str : "unexpected answer");
        r = CONNECTION_REDIS;
        connection_drop(c);
    }
    freeReplyObject(reply);
    return r;
}

/* AUTH and SELECT in one round trip. */
static enum connection_result connection_greet(struct connection *c)
{
    char db[16];
    const char *select[] = {"SELECT", db};
    bool has_auth = c->address.password && *c->address.password;
    enum connection_result r = CONNECTION_OK;

    (void)snprintf(db, sizeof(db), "%d", c->address.db);
    if (has_auth)
        r = append_auth(c);
    if (!r && c->address.db)
        r = append_words(c, 2, select);
    if (r)
        return r;
    connection_ask(c);
    if (has_auth)
        r = expect_ok(c, "AUTH");
    if (!r && c->address.db)
        r = expect_ok(c, "SELECT");
    return r;
}

/* Has the other side closed while nobody was looking (restart, idle timeout)? */
static bool is_closed(const struct connection *c)
{
    char byte;
    ssize_t n = recv(c->redis->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

enum connection_result connection_open(struct connection *c)
{
    enum connection_result r;

    if (c->redis && !is_closed(c))
        return CONNECTION_OK;
    connection_drop(c);
    r = open_socket(c);
    if (!r)
        r = start_tls(c);
    if (!r)
        r = connection_greet(c);
    c->is_new = r == CONNECTION_OK;
    return r;
}

enum connection_result connection_append(struct connection *c, int argc, const char **argv,
                                         const size_t *sizes)
{
    if (redisAppendCommandArgv(c->redis, argc, argv, sizes) == REDIS_OK)
        return CONNECTION_OK;
    (void)diag_set(c->words, "out of memory");
    connection_drop(c);
    return CONNECTION_NOMEM;
}

unsigned connection_set_timeout(struct connection *c, unsigned timeout_ms)
{
    unsigned before = c->timeout_ms;

    c->timeout_ms = timeout_ms;
    if (c->redis) /* which fails for a socket that is lost only, as the next answer will tell */
        (void)redisSetTimeout(c->redis, timeval_of(timeout_ms));
    return before;
}

void connection_ask(struct connection *c)
{
    c->asked_ms = clock_mono_ms();
}

redisReply *connection_answer(struct connection *c, enum connection_result *ret_why)
{
    void *reply = NULL;

    errno = 0;
    if (redisGetReply(c->redis, &reply) != REDIS_OK || !reply)
        *ret_why = connection_fail(c);
    return reply;
}

void io_begin(struct io_guard *g)
{
    sigset_t pipe, pending;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    g->was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe, &g->before);
}

void io_end(struct io_guard *g)
{
    sigset_t pipe, pending;
    const struct timespec none = {0};

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    if (!g->was_pending && sigismember(&pending, SIGPIPE) == 1)
        (void)sigtimedwait(&pipe, NULL, &none);
    pthread_sigmask(SIG_SETMASK, &g->before, NULL);
}
