/* SPDX-License-Identifier: Apache-2.0 */
#include "common/redis/redis_greeting.h"

static void add_auth(struct redis_command *cmd, const struct redis_address *a)
{
    redis_arg_text(cmd, "AUTH");
    if (a->user)
        redis_arg_text(cmd, a->user);
    redis_arg_text(cmd, a->password);
}

static void add_client(struct redis_command *cmd, const char *what, const char *value)
{
    redis_arg_text(cmd, "CLIENT");
    redis_arg_text(cmd, what);
    if (value)
        redis_arg_text(cmd, value);
}

bool redis_greeting_command(struct redis_command *cmd, enum redis_greeting g,
                            const struct redis_address *a, const char *name)
{
    bool has_name = name && *name;

    redis_command_begin(cmd);
    switch (g) {
    case GREETING_AUTH:
        if (a->password)
            add_auth(cmd, a);
        return a->password != NULL;
    case GREETING_SELECT:
        /* Also for database 0: the answer shows that there is a Redis, and that it lets us in. */
        redis_arg_text(cmd, "SELECT");
        redis_arg_i64(cmd, a->db);
        return true;
    case GREETING_NAME:
        if (has_name)
            add_client(cmd, "SETNAME", name);
        return has_name;
    case GREETING_ID:
        if (has_name)
            add_client(cmd, "ID", NULL);
        return has_name;
    case GREETINGS:
        break;
    }
    unreachable();
}

/* Not without the right login or database. A user without the right to SELECT or CLIENT can still
 * work on database 0, nameless. */
bool redis_greeting_is_bearable(enum redis_greeting g, const struct redis_address *a,
                                const redisReply *reply)
{
    if (g == GREETING_SELECT)
        return a->db == 0 && redis_reply_is_error(reply, "NOPERM");
    return g == GREETING_NAME || g == GREETING_ID;
}
