#include "scheduler/reseal.h"

#include "common/endpoint_reseal.h"
#include "common/err.h"
#include "common/log.h"
#include "common/scripts.h"
#include <errno.h>

/* Told once a minute at most: which it is stays the same until somebody mends it. */
static void leave(struct reseal *s, struct span id, const char *why)
{
    static struct log_limit limit;
    uint64_t held;

    s->n_left++;
    if (log_limit_pass(&limit, 60000, &held))
        log_error("an endpoint cannot be re-encrypted", LOG_SPAN("endpoint", id),
                  LOG_TEXT("reason", why), LOG_INT("held", held));
}

/* ---- writing ---- */

static void unpend(struct reseal *s)
{
    if (--s->n_pending == 0)
        s->options.done(s->options.arg);
}

static void on_written(struct redis_request *request, int result, redisReply *reply)
{
    struct reseal *s = container_of(request, struct reseal_write, request)->owner;
    struct span words;

    if (!result)
        result = redis_reply_result(reply);
    if (result)
        s->result = result; /* done or not: to be seen */
    else if (redis_reply_span(reply, &words))
        s->has_conflict = true; /* changed or removed */
    else
        s->n_resealed++;
    unpend(s);
}

static void write_back(struct reseal *s, const struct endpoint *e, struct span new, struct span old)
{
    struct reseal_write *write = &s->writes[s->n_pending++ - 1]; /* one is reseal_start()'s own */
    struct redis_command *cmd = &s->command;

    write->owner = s;
    redis_script_begin(cmd, &script_configure, 1);
    redis_arg_text(cmd, keys_head(s->options.keys, s->partition));
    redis_arg_text(cmd, "endpoint");
    redis_arg_text(cmd, e->tenant);
    redis_arg_text(cmd, e->id);
    redis_arg_span(cmd, new);
    if (e->slots)
        redis_arg_i64(cmd, e->slots);
    else
        redis_arg_text(cmd, "");
    redis_arg_text(cmd, "old");
    redis_arg_i64(cmd, ENDPOINTS_PER_TENANT_MAX);
    redis_arg_span(cmd, old);
    redis_run(s->options.redis, &write->request, &script_configure, cmd, 0, on_written, NULL);
}

/* ---- looking ---- */

static bool packs_to(const struct endpoint *e, struct buf *ret, struct span record)
{
    endpoint_pack(ret, e);
    return buf_result(ret) == 0 && span_equal(buf_span(ret), record);
}

static int replace(struct reseal *s, const struct endpoint *e, struct span old, struct buf *packed)
{
    buf_clear(packed);
    endpoint_pack(packed, e);
    if (buf_result(packed))
        return buf_result(packed);
    write_back(s, e, buf_span(packed), old);
    return 0;
}

static int reseal(struct reseal *s, struct endpoint *e, struct span record, struct buf *packed)
{
    bool is_changed = false;
    struct diag why = {""};
    int r;

    /* What another version wrote may hold more than we know of: our writing must not lose it. */
    if (!packs_to(e, packed, record)) {
        leave(s, span_of(e->id), "its record was written by another version of Grapnel");
        return 0;
    }
    r = endpoint_reseal(e, s->options.key, &is_changed, &why);
    if (r == -ENOMEM)
        return r;
    if (r) {
        leave(s, span_of(e->id), why.text);
        return 0;
    }
    if (is_changed && s->n_pending > RESEAL_WRITES_MAX)
        s->has_more = true;
    else if (is_changed)
        return replace(s, e, record, packed);
    return 0;
}

static int examine(struct reseal *s, struct span id, struct span record)
{
    struct endpoint *e = NULL;
    struct buf packed;
    int r;

    if (!record.len)
        return 0; /* removed just now */
    r = endpoint_parse(&e, id, record);
    if (r == -EBADMSG) {
        leave(s, id, "its record cannot be read");
        return 0;
    }
    if (r)
        return r;
    buf_init(&packed, 2 * (size_t)ENDPOINT_RECORD_MAX);
    r = reseal(s, e, record, &packed);
    buf_fini(&packed);
    (void)endpoint_free(e);
    return r;
}

void reseal_start(struct reseal *s, unsigned partition, const redisReply *tenant)
{
    struct span id, record;

    s->partition = partition;
    s->n_pending = 1;
    s->result = 0;
    s->has_more = s->has_conflict = false;
    s->n_left = s->n_resealed = 0;
    for (size_t i = 2; !s->result && !s->has_more && redis_reply_at(tenant, i + 1); i += 3)
        if (!redis_reply_span(redis_reply_at(tenant, i), &id) ||
            !redis_reply_span(redis_reply_at(tenant, i + 1), &record))
            s->result = err_origin(-EPROTO);
        else
            s->result = examine(s, id, record);
    unpend(s);
}

void reseal_init(struct reseal *s, const struct reseal_options *o)
{
    *s = (struct reseal){.options = *o};
    redis_command_init(&s->command);
}

void reseal_fini(struct reseal *s)
{
    redis_command_fini(&s->command);
}
