/* SPDX-License-Identifier: Apache-2.0 */
/* configure.h: packs configure.lua, one change of a tenant's configuration.
 *
 * @old is the record that the caller has read and changed, or means to remove: nothing is done when it is another one by
 * now. Empty: of what is written that it is new, of what is removed whatever is there. */
#ifndef GRAPNEL_COMMON_MOVES_CONFIGURE_H
#define GRAPNEL_COMMON_MOVES_CONFIGURE_H

#include "common/moves/move.h"

enum configure_use { CONFIGURE_AS_IT_IS, CONFIGURE_ENABLE, CONFIGURE_DISABLE };

struct configure_tenant {
    struct span id, record, old;
    int64_t limit; /* below 0: the default */
};
void move_configure_tenant(struct redis_command *cmd, const char *head,
                           const struct configure_tenant *t);
void move_configure_tenant_remove(struct redis_command *cmd, const char *head, struct span tenant,
                                  struct span old);

struct configure_endpoint {
    const char *tenant, *id;
    struct span record, old;
    int64_t slots; /* 0: the default */
    int64_t most;  /* endpoints per tenant */
    enum configure_use use;
    const char *reason; /* of DISABLE; NULL is "" */
};
void move_configure_endpoint(struct redis_command *cmd, const char *head,
                             const struct configure_endpoint *e);
void move_configure_endpoint_remove(struct redis_command *cmd, const char *head, const char *tenant,
                                    const char *id, struct span old);
void move_configure_endpoint_enable(struct redis_command *cmd, const char *head, const char *tenant,
                                    const char *id);
void move_configure_endpoint_disable(struct redis_command *cmd, const char *head,
                                     const char *tenant, const char *id, const char *reason);

/* A tenant's record and the endpoint that its settings are about. */
struct configure_webhook {
    const char *tenant, *endpoint;
    struct span tenant_record, tenant_old, endpoint_record, endpoint_old;
    int64_t most;
    enum configure_use use;
    const char *reason;
};
void move_configure_webhook(struct redis_command *cmd, const char *head,
                            const struct configure_webhook *w);

/* 0, or one of move.h's refusals. */
int move_configure_parse(const redisReply *reply);

#endif
