/* SPDX-License-Identifier: Apache-2.0 */
/* sim_redis.c: redis_client.h without sockets: what is sent waits until sim_step() lets Redis run it, and its answer waits
 * until sim_step() lets the process take it. Losing the connection in between loses one or both. */
#include "common/moves/scripts.h"
#include "common/redis/redis_client.h"
#include "common/redis/redis_reply.h"
#include "sim.h"
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_BYTES_MAX = 16 << 20, DEADLINE_MS = 5000, ARGS_MAX = 12 };

struct redis_client {
    struct list link; /* of its process */
    struct process *process;
    struct redis_client_options o;
    bool is_connected, is_closing;
    int64_t connects_us; /* not before, when it is not connected */
    int64_t id;
    struct list items; /* in the order in which they were sent */
    redisReader *reader;
    struct redis_arena arena;
    defer_fn *on_closed;
    void *closed_arg;
};

struct item {
    struct list link;
    struct redis_request *request;
    struct buf command, answer;
    bool is_run;
    bool has_effect; /* blocked reads may have something now */
    int result;      /* negative: no answer comes */
    int64_t deadline_us;
    int64_t blocks_until_us; /* 0: it does not block */
    int64_t polled_at;       /* n_changes when it was last asked for */
};

static int64_t n_changes, n_ids;

/* ---- redis-server ---- */

static void write_all(const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(sim.fd, data, len);

        assert(n > 0);
        data += n;
        len -= (size_t)n;
    }
}

/* Reads until @n replies are whole; appends their bytes. */
static void read_replies(unsigned n, struct buf *ret)
{
    char part[65536];

    while (n > 0) {
        void *reply = NULL;
        ssize_t len = read(sim.fd, part, sizeof(part));

        assert(len > 0);
        buf_add(ret, part, (size_t)len);
        assert(!redisReaderFeed(sim.reader, part, (size_t)len));
        while (n > 0 && !redisReaderGetReply(sim.reader, &reply) && reply) {
            freeReplyObject(reply);
            n--;
        }
    }
}

void sim_redis_run(struct span command, struct buf *ret)
{
    int64_t us = sim_wall_us();
    struct buf sent, answers;
    char s[32], ms[32];

    buf_init(&sent, ANSWER_BYTES_MAX);
    buf_init(&answers, ANSWER_BYTES_MAX);
    (void)snprintf(s, sizeof(s), "%lld", (long long)(us / 1000000));
    (void)snprintf(ms, sizeof(ms), "%lld", (long long)(us / 1000));
    buf_printf(&sent,
               "*7\r\n$4\r\nMSET\r\n$5\r\nsim:s\r\n$%zu\r\n%s\r\n$6\r\nsim:us\r\n$6\r\n%06lld\r\n"
               "$6\r\nsim:ms\r\n$%zu\r\n%s\r\n",
               strlen(s), s, (long long)(us % 1000000), strlen(ms), ms);
    buf_add_span(&sent, command);
    assert(!buf_result(&sent));
    write_all(sent.data, sent.len);
    read_replies(2, &answers);
    assert(answers.len > 5 && !memcmp(answers.data, "+OK\r\n", 5));
    buf_add(ret, answers.data + 5, answers.len - 5);
    buf_fini(&sent);
    buf_fini(&answers);
}

void sim_redis_changed(void)
{
    n_changes++;
}

redisReply *sim_redis_command(const char *format, ...)
{
    redisReader *reader = redisReaderCreate();
    struct buf answer;
    char *command = NULL;
    void *reply = NULL;
    va_list args;
    int len;

    va_start(args, format);
    len = redisvFormatCommand(&command, format, args);
    va_end(args);
    assert(len > 0 && reader);
    buf_init(&answer, ANSWER_BYTES_MAX);
    sim_redis_run((struct span){command, (size_t)len}, &answer);
    assert(!redisReaderFeed(reader, answer.data, answer.len));
    assert(!redisReaderGetReply(reader, &reply) && reply);
    redisReaderFree(reader);
    redisFreeCommand(command);
    buf_fini(&answer);
    return reply;
}

/* ---- commands ---- */

/* The first arguments of a command in RESP. */
static unsigned args_of(struct span command, struct span ret[ARGS_MAX])
{
    const char *at = command.data, *end = at + command.len;
    unsigned n = 0;

    at = memchr(at, '\n', command.len);
    for (at = at ? at + 1 : end; at < end && n < ARGS_MAX; n++) {
        size_t len = strtoul(at + 1, NULL, 10);

        at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
        ret[n] = (struct span){at, len};
        at += len + 2;
    }
    return n;
}

static bool is_word(struct span arg, const char *word)
{
    return span_equal(arg, span_of(word));
}

/* A blocking read is asked without BLOCK, again and again: takes the two arguments out. */
static void take_out_block(struct item *item)
{
    struct span args[ARGS_MAX];
    unsigned n = args_of(buf_span(&item->command), args);
    struct buf without;

    for (unsigned i = 0; i + 1 < n; i++) {
        const char *from, *to;
        const char *first_end;

        if (!is_word(args[i], "BLOCK"))
            continue;
        from = args[i].data - strlen("$5\r\n");
        to = args[i + 1].data + args[i + 1].len + 2;
        first_end = (const char *)memchr(item->command.data, '\n', item->command.len) + 1;
        item->blocks_until_us = sim.now_us + strtoll(args[i + 1].data, NULL, 10) * 1000;
        buf_init(&without, ANSWER_BYTES_MAX);
        buf_printf(&without, "*%ld\r\n", strtol(item->command.data + 1, NULL, 10) - 2);
        buf_add(&without, first_end, (size_t)(from - first_end));
        buf_add(&without, to, (size_t)(item->command.data + item->command.len - to));
        buf_fini(&item->command);
        item->command = without;
        return;
    }
}

static bool is_nothing(const struct buf *answer)
{
    return answer->len >= 3 && (!memcmp(answer->data, "*-1", 3) || !memcmp(answer->data, "$-1", 3));
}

/* CLIENT UNBLOCK id */
static bool unblock(struct item *asks)
{
    struct span args[ARGS_MAX];
    bool is_done = false;

    if (args_of(buf_span(&asks->command), args) != 3 || !is_word(args[1], "UNBLOCK"))
        return false;
    for (unsigned i = 0; i < sim.n_processes; i++) {
        list_for_each (node, &sim.processes[i].clients) {
            struct redis_client *c = list_entry(node, struct redis_client, link);
            struct item *first = list_entry(c->items.next, struct item, link);

            if (c->id != strtoll(args[2].data, NULL, 10) || list_is_empty(&c->items) ||
                !first->blocks_until_us || first->is_run)
                continue;
            first->is_run = is_done = true;
            buf_add_text(&first->answer, "*-1\r\n");
        }
    }
    buf_add_text(&asks->answer, is_done ? ":1\r\n" : ":0\r\n");
    asks->is_run = true;
    return true;
}

static void run(struct item *item)
{
    if (unblock(item))
        return;
    buf_clear(&item->answer);
    sim_redis_run(buf_span(&item->command), &item->answer);
    item->is_run = true;
    if (item->blocks_until_us && is_nothing(&item->answer) && sim.now_us < item->blocks_until_us)
        item->is_run = false; /* it goes on waiting */
    n_changes += item->has_effect;
    item->polled_at = n_changes;
}

/* ---- items ---- */

static struct item *item_new(struct redis_client *c, struct redis_request *r, int64_t deadline_ms,
                             redis_done_fn *done, void *arg)
{
    struct item *item = calloc(1, sizeof(*item));

    assert(item);
    r->done = done;
    r->arg = arg;
    item->request = r;
    buf_init(&item->command, ANSWER_BYTES_MAX);
    buf_init(&item->answer, ANSWER_BYTES_MAX);
    item->deadline_us = sim.now_us + (deadline_ms ? deadline_ms : DEADLINE_MS) * 1000;
    item->polled_at = -1;
    list_push_back(&c->items, &item->link);
    return item;
}

static void item_free(struct item *item)
{
    list_remove(&item->link);
    buf_fini(&item->command);
    buf_fini(&item->answer);
    free(item);
}

/* Redis had got some of what was sent, in its order. */
static void run_some(struct redis_client *c)
{
    list_for_each (node, &c->items) {
        struct item *item = list_entry(node, struct item, link);

        if (item->is_run || item->result)
            continue;
        if (sim_chance(2))
            return;
        run(item);
    }
}

static void end_all(struct redis_client *c, int result)
{
    list_for_each (node, &c->items)
        list_entry(node, struct item, link)->result = result;
}

static void tell_loss(void *arg)
{
    struct redis_client *c = arg;

    if (!c->is_closing && c->o.on_state)
        c->o.on_state(c->o.arg, false);
}

static void lose(struct redis_client *c, bool is_some_run)
{
    if (!c->is_connected)
        return;
    if (is_some_run)
        run_some(c);
    end_all(c, -ENOTCONN);
    c->is_connected = false;
    c->connects_us = sim.now_us + 50000 + (int64_t)sim_below(2000000);
    sim_later(c->process, tell_loss, c);
}

/* ---- redis_client.h ---- */

int redis_client_new(struct redis_client **ret, struct loop *l,
                     const struct redis_client_options *o)
{
    struct redis_client *c = calloc(1, sizeof(*c));

    assert(c);
    c->process = l->uv.data;
    c->o = *o;
    c->id = ++n_ids;
    list_init(&c->items);
    c->reader = redisReaderCreate();
    redis_arena_attach(&c->arena, c->reader);
    list_push_back(&c->process->clients, &c->link);
    *ret = c;
    return 0;
}

static void client_free(struct redis_client *c)
{
    list_remove(&c->link);
    redis_arena_fini(&c->arena);
    redisReaderFree(c->reader);
    free(c);
}

static void on_closing(void *arg)
{
    struct redis_client *c = arg;
    defer_fn *on_closed = c->on_closed;
    void *closed_arg = c->closed_arg;

    while (!list_is_empty(&c->items)) {
        struct item *item = list_entry(c->items.next, struct item, link);
        struct redis_request *r = item->request;

        item_free(item);
        r->done(r, -ECANCELED, NULL);
    }
    client_free(c);
    if (on_closed)
        on_closed(closed_arg);
}

void redis_client_close(struct redis_client *c, defer_fn *on_closed, void *arg)
{
    c->on_closed = on_closed;
    c->closed_arg = arg;
    c->is_closing = true;
    if (c->is_connected)
        run_some(c);
    c->is_connected = false;
    sim_later(c->process, on_closing, c);
}

bool redis_client_is_connected(const struct redis_client *c)
{
    return c->is_connected;
}

int64_t redis_client_id(const struct redis_client *c)
{
    return c->is_connected ? c->id : 0;
}

void redis_client_reset(struct redis_client *c)
{
    lose(c, true);
}

void redis_send(struct redis_client *c, struct redis_request *r, const struct redis_command *cmd,
                int64_t deadline_ms, redis_done_fn *done, void *arg)
{
    struct item *item = item_new(c, r, deadline_ms, done, arg);

    if (c->is_closing || !c->is_connected)
        item->result = c->is_closing ? -ECANCELED : -ENOTCONN;
    buf_add_span(&item->command, redis_command_bytes(cmd));
    take_out_block(item);
}

void redis_run(struct redis_client *c, struct redis_request *r, const struct redis_script *script,
               const struct redis_command *cmd, int64_t deadline_ms, redis_done_fn *done, void *arg)
{
    struct item *item = item_new(c, r, deadline_ms, done, arg);

    if (c->is_closing || !c->is_connected)
        item->result = c->is_closing ? -ECANCELED : -ENOTCONN;
    item->has_effect = script != &script_heartbeat && script != &script_lookup;
    assert(!redis_script_whole(&item->command, script, redis_command_bytes(cmd)));
}

struct redis_chunk *redis_reply_keep(struct redis_client *c)
{
    return redis_arena_give(&c->arena);
}

/* ---- what the process can take ---- */

enum kind { TAKE_CONNECTION, TAKE_ANSWER, TAKE_DEADLINE };
struct choice {
    enum kind kind;
    struct redis_client *client;
};

static bool choice_of(struct redis_client *c, struct choice *ret)
{
    struct item *first = list_entry(c->items.next, struct item, link);

    ret->client = c;
    ret->kind = TAKE_ANSWER;
    if (!list_is_empty(&c->items) && (first->is_run || first->result))
        return !c->is_closing;
    ret->kind = TAKE_DEADLINE;
    if (!list_is_empty(&c->items) && sim.now_us >= first->deadline_us)
        return !c->is_closing;
    ret->kind = TAKE_CONNECTION;
    return !c->is_connected && !c->is_closing && sim.now_us >= c->connects_us &&
           sim.now_us >= sim.redis_away_us;
}

/* The @index-th of them; false: there are fewer, and *ret_n is how many. */
static bool find_choice(const struct process *p, unsigned index, struct choice *ret,
                        unsigned *ret_n)
{
    *ret_n = 0;
    list_for_each (node, &p->clients)
        if (choice_of(list_entry(node, struct redis_client, link), ret) && (*ret_n)++ == index)
            return true;
    return false;
}

unsigned sim_redis_choices(const struct process *p)
{
    struct choice ignored;
    unsigned n;

    (void)find_choice(p, UINT32_MAX, &ignored, &n);
    return n;
}

static void take_answer(struct redis_client *c)
{
    struct item *item = list_entry(c->items.next, struct item, link);
    struct redis_request *r = item->request;
    struct buf answer = item->answer;
    int result = item->result;
    void *reply = NULL;

    buf_init(&item->answer, 0);
    item_free(item);
    if (!result) {
        assert(!redisReaderFeed(c->reader, answer.data, answer.len));
        assert(!redisReaderGetReply(c->reader, &reply) && reply);
    }
    buf_fini(&answer);
    r->done(r, result, reply);
}

void sim_redis_do(struct process *p, unsigned index)
{
    struct choice choice;
    unsigned n;

    assert(find_choice(p, index, &choice, &n));
    switch (choice.kind) {
    case TAKE_CONNECTION:
        choice.client->is_connected = true;
        if (choice.client->o.on_state)
            choice.client->o.on_state(choice.client->o.arg, true);
        return;
    case TAKE_DEADLINE:
        lose(choice.client, true);
        list_entry(choice.client->items.next, struct item, link)->result = -ETIMEDOUT;
        return;
    default:
        take_answer(choice.client);
    }
}

/* ---- what Redis can run ---- */

static struct item *next_to_run(struct redis_client *c)
{
    list_for_each (node, &c->items) {
        struct item *item = list_entry(node, struct item, link);

        if (item->is_run || item->result)
            continue;
        if (item->blocks_until_us && item->polled_at == n_changes &&
            sim.now_us < item->blocks_until_us)
            return NULL;
        return item;
    }
    return NULL;
}

static struct redis_client *find_client(const struct process *p, unsigned index, unsigned *ret_n)
{
    *ret_n = 0;
    list_for_each (node, &p->clients) {
        struct redis_client *c = list_entry(node, struct redis_client, link);

        if (c->is_connected && next_to_run(c) && (*ret_n)++ == index)
            return c;
    }
    return NULL;
}

unsigned sim_redis_server_choices(const struct process *p)
{
    unsigned n;

    (void)find_client(p, UINT32_MAX, &n);
    return n;
}

/* The one operation at which something is to go wrong. */
static void go_wrong(struct redis_client *c, struct item *item)
{
    struct process *p = c->process;
    int64_t away_us = (int64_t)sim_below(60000000);

    sim_trace("fault %d at %s", (int)sim.faults.fault, p->name);
    switch (sim.faults.fault) {
    case FAULT_LOST_BEFORE:
        lose(c, false);
        return;
    case FAULT_LOST_AFTER:
        run(item);
        lose(c, false);
        return;
    case FAULT_KILL_BEFORE:
        sim_kill(p, away_us);
        return;
    case FAULT_KILL_AFTER:
        run(item);
        sim_kill(p, away_us);
        return;
    default:
        run(item);
        sim_stop(p, 45000000);
    }
}

void sim_redis_server_do(struct process *p, unsigned index)
{
    unsigned n;
    struct redis_client *c = find_client(p, index, &n);
    struct item *item = next_to_run(c);

    if (!item->blocks_until_us && sim.n_ops++ == sim.faults.at_op && !sim.is_calm)
        go_wrong(c, item);
    else
        run(item);
}

int64_t sim_redis_next_us(const struct process *p)
{
    int64_t next_us = INT64_MAX;

    list_for_each (node, &p->clients) {
        struct redis_client *c = list_entry(node, struct redis_client, link);
        struct item *first = list_entry(c->items.next, struct item, link);

        if (!c->is_connected)
            next_us = MIN(next_us, MAX(c->connects_us, sim.redis_away_us));
        if (!list_is_empty(&c->items) && first->blocks_until_us)
            next_us = MIN(next_us, first->blocks_until_us);
        if (!list_is_empty(&c->items))
            next_us = MIN(next_us, first->deadline_us);
    }
    return next_us;
}

void sim_redis_cut(struct process *p, unsigned index)
{
    list_for_each (node, &p->clients)
        if (index-- == 0)
            lose(list_entry(node, struct redis_client, link), true);
}

void sim_redis_forget(struct process *p)
{
    while (!list_is_empty(&p->clients)) {
        struct redis_client *c = list_entry(p->clients.next, struct redis_client, link);

        if (c->is_connected && sim.faults.at_op < 0)
            run_some(c);
        while (!list_is_empty(&c->items))
            item_free(list_entry(c->items.next, struct item, link));
        client_free(c);
    }
}
