/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_delivery_retry.c: `grapnel delivery retry`: an ended delivery is tried once more. */
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/delivery_view.h"
#include "cli/manage/delivery_watch.h"
#include "common/model/options.h"
#include <errno.h>
#include <stdio.h>

enum { JSON_MAX = 64 << 10, FINAL_MAX = 32, REASON_MAX = 256 };

struct args {
    const char *id;
    bool waits;
};

enum { OPT_WAIT = OPTION_FIRST };

static const struct argp_option options[] = {
    {"wait", OPT_WAIT, NULL, 0, "Wait for its end; the exit status tells whether it succeeded", 0},
    {0},
};

static int cmd_delivery_retry_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    if (key == ARGP_KEY_ARG)
        return option_argument(&a->id, "delivery", value, diag);
    if (key != OPT_WAIT)
        return diag_set(diag, "unexpected option");
    a->waits = true;
    return 0;
}

static int cmd_delivery_retry_refuse(const struct cli *cli, const char *id, int r)
{
    switch (r) {
    case RETRY_PENDING:
        return cli_fail(cli, EXIT_FAILED, "delivery %s has not ended yet", id);
    case RETRY_NO_ENDPOINT:
        return cli_fail(cli, EXIT_FAILED, "the endpoint of delivery %s was removed", id);
    case RETRY_DISABLED:
        return cli_fail(cli, EXIT_FAILED,
                        "the endpoint of delivery %s is disabled; use it again with `grapnel "
                        "endpoint enable' first",
                        id);
    default:
        return delivery_missing(cli, id);
    }
}

static int print_due(const struct cli *cli, const char *id, int64_t due_ms)
{
    struct buf text;
    int status = EXIT_DONE;

    buf_init(&text, JSON_MAX);
    if (cli->is_json) {
        json_begin(&text, '{');
        json_put_text(&text, "id", id);
        json_put_text(&text, "deliveryStatus", "pending");
        json_put_bool(&text, "finalAttempt", false);
        json_put_time(&text, "nextAttemptAt", due_ms);
        json_end(&text, '}');
        status = cli_print_json(cli, &text);
    } else {
        buf_add_iso_time(&text, due_ms);
        (void)printf("delivery %s is tried again at %s\n", id, text.data ? text.data : "");
    }
    buf_fini(&text);
    return status;
}

/* The last entry that ended it. */
struct ended {
    char status[FINAL_MAX], reason[REASON_MAX];
};

static int note_end(void *arg, const char *id, const struct record_entry *e)
{
    struct ended *ended = arg;

    (void)id;
    if (e->kind != RECORD_FINAL)
        return 0;
    (void)snprintf(ended->status, FINAL_MAX, "%.*s", (int)e->final.len, e->final.data);
    (void)snprintf(ended->reason, REASON_MAX, "%.*s", (int)e->reason.len, e->reason.data);
    return 0;
}

static int print_end(const struct cli *cli, const char *id, const struct ended *ended)
{
    struct buf json;
    int status = EXIT_DONE;

    if (cli->is_json) {
        buf_init(&json, JSON_MAX);
        json_begin(&json, '{');
        json_put_text(&json, "id", id);
        json_put_text(&json, "deliveryStatus", ended->status);
        json_put_text(&json, "reason", *ended->reason ? ended->reason : NULL);
        json_put_bool(&json, "finalAttempt", true);
        json_end(&json, '}');
        status = cli_print_json(cli, &json);
        buf_fini(&json);
    } else {
        (void)printf("delivery %s: %s%s%s\n", id, ended->status, *ended->reason ? ": " : "",
                     ended->reason);
    }
    return status;
}

static int await_end(struct store *s, const char *id)
{
    struct ended ended = {.status = ""};
    int r = delivery_watch_all(s, id, note_end, &ended), status;

    if (r)
        return r == STORE_MISSING ? delivery_missing(cli_of(s), id) : cli_store_fail(s, r);
    status = print_end(cli_of(s), id, &ended);
    return strcmp(ended.status, "success") == 0 ? status : EXIT_FAILED;
}

static int retry(struct store *s, const struct args *a)
{
    int64_t due_ms = 0;
    int r = store_delivery_retry(s, span_of(a->id), DELIVERY_RETRY_DELAY_MS, &due_ms);

    if (r)
        return r < 0 ? cli_store_fail(s, r) : cmd_delivery_retry_refuse(cli_of(s), a->id, r);
    return a->waits ? await_end(s, a->id) : print_due(cli_of(s), a->id, due_ms);
}

static int cmd_delivery_retry_run(struct cli *cli)
{
    const struct args *a = cli->args;
    struct store s;
    int status;

    if (!a->id)
        return cli_misuse(cli, "the delivery's id is missing");
    status = cli_store_open(&s, cli);
    if (!status)
        status = retry(&s, a);
    store_close(&s);
    return status;
}

const struct command command_delivery_retry = {
    .name = "delivery retry",
    .arguments = "ID",
    .about = "Try a delivery again that has ended, whatever its end was",
    .details = "It gets one new attempt after 5 seconds, and one retry should that fail.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_delivery_retry_on_option,
    .run = cmd_delivery_retry_run,
};
