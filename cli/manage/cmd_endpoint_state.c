/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_endpoint_state.c: `grapnel endpoint enable`, `disable` and `remove`. */
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/endpoint_choice.h"
#include "cli/manage/endpoint_view.h"
#include "common/model/options.h"
#include <stdio.h>

enum { REASON_MAX = 200 };

struct args {
    struct endpoint_choice choice;
    const char *reason;
};

enum { OPT_REASON = OPTION_FIRST };

static const struct argp_option options[] = {ENDPOINT_CHOICE_OPTION, {0}};

static const struct argp_option disable_options[] = {
    {"reason", OPT_REASON, "TEXT", 0,
     "Told with the endpoint and with each delivery that is cancelled (default: disabled by hand)",
     0},
    ENDPOINT_CHOICE_OPTION,
    {0},
};

static int cmd_endpoint_state_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;
    int r = endpoint_choice_option(&a->choice, key, value, diag);

    if (r != CHOICE_OTHER)
        return r;
    if (key == OPT_REASON && *value)
        return option_words(&a->reason, "--reason", value, REASON_MAX, diag);
    return diag_set(diag, key == OPT_REASON ? "--reason: empty" : "unexpected option");
}

static int cmd_endpoint_state_fail(struct store *s, const struct args *a, int r)
{
    return r == STORE_MISSING ? endpoint_missing(cli_of(s), a->choice.id) : cli_store_fail(s, r);
}

/* The endpoint as it is now. */
static int print_again(struct store *s, const struct args *a, const char *what)
{
    struct endpoint *e = NULL;
    int status = endpoint_choice_load(s, &a->choice, &e, NULL);

    if (!status)
        status = endpoint_print(cli_of(s), e, what, "", 0);
    (void)endpoint_free(e);
    return status;
}

static int enable(struct store *s, const struct args *a, const struct endpoint *e)
{
    int r = store_endpoint_enable(s, e);

    return r ? cmd_endpoint_state_fail(s, a, r) : print_again(s, a, "enabled");
}

static int disable(struct store *s, const struct args *a, const struct endpoint *e)
{
    int r = store_endpoint_disable(s, e, a->reason ? a->reason : "disabled by hand");

    return r ? cmd_endpoint_state_fail(s, a, r) : print_again(s, a, "disabled");
}

static int cmd_endpoint_state_print_removed(const struct cli *cli, const struct endpoint *e)
{
    struct buf json;
    int status = EXIT_DONE;

    if (cli->is_json) {
        buf_init(&json, 1024);
        json_begin(&json, '{');
        json_put_text(&json, "id", e->id);
        json_put_text(&json, "tenant", e->tenant);
        json_put_bool(&json, "removed", true);
        json_end(&json, '}');
        status = cli_print_json(cli, &json);
        buf_fini(&json);
    } else {
        (void)printf("endpoint %s removed\n", e->id);
    }
    return status;
}

static int cmd_endpoint_state_remove_it(struct store *s, const struct args *a,
                                        const struct endpoint *e)
{
    int r = store_endpoint_remove(s, e);

    return r ? cmd_endpoint_state_fail(s, a, r) : cmd_endpoint_state_print_removed(cli_of(s), e);
}

static int cmd_endpoint_state_run_with(struct cli *cli,
                                       int (*act)(struct store *s, const struct args *a,
                                                  const struct endpoint *e))
{
    const struct args *a = cli->args;
    struct endpoint *e = NULL;
    struct store s;
    int status = endpoint_choice_check(cli, &a->choice);

    if (status)
        return status;
    status = cli_store_open(&s, cli);
    if (!status)
        status = endpoint_choice_load(&s, &a->choice, &e, NULL);
    if (!status)
        status = act(&s, a, e);
    (void)endpoint_free(e);
    store_close(&s);
    return status;
}

static int run_enable(struct cli *cli)
{
    return cmd_endpoint_state_run_with(cli, enable);
}

static int run_disable(struct cli *cli)
{
    return cmd_endpoint_state_run_with(cli, disable);
}

static int cmd_endpoint_state_run_remove(struct cli *cli)
{
    return cmd_endpoint_state_run_with(cli, cmd_endpoint_state_remove_it);
}

const struct command command_endpoint_enable = {
    .name = "endpoint enable",
    .arguments = "ID",
    .about = "Use an endpoint again that was disabled",
    .details = "Its count of failed deliveries begins anew. What was cancelled meanwhile can be "
               "tried again with `grapnel delivery retry'.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_endpoint_state_on_option,
    .run = run_enable,
};

const struct command command_endpoint_disable = {
    .name = "endpoint disable",
    .arguments = "ID",
    .about = "Send nothing to an endpoint for the time being",
    .details = "Its pending deliveries are cancelled; events that happen while it is disabled make "
               "no deliveries for it.",
    .options = disable_options,
    .args_size = sizeof(struct args),
    .option = cmd_endpoint_state_on_option,
    .run = run_disable,
};

const struct command command_endpoint_remove = {
    .name = "endpoint remove",
    .arguments = "ID",
    .about = "Remove an endpoint; its pending deliveries are cancelled",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_endpoint_state_on_option,
    .run = cmd_endpoint_state_run_remove,
};
