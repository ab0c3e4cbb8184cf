#include "admin/store/store_revise.h"

static void write_command(const struct store *s, struct redis_command *cmd,
                          const struct revision *v, const struct revision_event *events, size_t n)
{
    redis_script_begin(cmd, &script_revise, 1);
    redis_arg_text(cmd, keys_head(&s->keys, store_partition(s, v->tenant)));
    redis_arg_span(cmd, v->tenant);
    redis_arg_text(cmd, v->key);
    redis_arg_span(cmd, v->record);
    redis_arg_span(cmd, v->old);
    redis_arg_i64(cmd, v->keep_ms);
    redis_arg_text(cmd, v->list);
    redis_arg_i64(cmd, v->most);
    redis_arg_text(cmd, v->name);
    for (size_t i = 0; i < n; i++) {
        redis_arg_text(cmd, events[i].type);
        redis_arg_span(cmd, events[i].data);
    }
}

int store_revise(struct store *s, const struct revision *v, const struct revision_event *events,
                 size_t n)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    int64_t at_ms;
    int r;

    redis_command_init(&cmd);
    write_command(s, &cmd, v, events, n);
    r = store_call(s, &cmd, &script_revise, &reply);
    redis_command_fini(&cmd);
    if (!r && !redis_reply_i64(redis_reply_at(reply, 0), &at_ms))
        r = store_configure_result(s, reply); /* the same words */
    freeReplyObject(reply);
    return r;
}
