/* SPDX-License-Identifier: Apache-2.0 */
#include "common/redis/durability.h"
#include "common/base/text.h"
#include <errno.h>
#include <stdio.h>

/* With `appendfsync everysec` Redis writes to disk once a second, and up to two seconds late while the disk is busy
 * (redis.conf): no shorter wait can tell that something is wrong. */
enum { FSYNC_ANSWER_MS = 4000 };

enum { REPLICAS_MAX = 16 };

int durability_parse(struct durability *ret, const char *text, struct diag *diag)
{
    static const char replicas[] = "replicas=";
    uint64_t n;

    *ret = (struct durability){DURABLE_MEMORY, 0};
    if (!text || strcmp(text, "memory") == 0)
        return 0;
    if (strcmp(text, "fsync") == 0) {
        ret->kind = DURABLE_FSYNC;
        return 0;
    }
    if (strncmp(text, replicas, sizeof(replicas) - 1) == 0 &&
        !parse_u64(span_of(text + sizeof(replicas) - 1), &n) && n >= 1 && n <= REPLICAS_MAX) {
        *ret = (struct durability){DURABLE_REPLICAS, (unsigned)n};
        return 0;
    }
    return diag_set(diag, "durability: expected memory, fsync, or replicas=N with N from 1 to %d",
                    REPLICAS_MAX);
}

/* One command, one answer; an error of Redis's is an answer. */
static redisReply *durability_ask(struct connection *c, int argc, const char **argv,
                                  enum connection_result *ret_why)
{
    size_t sizes[4];

    for (int i = 0; i < argc; i++)
        sizes[i] = strlen(argv[i]);
    *ret_why = connection_append(c, argc, argv, sizes);
    if (*ret_why)
        return NULL;
    connection_ask(c);
    return connection_answer(c, ret_why);
}

static bool says(const redisReply *reply, const char *value)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
           reply->element[1]->type == REDIS_REPLY_STRING &&
           strcmp(reply->element[1]->str, value) == 0;
}

/* With `always` Redis answers a write after it is on disk. */
static enum connection_result demand(struct connection *c, const char *name, const char *value)
{
    const char *argv[] = {"CONFIG", "GET", name};
    enum connection_result why = CONNECTION_OK;
    redisReply *reply = durability_ask(c, ARRAY_LEN(argv), argv, &why);

    if (reply && !says(reply, value)) {
        (void)diag_set(
            c->words,
            "durability: fsync needs Redis 7.2, or appendonly yes and appendfsync always");
        why = CONNECTION_UNSAFE;
    }
    freeReplyObject(reply);
    return why;
}

static enum connection_result demand_always(struct connection *c)
{
    enum connection_result r = demand(c, "appendonly", "yes");

    return r ? r : demand(c, "appendfsync", "always");
}

/* WAITAOF's answer: [how many disks of its own, of replicas]. */
static int64_t count_of(const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2)
        reply = reply->element[0];
    return reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
}

static enum connection_result durability_judge(const struct durability *d, struct connection *c,
                                               const redisReply *reply)
{
    int64_t n = count_of(reply), wanted = d->kind == DURABLE_FSYNC ? 1 : d->replicas;

    if (reply->type == REDIS_REPLY_ERROR)
        (void)diag_set(c->words, "Redis: %.140s", reply->str);
    else if (d->kind == DURABLE_FSYNC)
        (void)diag_set(c->words, "durability: it is not on disk yet");
    else
        (void)diag_set(c->words, "durability: %lld of %u replicas have it", (long long)n,
                       d->replicas);
    return n >= wanted ? CONNECTION_OK : CONNECTION_UNSAFE;
}

static enum connection_result wait_for(const struct durability *d, struct connection *c,
                                       unsigned wait_ms)
{
    enum connection_result r = CONNECTION_OK;
    char wanted[12], timeout[12];
    const char *fsync[] = {"WAITAOF", "1", "0", timeout}, *replicas[] = {"WAIT", wanted, timeout};
    redisReply *reply;

    (void)snprintf(timeout, sizeof(timeout), "%u", wait_ms);
    (void)snprintf(wanted, sizeof(wanted), "%u", d->replicas);
    reply = d->kind == DURABLE_FSYNC ? durability_ask(c, ARRAY_LEN(fsync), fsync, &r)
                                     : durability_ask(c, ARRAY_LEN(replicas), replicas, &r);
    if (!reply)
        return r;
    if (reply->type == REDIS_REPLY_ERROR && strstr(reply->str, "unknown command"))
        r = demand_always(c);
    else
        r = durability_judge(d, c, reply);
    freeReplyObject(reply);
    return r;
}

enum connection_result durability_wait(const struct durability *d, struct connection *c)
{
    unsigned answer_ms = c->timeout_ms, before;
    enum connection_result r;

    if (d->kind == DURABLE_MEMORY)
        return CONNECTION_OK;
    if (d->kind == DURABLE_FSYNC)
        answer_ms = MAX(answer_ms, FSYNC_ANSWER_MS);
    before = connection_set_timeout(c, answer_ms);
    r = wait_for(d, c, MAX(answer_ms * 3 / 4, 1U)); /* its answer must come before we give up */
    (void)connection_set_timeout(c, before);
    return r;
}
