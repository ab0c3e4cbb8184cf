/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_delivery_follow.c: `grapnel delivery follow`: what happens, as it happens. */
#include "admin/tenant/store_tenant.h"
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/delivery_view.h"
#include "cli/manage/delivery_watch.h"
#include "common/model/options.h"
#include <errno.h>
#include <stdio.h>

enum { LINE_BYTES_MAX = 64 << 10 };

struct args {
    const char *id, *tenant;
};

enum { OPT_TENANT = OPTION_FIRST };

static const struct argp_option options[] = {
    {"tenant", OPT_TENANT, "ID", 0, "Follow the new deliveries of this tenant, and their ends", 0},
    {0},
};

static int cmd_delivery_follow_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    if (key == OPT_TENANT)
        return option_tenant(&a->tenant, "--tenant", value, diag);
    if (key == ARGP_KEY_ARG)
        return option_argument(&a->id, "delivery", value, diag);
    return diag_set(diag, "unexpected option");
}

struct follower {
    struct cli *cli;
    bool only_ends; /* of a tenant: what is between beginning and end is not told */
    int status;     /* printing failed */
};

static int cmd_delivery_follow_print_json(struct follower *f, const char *id,
                                          const struct record_entry *e)
{
    struct buf json;

    buf_init(&json, LINE_BYTES_MAX);
    json_begin(&json, '{');
    json_put_text(&json, "delivery", id);
    delivery_entry_json(&json, e);
    json_end(&json, '}');
    f->status = cli_print_json(f->cli, &json);
    buf_fini(&json);
    return f->status ? -EIO : 0;
}

static int cmd_delivery_follow_print_words(struct follower *f, const char *id,
                                           const struct record_entry *e)
{
    struct buf line;

    buf_init(&line, LINE_BYTES_MAX);
    delivery_entry_words(&line, e);
    if (f->only_ends)
        (void)printf("%s  %s\n", id, line.data ? line.data : "");
    else
        (void)printf("%s\n", line.data ? line.data : "");
    buf_fini(&line);
    if (fflush(stdout) == 0)
        return 0;
    f->status = EXIT_FAILED;
    return -EIO;
}

static int cmd_delivery_follow_each(void *arg, const char *id, const struct record_entry *e)
{
    struct follower *f = arg;

    if (f->only_ends && e->kind != RECORD_CREATED && e->kind != RECORD_FINAL)
        return 0;
    return f->cli->is_json ? cmd_delivery_follow_print_json(f, id, e)
                           : cmd_delivery_follow_print_words(f, id, e);
}

static int follow_one(struct store *s, const char *id)
{
    struct follower f = {.cli = cli_of(s)};
    int r = delivery_watch_all(s, id, cmd_delivery_follow_each, &f);

    if (f.status)
        return f.status;
    if (r == STORE_MISSING)
        return delivery_missing(cli_of(s), id);
    return r ? cli_store_fail(s, r) : EXIT_DONE;
}

static int follow_tenant(struct store *s, const char *tenant)
{
    struct follower f = {.cli = cli_of(s), .only_ends = true};
    struct tenant *t = NULL;
    int r = store_tenant_get(s, span_of(tenant), &t, NULL);

    (void)tenant_unref(t);
    if (r == STORE_MISSING)
        return cli_fail(cli_of(s), EXIT_FAILED, "--tenant: there is no tenant %s", tenant);
    r = r ? r : delivery_watch_tenant(s, span_of(tenant), cmd_delivery_follow_each, &f);
    return f.status ? f.status : cli_store_fail(s, r);
}

static int cmd_delivery_follow_run(struct cli *cli)
{
    const struct args *a = cli->args;
    struct store s;
    int status;

    if (!a->id == !a->tenant)
        return cli_misuse(cli, "expected a delivery's id, or --tenant");
    status = cli_store_open(&s, cli);
    if (!status)
        status = a->id ? follow_one(&s, a->id) : follow_tenant(&s, a->tenant);
    store_close(&s);
    return status;
}

const struct command command_delivery_follow = {
    .name = "delivery follow",
    .arguments = "[ID]",
    .about = "Show what happens to a delivery, or to a tenant's new ones, as it happens",
    .details = "A delivery is followed to its end. A tenant's are followed until the command is "
               "interrupted. With --json each thing that happens is a line.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_delivery_follow_on_option,
    .run = cmd_delivery_follow_run,
};
