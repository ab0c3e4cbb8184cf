/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

/* In the order in which help and man page list them. */
static const struct command *const commands[] = {
    &command_publish,
    &command_listen,
    &command_sign,
    &command_verify,
    &command_up,
    &command_tenant_add,
    &command_tenant_set,
    &command_tenant_list,
    &command_tenant_show,
    &command_tenant_remove,
    &command_endpoint_add,
    &command_endpoint_set,
    &command_endpoint_revoke,
    &command_endpoint_list,
    &command_endpoint_show,
    &command_endpoint_enable,
    &command_endpoint_disable,
    &command_endpoint_remove,
    &command_delivery_list,
    &command_delivery_show,
    &command_delivery_retry,
    &command_delivery_follow,
    &command_event_rejected,
    &command_master_key_new,
    &command_master_key_list,
    &command_master_key_rotate,
    &command_context_list,
    &command_context_add,
    &command_context_use,
    &command_context_show,
    &command_context_remove,
    &command_help,
    &command_completion,
    &command_man,
    &command_version,
};

/* Do commands with two ways call the API? Otherwise they work on Redis directly. */
static bool commands_call_api;

void commands_choose(int argc, char **argv)
{
    commands_call_api = context_is_named(argc, argv);
}

static bool commands_has_direct(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return true;
    return false;
}

/* The row of the table of that name; NULL when there is none. */
static const struct command *commands_resource(const char *name)
{
    const struct command *command;

    for (size_t i = 0; (command = resource_command_at(i)); i++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

/* Rows that no direct command stands for. */
static const struct command *commands_other_resource(size_t index)
{
    const struct command *command;

    for (size_t i = 0; (command = resource_command_at(i)); i++)
        if (!commands_has_direct(command->name) && index-- == 0)
            return command;
    return NULL;
}

const struct command *command_at(size_t index)
{
    const struct command *resource;

    if (index >= ARRAY_LEN(commands))
        return commands_other_resource(index - ARRAY_LEN(commands));
    resource = commands_call_api ? commands_resource(commands[index]->name) : NULL;
    return resource ? resource : commands[index];
}

/* How many of @argv's first words are @name; 0 when they are not. */
static int words_matched(const char *name, int argc, char **argv)
{
    int words = 0;
    size_t len;

    for (;;) {
        len = strcspn(name, " ");
        if (words == argc || strlen(argv[words]) != len || strncmp(argv[words], name, len) != 0)
            return 0;
        words++;
        if (!name[len])
            return words;
        name += len + 1;
    }
}

const struct command *command_find(int argc, char **argv, int *ret_words)
{
    const struct command *found = NULL, *command;
    int most = 0, words;

    for (size_t i = 0; (command = command_at(i)); i++) {
        words = words_matched(command->name, argc, argv);
        if (words > most) {
            most = words;
            found = command;
        }
    }
    if (found)
        *ret_words = most;
    return found;
}
