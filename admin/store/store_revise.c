/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/store/store_revise.h"

int store_revise(struct store *s, const struct revision *v, const struct revision_event *events,
                 size_t n)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    int r;

    redis_command_init(&cmd);
    move_revise_begin(&cmd, store_head(s, v->tenant), v);
    for (size_t i = 0; i < n; i++)
        move_revise_add_event(&cmd, &events[i]);
    r = store_call(s, &cmd, &script_revise, &reply);
    redis_command_fini(&cmd);
    r = r ? r : move_revise_parse(reply);
    if (r < 0 && reply)
        r = store_unexpected(s, reply);
    freeReplyObject(reply);
    return r;
}
