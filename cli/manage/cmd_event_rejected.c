/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_event_rejected.c: `grapnel event rejected`: what was not delivered because it broke the wire
 * contract, or named a tenant that is not there. */
#include "admin/event/store_rejected.h"
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/event_view.h"
#include "cli/table.h"
#include "common/model/options.h"
#include <errno.h>
#include <stdio.h>

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 100000 };

struct args {
    const char *tenant;
    int64_t limit; /* 0: the default */
};

enum { OPT_TENANT = OPTION_FIRST, OPT_LIMIT };

static const struct argp_option options[] = {
    {"tenant", OPT_TENANT, "ID", 0, "Only those that name this tenant", 0},
    {"limit", OPT_LIMIT, "N", 0, "At most so many (default 20)", 0},
    {0},
};

static int cmd_event_rejected_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    switch (key) {
    case OPT_TENANT: /* any text: that it is no tenant's may be why they were rejected */
        a->tenant = value;
        return 0;
    case OPT_LIMIT:
        return option_i64(&a->limit, "--limit", value, 1, LIMIT_MAX, diag);
    default:
        return diag_set(diag, "unexpected option");
    }
}

struct listing {
    struct cli *cli;
    const struct args *a;
    struct table table;
    int64_t told;
    bool has_more;
    int status;
};

static int cmd_event_rejected_print_json(struct listing *l, const struct rejected *r)
{
    struct buf json;

    buf_init(&json, EVENT_JSON_MAX);
    json_begin(&json, '{');
    json_put_time(&json, "rejectedAt", r->ms);
    json_put_span(&json, "reason", r->reason);
    json_put_i64(&json, "partition", r->partition);
    json_put_span(&json, "entry", r->stream_id);
    event_fields_json(&json, r->fields, 2);
    json_end(&json, '}');
    l->status = cli_print_json(l->cli, &json);
    buf_fini(&json);
    return l->status ? -EIO : 0;
}

static int cmd_event_rejected_each(void *arg, const struct rejected *r)
{
    struct listing *l = arg;

    if (l->a->tenant && !span_equal(r->tenant, span_of(l->a->tenant)))
        return 0;
    if (l->told == l->a->limit) {
        l->has_more = true;
        return REJECTED_ENOUGH;
    }
    l->told++;
    if (l->cli->is_json)
        return cmd_event_rejected_print_json(l, r);
    table_add_time(&l->table, r->ms);
    table_add(&l->table, r->tenant);
    table_add(&l->table, r->type);
    table_add(&l->table, r->reason);
    return 0;
}

static int cmd_event_rejected_list(struct store *s, const struct args *a)
{
    static const char *const titles[] = {"REJECTED", "TENANT", "TYPE", "REASON"};
    struct listing l = {.cli = cli_of(s), .a = a};
    int r;

    table_init(&l.table, titles, ARRAY_LEN(titles));
    r = store_rejected(s, cmd_event_rejected_each, &l);
    if (!cli_of(s)->is_json && l.told)
        table_end(&l.table);
    buf_fini(&l.table.cells);
    if (l.status || r)
        return l.status ? l.status : cli_store_fail(s, r);
    if (!cli_of(s)->is_json && !l.told)
        (void)printf("nothing was rejected\n");
    if (!cli_of(s)->is_json && l.has_more)
        (void)printf("there are more: --limit\n");
    return EXIT_DONE;
}

static int cmd_event_rejected_run(struct cli *cli)
{
    struct args *a = cli->args;
    struct store s;
    int status = cli_store_open(&s, cli);

    if (!a->limit)
        a->limit = LIMIT_DEFAULT;
    if (!status)
        status = cmd_event_rejected_list(&s, a);
    store_close(&s);
    return status;
}

const struct command command_event_rejected = {
    .name = "event rejected",
    .arguments = "",
    .about = "List what was rejected, with the reason, the newest first",
    .details = "An event is rejected when it breaks the wire contract or when there is no such "
               "tenant. With --json each is a line, with its fields as they came.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_event_rejected_on_option,
    .run = cmd_event_rejected_run,
};
