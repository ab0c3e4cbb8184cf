/* SPDX-License-Identifier: Apache-2.0 */
/* notifier.c: see notifier.h.
 *
 *   RESTING ──timer──► LOOKING ──► READING ──some──► PUBLISHING ──► REMOVING
 *      ▲                              │ ▲                              │
 *      └── all partitions seen ───────┘ └── the next partition, or ────┘
 *      ▲                                     more of this one
 *      └── a fault, in any of them: what is not removed comes again */
#include "scheduler/notifier.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/json/json_scan.h"
#include "common/model/event.h"
#include "common/model/partition.h"
#include "common/moves/publish.h"
#include "common/runtime/metrics.h"
#include <errno.h>
#include <stdio.h>

/* Far longer than a scheduler can be stopped and still hold an entry that others have removed. */
enum { REMEMBERED_MS = 7 * 24 * 3600 * 1000 };

static void read_notices(struct notifier *n);

const char *notifier_tenant(const struct notifier *n)
{
    return n->is_there ? n->options.tenant : "";
}

static void notifier_release(void *arg)
{
    struct notifier *n = arg;

    redis_command_fini(&n->command);
    buf_fini(&n->data);
}

static void notifier_rest(struct notifier *n)
{
    n->state = NOTIFIER_RESTING;
    rounds_end(&n->rounds, n->options.every_ms);
}

static void notifier_fail(struct notifier *n, int result)
{
    static struct log_limit limit;
    uint64_t held;

    if (result != -ECANCELED && log_limit_pass(&limit, 5000, &held))
        log_warn("notices cannot be published now", LOG_ERR(result), LOG_INT("held", held));
    notifier_rest(n);
}

/* ---- removing ---- */

static void notifier_go_on(struct notifier *n)
{
    if (n->n_notices < NOTICES_PER_STEP)
        n->partition++;
    if (rounds_is_closing(&n->rounds) || n->partition >= n->options.keys->partitions)
        notifier_rest(n);
    else
        read_notices(n);
}

static void on_removed(struct redis_request *request, int result, redisReply *reply)
{
    struct notifier *n = container_of(request, struct notifier, request);

    result = result ? result : redis_reply_result(reply);
    if (result)
        notifier_fail(n, result);
    else
        notifier_go_on(n);
}

/* Only what is published; the first fault of the others ends the round. */
static void remove_done(struct notifier *n)
{
    unsigned n_done = 0;

    n->state = NOTIFIER_REMOVING;
    redis_command_begin(&n->command);
    redis_arg_text(&n->command, "XDEL");
    redis_arg_key(&n->command, n->options.keys, n->partition, KEY_NOTICES, SPAN(""));
    for (unsigned i = 0; i < n->n_notices; i++) {
        if (!n->notices[i].is_done)
            continue;
        redis_arg_text(&n->command, n->notices[i].id);
        n_done++;
    }
    if (n_done < n->n_notices)
        n->n_notices = 0; /* not this partition again at once */
    if (n_done)
        redis_send(n->options.redis, &n->request, &n->command, 0, on_removed, NULL);
    else
        notifier_fail(n, -EAGAIN);
}

/* ---- publishing ---- */

static void on_published(struct redis_request *request, int result, redisReply *reply)
{
    struct notice *notice = container_of(request, struct notice, request);
    struct notifier *n = notice->notifier;

    notice->is_done = !result && redis_reply_result(reply) == 0;
    if (notice->is_done)
        metric_count(METRIC_notices_total);
    if (--n->n_pending == 0)
        remove_done(n);
}

/* "name": text, or a number where the name begins with '#'. */
static void add_member(struct buf *b, struct span name, struct span value)
{
    bool is_number = name.len > 1 && name.data[0] == '#' && json_check(value, NULL) == 0;

    if (name.len && name.data[0] == '#')
        name = (struct span){name.data + 1, name.len - 1};
    if (b->len > 1)
        buf_add_char(b, ',');
    buf_add_json_string(b, name);
    buf_add_char(b, ':');
    if (is_number)
        buf_add_span(b, value);
    else
        buf_add_json_string(b, value);
}

/* All fields but the type, and when it happened. */
static int write_data(struct buf *b, const redisReply *fields, int64_t at_ms)
{
    struct span name, value;

    buf_clear(b);
    buf_add_char(b, '{');
    for (size_t i = 2; i + 1 < fields->elements; i += 2)
        if (redis_reply_span(fields->element[i], &name) &&
            redis_reply_span(fields->element[i + 1], &value))
            add_member(b, name, value);
    buf_add_text(b, ",\"time\":\"");
    buf_add_iso_time(b, at_ms);
    buf_add_text(b, "\"}");
    return buf_result(b);
}

static void send_event(struct notifier *n, struct notice *notice, struct span type, int64_t at_ms)
{
    struct redis_command *cmd = &n->command;
    char key[80];

    (void)snprintf(key, sizeof(key), "notice/%u/%s", n->partition, notice->id);
    move_publish_begin(cmd, keys_head(n->options.keys, n->home), key, REMEMBERED_MS,
                       n->options.tenant);
    redis_arg_text(cmd, "tenant");
    redis_arg_text(cmd, n->options.tenant);
    redis_arg_text(cmd, "type");
    redis_arg_span(cmd, type);
    redis_arg_text(cmd, "time");
    redis_arg_i64(cmd, at_ms);
    redis_arg_text(cmd, "data");
    redis_arg_span(cmd, buf_span(&n->data));
    n->n_pending++;
    redis_run(n->options.redis, &notice->request, &script_publish, cmd, 0, on_published, NULL);
}

/* [id, ["type", …, name, value, …]]. What cannot be read would come again for ever. */
static void notifier_publish(struct notifier *n, struct notice *notice, const redisReply *entry)
{
    const redisReply *fields = redis_reply_at(entry, 1);
    struct span type;
    int64_t at_ms;

    notice->is_done = !n->is_there;
    if (notice->is_done)
        return;
    if (!redis_reply_span(redis_reply_at(fields, 1), &type) ||
        event_accepted_ms(span_of(notice->id), &at_ms) || write_data(&n->data, fields, at_ms)) {
        log_error("a notice cannot be read", LOG_INT("partition", n->partition),
                  LOG_TEXT("entry", notice->id));
        notice->is_done = true;
        return;
    }
    send_event(n, notice, type, at_ms);
}

static void notifier_take(struct notifier *n, const redisReply *entry)
{
    struct notice *notice = &n->notices[n->n_notices];
    struct span id;

    if (n->n_notices == NOTICES_PER_STEP || !redis_reply_span(redis_reply_at(entry, 0), &id) ||
        id.len >= sizeof(notice->id))
        return;
    memcpy(notice->id, id.data, id.len);
    notice->id[id.len] = '\0';
    notice->notifier = n;
    n->n_notices++;
    notifier_publish(n, notice, entry);
}

/* ---- reading ---- */

static void notifier_on_read(struct redis_request *request, int result, redisReply *reply)
{
    struct notifier *n = container_of(request, struct notifier, request);

    result = result ? result : redis_reply_result(reply);
    if (result) {
        notifier_fail(n, result);
        return;
    }
    n->state = NOTIFIER_PUBLISHING;
    n->n_notices = n->n_pending = 0;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        notifier_take(n, reply->element[i]);
    if (!n->n_notices)
        notifier_go_on(n);
    else if (!n->n_pending)
        remove_done(n);
}

static void read_notices(struct notifier *n)
{
    n->state = NOTIFIER_READING;
    redis_command_begin(&n->command);
    redis_arg_text(&n->command, "XRANGE");
    redis_arg_key(&n->command, n->options.keys, n->partition, KEY_NOTICES, SPAN(""));
    redis_arg_text(&n->command, "-");
    redis_arg_text(&n->command, "+");
    redis_arg_text(&n->command, "COUNT");
    redis_arg_i64(&n->command, NOTICES_PER_STEP);
    redis_send(n->options.redis, &n->request, &n->command, 0, notifier_on_read, NULL);
}

/* ---- looking ---- */

static void on_looked(struct redis_request *request, int result, redisReply *reply)
{
    struct notifier *n = container_of(request, struct notifier, request);
    int64_t count = 0;

    result = result ? result : redis_reply_result(reply);
    if (result) {
        notifier_fail(n, result);
        return;
    }
    (void)redis_reply_i64(reply, &count);
    n->is_there = count > 0;
    if (!n->is_known && !rounds_is_closing(&n->rounds)) {
        n->is_known = true;
        n->options.on_known(n->options.arg);
    }
    n->partition = 0;
    if (rounds_is_closing(&n->rounds))
        notifier_rest(n);
    else
        read_notices(n);
}

static void notifier_look(void *arg)
{
    struct notifier *n = arg;

    n->state = NOTIFIER_LOOKING;
    redis_command_begin(&n->command);
    redis_arg_text(&n->command, "EXISTS");
    redis_arg_key(&n->command, n->options.keys, n->home, KEY_TENANT, span_of(n->options.tenant));
    redis_send(n->options.redis, &n->request, &n->command, 0, on_looked, NULL);
}

/* ---- life ---- */

int notifier_init(struct notifier *n, const struct notifier_options *o)
{
    *n = (struct notifier){.options = *o};
    n->home = partition_of(span_of(o->tenant), o->keys->partitions);
    redis_command_init(&n->command);
    buf_init(&n->data, NOTICE_BYTES_MAX);
    return rounds_init(&n->rounds, o->loop, notifier_look, notifier_release, n);
}

void notifier_start(struct notifier *n)
{
    if (*n->options.tenant)
        rounds_start(&n->rounds, 0);
    else if (!n->is_known) {
        n->is_known = true;
        n->options.on_known(n->options.arg);
    }
}

void notifier_close(struct notifier *n, defer_fn *on_closed, void *arg)
{
    rounds_close(&n->rounds, on_closed, arg);
}
