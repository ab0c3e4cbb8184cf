/* SPDX-License-Identifier: Apache-2.0 */
/* redis_client.c: one connection that is always wanted, and the requests on it.
 *
 *   RESTING ──► LOOKING_UP ──► CONNECTING ──► GREETING ──► READY
 *      ▲            │              │              │          │
 *      └────────────┴───── lost ───┴──────────────┴──────────┘        any ──► CLOSING
 *
 * Happy path: look the host up (an address or a unix socket skips this), connect, AUTH, SELECT,
 * CLIENT SETNAME, then requests: sent at once, answered in order, so the answer belongs to the
 * oldest in `waiting`. Whatever goes wrong ends in redis_client_lose(): the requests move to `ended` and are
 * called back on the next turn; the connection rests and is tried anew.
 *
 * One timer serves all waits: a rest's end, a connect's deadline, or the earliest of the requests'
 * deadlines. The last is kept as a lower bound, so that sending and answering need not touch it. */
#include "common/redis/redis_client.h"
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/redis/redis_greeting.h"
#include "common/redis/redis_link.h"
#include "common/redis/redis_tls.h"
#include "common/runtime/metrics.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>

enum {
    REST_FIRST_MS = 50,
    REST_MAX_MS = 2000,
    DEADLINE_MS = 5000,
    REQUESTS_MAX = 65536,
    QUEUED_BYTES_MAX = 64 << 20,
    LOG_EVERY_MS = 5000,
};

enum redis_state {
    REDIS_RESTING,
    REDIS_LOOKING_UP,
    REDIS_CONNECTING,
    REDIS_GREETING,
    REDIS_READY,
    REDIS_CLOSING,
};

struct redis_client {
    enum redis_state state;
    struct loop *loop;
    struct redis_client_options o;
    SSL_CTX *tls;   /* NULL unless rediss:// */
    char text[320]; /* the address, for logs */

    struct redis_link *link; /* from CONNECTING to READY */
    struct redis_request greeting[GREETINGS];
    unsigned n_greetings;     /* not answered yet; while GREETING */
    int64_t id;               /* of this connection, as Redis calls it; 0: not known */
    uv_getaddrinfo_t look_up; /* in flight while LOOKING_UP */
    unsigned n_tries;         /* takes turns among the addresses of a name */
    int64_t rest_ms;          /* the next rest, before jitter */

    struct list waiting; /* struct redis_request, in the order sent */
    unsigned n_waiting;
    struct list ended; /* to be called back with their result on the next turn */
    struct defer deliver;
    bool owes_loss; /* on_state(false) is to be told before */

    struct timer timer;
    int64_t next_deadline_us; /* no request's deadline is earlier; INT64_MAX: timer not set */
    struct defer overdue;

    unsigned n_open; /* handles, look-ups and links that still refer to us */
    struct log_limit log_lost, log_connected;
    defer_fn *on_closed;
    void *closed_arg;
};

static void redis_client_lose(struct redis_client *c, const char *why);

static void redis_client_move(struct redis_client *c, enum redis_state state)
{
    static const unsigned allowed[] _unused_ = {
        [REDIS_RESTING] = 1 << REDIS_LOOKING_UP | 1 << REDIS_CONNECTING | 1 << REDIS_RESTING,
        [REDIS_LOOKING_UP] = 1 << REDIS_CONNECTING | 1 << REDIS_RESTING,
        [REDIS_CONNECTING] = 1 << REDIS_GREETING | 1 << REDIS_RESTING,
        [REDIS_GREETING] = 1 << REDIS_READY | 1 << REDIS_RESTING,
        [REDIS_READY] = 1 << REDIS_RESTING,
        [REDIS_CLOSING] = 0,
    };

    assert(state == REDIS_CLOSING ? c->state != REDIS_CLOSING : allowed[c->state] & 1u << state);
    log_trace("redis moves", LOG_TEXT("redis", c->text), LOG_INT("from", c->state),
              LOG_INT("to", state));
    c->state = state;
}

/* ---- requests and their ends ---- */

static void redis_client_finish(struct redis_request *r, int result, redisReply *reply)
{
    free(TAKE(r->command));
    r->done(r, result, reply); /* Careful: @r may be gone from here on. */
}

/* Frees the client when nothing refers to it any more. */
static void redis_client_release(struct redis_client *c)
{
    defer_fn *on_closed = c->on_closed;
    void *arg = c->closed_arg;

    if (c->state != REDIS_CLOSING || c->n_open > 0 || !list_is_empty(&c->ended))
        return;
    defer_cancel(&c->deliver); /* may be queued with nothing left to deliver */
    SSL_CTX_free(c->tls);
    free(c);
    if (on_closed)
        on_closed(arg);
}

static void on_deliver(void *arg)
{
    struct redis_client *c = arg;
    struct list due, *node;

    c->n_open++; /* nobody may free us while we call back */
    if (c->owes_loss) {
        c->owes_loss = false;
        if (c->o.on_state && c->state != REDIS_CLOSING)
            c->o.on_state(c->o.arg, false);
    }
    list_init(&due);
    list_move_all(&due, &c->ended);
    while ((node = list_pop(&due))) {
        struct redis_request *r = list_entry(node, struct redis_request, link);

        redis_client_finish(r, r->result, NULL);
    }
    c->n_open--;
    redis_client_release(c);
}

static void redis_client_end_later(struct redis_client *c, struct redis_request *r, int result)
{
    r->result = result;
    list_push_back(&c->ended, &r->link);
    loop_defer(c->loop, &c->deliver);
}

/* Everything that waits for an answer will not get one. */
static void end_waiting(struct redis_client *c, int result)
{
    int64_t now_us = clock_mono_us();
    struct list *node;

    for (unsigned i = 0; i < GREETINGS; i++)
        list_remove(&c->greeting[i].link);
    while ((node = list_pop(&c->waiting))) {
        struct redis_request *r = list_entry(node, struct redis_request, link);
        bool is_late = result == -ENOTCONN && r->deadline_us <= now_us;

        redis_client_end_later(c, r, is_late ? -ETIMEDOUT : result);
    }
    c->n_waiting = 0;
}

/* ---- deadlines ---- */

static void set_timer_at(struct redis_client *c, int64_t deadline_us)
{
    c->next_deadline_us = deadline_us;
    timer_start(&c->timer, (deadline_us - clock_mono_us() + 999) / 1000);
}

static void on_overdue(void *arg)
{
    struct redis_client *c = arg;
    int64_t earliest_us = INT64_MAX;

    if (c->state != REDIS_READY)
        return;
    list_for_each (node, &c->waiting)
        earliest_us = MIN(earliest_us, list_entry(node, struct redis_request, link)->deadline_us);
    if (earliest_us <= clock_mono_us())
        redis_client_lose(c, "no answer within the deadline");
    else if (earliest_us < INT64_MAX)
        set_timer_at(c, earliest_us);
    else
        c->next_deadline_us = INT64_MAX;
}

/* ---- sending ---- */

/* 0 when a request may be sent now. */
static int redis_client_admit(struct redis_client *c, const struct redis_command *cmd)
{
    if (c->state == REDIS_CLOSING)
        return -ECANCELED;
    if (cmd->error)
        return cmd->error;
    assert(cmd->argc > 0);
    if (c->state != REDIS_READY)
        return -ENOTCONN;
    if (c->n_waiting >= c->o.requests_max || redis_link_queued(c->link) > QUEUED_BYTES_MAX)
        return -EBUSY;
    return 0;
}

static int keep_command(struct redis_request *r, const struct redis_script *script,
                        struct span bytes)
{
    r->command = malloc(bytes.len);
    if (!r->command)
        return err_origin(-ENOMEM);
    memcpy(r->command, bytes.data, bytes.len);
    r->command_len = bytes.len;
    r->script = script;
    return 0;
}

static int redis_client_start(struct redis_client *c, struct redis_request *r,
                              const struct redis_script *script, const struct redis_command *cmd,
                              int64_t deadline_ms)
{
    struct span bytes;
    int result = redis_client_admit(c, cmd);

    if (result)
        return result;
    bytes = redis_command_bytes(cmd);
    if (script)
        result = keep_command(r, script, bytes);
    if (result == 0)
        result = redis_link_write(c->link, bytes.data, bytes.len);
    if (result)
        return result;

    r->begun_us = clock_mono_us();
    r->deadline_us = r->begun_us + (deadline_ms > 0 ? deadline_ms : c->o.deadline_ms) * 1000;
    r->measured = script && script->is_numbered ? script : NULL;
    list_push_back(&c->waiting, &r->link);
    c->n_waiting++;
    if (r->deadline_us < c->next_deadline_us)
        set_timer_at(c, r->deadline_us);
    return 0;
}

void redis_run(struct redis_client *c, struct redis_request *r, const struct redis_script *script,
               const struct redis_command *cmd, int64_t deadline_ms, redis_done_fn *done, void *arg)
{
    int result;

    *r = (struct redis_request){.done = done, .arg = arg};
    result = redis_client_start(c, r, script, cmd, deadline_ms);
    if (result)
        redis_client_end_later(c, r, result);
}

void redis_send(struct redis_client *c, struct redis_request *r, const struct redis_command *cmd,
                int64_t deadline_ms, redis_done_fn *done, void *arg)
{
    redis_run(c, r, NULL, cmd, deadline_ms, done, arg);
}

/* Redis did not know the script: the same once more, with its source. */
static void send_whole(struct redis_client *c, struct redis_request *r)
{
    const struct redis_script *script = TAKE(r->script);
    struct buf whole;
    int result;

    buf_init(&whole, r->command_len + strlen(script->source) + 64);
    result = redis_script_whole(&whole, script, (struct span){r->command, r->command_len});
    if (result == 0)
        result = redis_link_write(c->link, whole.data, whole.len);
    buf_fini(&whole);
    if (result) {
        redis_client_end_later(c, r, result);
        return;
    }
    list_push_back(&c->waiting, &r->link);
    c->n_waiting++;
}

/* ---- greeting ---- */

static void become_ready(struct redis_client *c)
{
    uint64_t held;

    redis_client_move(c, REDIS_READY);
    metric_count(METRIC_redis_connections_total);
    timer_stop(&c->timer);
    c->next_deadline_us = INT64_MAX;
    c->rest_ms = REST_FIRST_MS;
    if (log_limit_pass(&c->log_connected, LOG_EVERY_MS, &held))
        log_info("redis connected", LOG_TEXT("redis", c->text), LOG_INT("held_back", held));
    if (c->o.on_state)
        c->o.on_state(c->o.arg, true);
}

static void on_greeting(struct redis_request *r, int result, redisReply *reply)
{
    struct redis_client *c = r->arg;
    enum redis_greeting g = (enum redis_greeting)(r - c->greeting);

    /* They are taken out when the link is lost. */
    assert(result == 0 && c->state == REDIS_GREETING);
    (void)result;
    if (reply->type == REDIS_REPLY_ERROR && !redis_greeting_is_bearable(g, c->o.address, reply)) {
        redis_client_lose(c, reply->str);
        return;
    }
    if (g == GREETING_ID)
        (void)redis_reply_i64(reply, &c->id);
    if (--c->n_greetings == 0)
        become_ready(c);
}

static int redis_client_greet(struct redis_client *c, enum redis_greeting g,
                              struct redis_command *cmd)
{
    struct span bytes;
    int r;

    if (!redis_greeting_command(cmd, g, c->o.address, c->o.name))
        return 0;
    bytes = redis_command_bytes(cmd);
    r = cmd->error ? cmd->error : redis_link_write(c->link, bytes.data, bytes.len);
    if (r)
        return r;
    c->greeting[g] =
        (struct redis_request){.done = on_greeting, .arg = c, .deadline_us = INT64_MAX};
    list_push_back(&c->waiting, &c->greeting[g].link);
    c->n_waiting++;
    c->n_greetings++;
    return 0;
}

static void on_link_open(void *arg)
{
    struct redis_client *c = arg;
    struct redis_command cmd;
    int r = 0;

    redis_client_move(c, REDIS_GREETING);
    c->n_greetings = 0;
    c->id = 0;
    redis_command_init(&cmd);
    for (enum redis_greeting g = 0; g < GREETINGS && r == 0; g++)
        r = redis_client_greet(c, g, &cmd);
    if (cmd.resp.data)
        explicit_bzero(cmd.resp.data, cmd.resp.size);
    redis_command_fini(&cmd);
    if (r)
        redis_client_lose(c, err_text(r));
}

/* ---- the connection ---- */

static void on_link_reply(void *arg, redisReply *reply)
{
    struct redis_client *c = arg;
    struct list *node = list_pop(&c->waiting);
    struct redis_request *r;

    if (!node) {
        redis_client_lose(c, "Redis answered what nobody asked");
        return;
    }
    c->n_waiting--;
    r = list_entry(node, struct redis_request, link);
    if (r->script && redis_reply_is_error(reply, "NOSCRIPT")) {
        send_whole(c, r);
        return;
    }
    if (r->measured)
        metric_observe(METRIC_script_duration_seconds, r->measured->number,
                       clock_mono_us() - r->begun_us);
    redis_client_finish(r, 0, reply);
}

static void on_link_lost(void *arg, const char *why)
{
    struct redis_client *c = arg;

    c->link = NULL; /* it closes by itself */
    redis_client_lose(c, why);
}

static void on_link_closed(void *arg)
{
    struct redis_client *c = arg;

    c->n_open--;
    redis_client_release(c);
}

static const struct redis_link_ops link_ops = {
    .on_open = on_link_open,
    .on_reply = on_link_reply,
    .on_lost = on_link_lost,
    .on_closed = on_link_closed,
};

static void drop_link(struct redis_client *c)
{
    struct redis_link *link = TAKE(c->link);

    if (link)
        redis_link_close(link);
}

static void redis_client_rest(struct redis_client *c)
{
    int64_t after_ms = c->rest_ms / 2 + (int64_t)rng_below((uint64_t)c->rest_ms / 2 + 1);

    redis_client_move(c, REDIS_RESTING);
    c->rest_ms = MIN(c->rest_ms * 2, REST_MAX_MS);
    timer_start(&c->timer, after_ms);
}

/* The one way back from everything that went wrong with the connection. */
static void redis_client_lose(struct redis_client *c, const char *why)
{
    uint64_t held;

    if (log_limit_pass(&c->log_lost, LOG_EVERY_MS, &held))
        log_warn(c->state == REDIS_READY ? "redis connection lost" : "redis cannot be reached",
                 LOG_TEXT("redis", c->text), LOG_TEXT("reason", why), LOG_INT("held_back", held));
    if (c->state == REDIS_READY) {
        c->owes_loss = true;
        loop_defer(c->loop, &c->deliver);
    }
    drop_link(c); /* @why may be the link's: not used from here on */
    end_waiting(c, -ENOTCONN);
    redis_client_rest(c);
}

static void redis_client_open_link(struct redis_client *c, const struct sockaddr *address,
                                   socklen_t len)
{
    struct redis_link_options o = {
        .address = address,
        .address_len = len,
        .tls = c->tls,
        .tls_host = c->o.address->host,
        .ops = &link_ops,
        .arg = c,
    };
    int r;

    r = redis_link_new(&c->link, c->loop, &o);
    if (r) {
        redis_client_lose(c, err_text(r));
        return;
    }
    c->n_open++;
    redis_client_move(c, REDIS_CONNECTING);
    timer_start(&c->timer, c->o.connect_ms);
}

/* The next of a name's addresses, so that one that is dead does not keep us from the others. */
static const struct addrinfo *choose_address(struct redis_client *c, const struct addrinfo *all)
{
    const struct addrinfo *chosen = all;
    unsigned n = 0;

    for (const struct addrinfo *a = all; a; a = a->ai_next)
        n++;
    for (unsigned i = c->n_tries++ % n; i > 0; i--)
        chosen = chosen->ai_next;
    return chosen;
}

static void on_looked_up(uv_getaddrinfo_t *look_up, int status, struct addrinfo *found)
{
    struct redis_client *c = look_up->data;
    const struct addrinfo *chosen;

    c->n_open--;
    if (c->state == REDIS_CLOSING) {
        redis_client_release(c);
    } else if (status || !found) {
        redis_client_lose(c, status ? uv_strerror(status) : "the name has no address");
    } else {
        chosen = choose_address(c, found);
        redis_client_open_link(c, chosen->ai_addr, chosen->ai_addrlen);
    }
    uv_freeaddrinfo(found);
}

static void start_look_up(struct redis_client *c)
{
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
    char port[8];
    int r;

    (void)snprintf(port, sizeof(port), "%d", c->o.address->port);
    c->look_up.data = c;
    r = uv_getaddrinfo(&c->loop->uv, &c->look_up, on_looked_up, c->o.address->host, port, &hints);
    if (r) {
        redis_client_lose(c, err_text(r));
        return;
    }
    c->n_open++;
    redis_client_move(c, REDIS_LOOKING_UP); /* the resolver keeps its own deadline */
}

static void connect_now(struct redis_client *c)
{
    struct sockaddr_storage address;
    socklen_t len = redis_address_literal(c->o.address, &address);

    if (len)
        redis_client_open_link(c, (struct sockaddr *)&address, len);
    else
        start_look_up(c);
}

static void redis_client_on_timer(void *arg)
{
    struct redis_client *c = arg;

    switch (c->state) {
    case REDIS_RESTING:
        connect_now(c);
        return;
    case REDIS_CONNECTING:
    case REDIS_GREETING:
        redis_client_lose(c, "no answer in time");
        return;
    case REDIS_READY:
        /* The answers may be in the socket: if we were held up, that is not Redis's fault. They are
         * read in this turn; then we judge. */
        loop_defer(c->loop, &c->overdue);
        return;
    case REDIS_LOOKING_UP:
    case REDIS_CLOSING:
        return;
    }
    unreachable();
}

/* ---- life ---- */

static void with_defaults(struct redis_client_options *o)
{
    if (o->connect_ms <= 0)
        o->connect_ms = DEADLINE_MS;
    if (o->deadline_ms <= 0)
        o->deadline_ms = DEADLINE_MS;
    if (o->requests_max == 0)
        o->requests_max = REQUESTS_MAX;
}

static int prepare_tls(struct redis_client *c)
{
    struct diag diag;
    int r;

    if (!c->o.address->is_tls)
        return 0;
    r = redis_tls_new(&c->tls, c->o.address, &diag);
    if (r == -EINVAL)
        log_error("redis cannot be used with TLS", LOG_TEXT("redis", c->text),
                  LOG_TEXT("reason", diag.text));
    return r;
}

int redis_client_new(struct redis_client **ret, struct loop *l,
                     const struct redis_client_options *o)
{
    struct redis_client *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return err_origin(-ENOMEM);
    c->loop = l;
    c->o = *o;
    with_defaults(&c->o);
    c->rest_ms = REST_FIRST_MS;
    c->next_deadline_us = INT64_MAX;
    list_init(&c->waiting);
    list_init(&c->ended);
    for (unsigned i = 0; i < GREETINGS; i++)
        list_init(&c->greeting[i].link);
    defer_init(&c->deliver, on_deliver, c);
    defer_init(&c->overdue, on_overdue, c);
    redis_address_text(o->address, c->text, sizeof(c->text));

    r = prepare_tls(c);
    if (r == 0)
        r = timer_init(&c->timer, l, redis_client_on_timer, c);
    if (r) {
        SSL_CTX_free(c->tls);
        free(c);
        return err_trace(r);
    }
    c->n_open = 1;
    timer_start(&c->timer, 0); /* RESTING, over at once */
    *ret = c;
    return 0;
}

static void redis_client_on_timer_closed(void *arg)
{
    struct redis_client *c = arg;

    c->n_open--;
    redis_client_release(c);
}

void redis_client_close(struct redis_client *c, defer_fn *on_closed, void *arg)
{
    c->on_closed = on_closed;
    c->closed_arg = arg;
    if (c->state == REDIS_LOOKING_UP)
        (void)uv_cancel((uv_req_t *)&c->look_up); /* or it ends by itself */
    redis_client_move(c, REDIS_CLOSING);
    drop_link(c);
    end_waiting(c, -ECANCELED);
    defer_cancel(&c->overdue);
    timer_close(&c->timer, redis_client_on_timer_closed);
}

int64_t redis_client_id(const struct redis_client *c)
{
    return c->state == REDIS_READY ? c->id : 0;
}

bool redis_client_is_connected(const struct redis_client *c)
{
    return c->state == REDIS_READY;
}

void redis_client_reset(struct redis_client *c)
{
    if (c->state == REDIS_CONNECTING || c->state == REDIS_GREETING || c->state == REDIS_READY)
        redis_client_lose(c, "reset by its owner");
}

struct redis_chunk *redis_reply_keep(struct redis_client *c)
{
    assert(c->link);
    return redis_link_keep_reply(c->link);
}
