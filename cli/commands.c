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
    &command_setting_list,
    &command_setting_set,
    &command_endpoint_add,
    &command_endpoint_set,
    &command_endpoint_revoke,
    &command_endpoint_list,
    &command_endpoint_show,
    &command_endpoint_match,
    &command_endpoint_enable,
    &command_endpoint_disable,
    &command_endpoint_remove,
    &command_delivery_list,
    &command_delivery_show,
    &command_delivery_retry,
    &command_delivery_follow,
    &command_event_rejected,
    &command_event_show,
    &command_key_new,
    &command_key_list,
    &command_key_rotate,
    &command_api_key_add,
    &command_api_key_list,
    &command_api_key_revoke,
    &command_help,
    &command_completion,
    &command_man,
    &command_version,
};

const struct command *command_at(size_t index)
{
    return index < ARRAY_LEN(commands) ? commands[index] : NULL;
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
