/* SPDX-License-Identifier: Apache-2.0 */
#include "common/redis/redis_unblock.h"

enum { TRIES_MAX = 100 };

static void redis_unblock_ask(struct redis_unblock *u);

static void redis_unblock_on_answer(struct redis_request *request, int result, redisReply *reply)
{
    struct redis_unblock *u = container_of(request, struct redis_unblock, request);

    if (!u->is_active)
        return;
    if (!result)
        result = redis_reply_result(reply);
    if (result || ++u->n_tries == TRIES_MAX)
        redis_client_reset(u->blocked);
    else
        redis_unblock_ask(u);
}

static void redis_unblock_ask(struct redis_unblock *u)
{
    struct redis_command cmd;

    redis_command_init(&cmd);
    redis_command_begin(&cmd);
    redis_arg_text(&cmd, "CLIENT");
    redis_arg_text(&cmd, "UNBLOCK");
    redis_arg_i64(&cmd, redis_client_id(u->blocked));
    redis_send(u->via, &u->request, &cmd, 0, redis_unblock_on_answer, NULL);
    redis_command_fini(&cmd);
}

void redis_unblock_start(struct redis_unblock *u, struct redis_client *via,
                         struct redis_client *blocked)
{
    *u = (struct redis_unblock){.via = via, .blocked = blocked, .is_active = true};
    redis_unblock_ask(u);
}

void redis_unblock_stop(struct redis_unblock *u)
{
    u->is_active = false;
}
