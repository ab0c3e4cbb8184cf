/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/publish.h"

void move_publish_begin(struct redis_command *cmd, const char *head, const char *idempotency_key,
                        int64_t remember_ms, const char *tenant)
{
    move_begin(cmd, &script_publish, head);
    redis_arg_text(cmd, idempotency_key);
    redis_arg_i64(cmd, remember_ms);
    redis_arg_text(cmd, tenant);
}
