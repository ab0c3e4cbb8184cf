/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/configure.h"

static void configure_begin(struct redis_command *cmd, const char *head, const char *what,
                            struct span tenant)
{
    move_begin(cmd, &script_configure, head);
    redis_arg_text(cmd, what);
    redis_arg_span(cmd, tenant);
}

/* "" stands for the default. */
static void configure_add_limit(struct redis_command *cmd, int64_t limit, bool is_default)
{
    if (is_default)
        redis_arg_text(cmd, "");
    else
        redis_arg_i64(cmd, limit);
}

static void configure_add_use(struct redis_command *cmd, enum configure_use use, const char *reason)
{
    static const char *const words[] = {
        [CONFIGURE_AS_IT_IS] = "", [CONFIGURE_ENABLE] = "enable", [CONFIGURE_DISABLE] = "disable"};

    redis_arg_text(cmd, words[use]);
    redis_arg_text(cmd, reason ? reason : "");
}

void move_configure_tenant(struct redis_command *cmd, const char *head,
                           const struct configure_tenant *t)
{
    configure_begin(cmd, head, "tenant", t->id);
    redis_arg_span(cmd, t->record);
    configure_add_limit(cmd, t->limit, t->limit < 0);
    redis_arg_text(cmd, t->old.len ? "old" : "new");
    redis_arg_span(cmd, t->old);
}

void move_configure_tenant_remove(struct redis_command *cmd, const char *head, struct span tenant,
                                  struct span old)
{
    configure_begin(cmd, head, "tenant-remove", tenant);
    redis_arg_span(cmd, old);
}

void move_configure_endpoint(struct redis_command *cmd, const char *head,
                             const struct configure_endpoint *e)
{
    configure_begin(cmd, head, "endpoint", span_of(e->tenant));
    redis_arg_text(cmd, e->id);
    redis_arg_span(cmd, e->record);
    configure_add_limit(cmd, e->slots, e->slots == 0);
    redis_arg_text(cmd, e->old.len ? "old" : "new");
    redis_arg_i64(cmd, e->most);
    redis_arg_span(cmd, e->old);
    configure_add_use(cmd, e->use, e->reason);
}

void move_configure_endpoint_remove(struct redis_command *cmd, const char *head, const char *tenant,
                                    const char *id, struct span old)
{
    configure_begin(cmd, head, "endpoint-remove", span_of(tenant));
    redis_arg_text(cmd, id);
    redis_arg_span(cmd, old);
}

void move_configure_endpoint_enable(struct redis_command *cmd, const char *head, const char *tenant,
                                    const char *id)
{
    configure_begin(cmd, head, "endpoint-enable", span_of(tenant));
    redis_arg_text(cmd, id);
}

void move_configure_endpoint_disable(struct redis_command *cmd, const char *head,
                                     const char *tenant, const char *id, const char *reason)
{
    configure_begin(cmd, head, "endpoint-disable", span_of(tenant));
    redis_arg_text(cmd, id);
    redis_arg_text(cmd, reason);
}

void move_configure_webhook(struct redis_command *cmd, const char *head,
                            const struct configure_webhook *w)
{
    configure_begin(cmd, head, "webhook", span_of(w->tenant));
    redis_arg_span(cmd, w->tenant_record);
    redis_arg_span(cmd, w->tenant_old);
    redis_arg_text(cmd, w->endpoint);
    redis_arg_span(cmd, w->endpoint_record);
    redis_arg_span(cmd, w->endpoint_old);
    redis_arg_i64(cmd, w->most);
    configure_add_use(cmd, w->use, w->reason);
}

int move_configure_parse(const redisReply *reply)
{
    int64_t version;

    return redis_reply_i64(reply, &version) ? 0 : move_refusal(reply);
}
