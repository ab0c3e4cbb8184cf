/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h: the commands' rows, each defined in its own file. */
#ifndef GRAPNEL_CLI_COMMANDS_H
#define GRAPNEL_CLI_COMMANDS_H

#include "cli/cli.h"

extern const struct command command_publish;
extern const struct command command_sign;
extern const struct command command_verify;
extern const struct command command_listen;
extern const struct command command_up;
extern const struct command command_tenant_add;
extern const struct command command_tenant_set;
extern const struct command command_tenant_list;
extern const struct command command_tenant_show;
extern const struct command command_tenant_remove;
extern const struct command command_endpoint_add;
extern const struct command command_endpoint_set;
extern const struct command command_endpoint_revoke;
extern const struct command command_endpoint_list;
extern const struct command command_endpoint_show;
extern const struct command command_endpoint_enable;
extern const struct command command_endpoint_disable;
extern const struct command command_endpoint_remove;
extern const struct command command_master_key_new;
extern const struct command command_master_key_list;
extern const struct command command_master_key_rotate;
extern const struct command command_delivery_list;
extern const struct command command_delivery_show;
extern const struct command command_delivery_retry;
extern const struct command command_delivery_follow;
extern const struct command command_event_rejected;
extern const struct command command_context_list;
extern const struct command command_context_add;
extern const struct command command_context_use;
extern const struct command command_context_show;
extern const struct command command_context_remove;
extern const struct command command_help;
extern const struct command command_completion;
extern const struct command command_man;
extern const struct command command_version;

/* The rows of cli/api/resources.def as commands; NULL behind the last. */
const struct command *resource_command_at(size_t index);

/* Is an API named, by @argv, by the environment or by a current context? (cli/api/context.c) */
bool context_is_named(int argc, char **argv);

/* Management commands call the API when @argv, the environment or a context names one. */
void commands_choose(int argc, char **argv);

#endif
