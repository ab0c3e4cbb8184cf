/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_publish.c: `grapnel publish`: one event from options, or many from a file. */
#include "admin/event/event_line.h"
#include "admin/event/store_publish.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/publish/publish_file.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

struct args {
    struct grapnel_event event;
    const char *data, *file, *resume;
    bool has_event; /* any option of the one event was given */
};

enum {
    OPT_TENANT = OPTION_FIRST,
    OPT_TYPE,
    OPT_DATA,
    OPT_ID,
    OPT_TIME,
    OPT_TRACE,
    OPT_TRACEPARENT,
    OPT_TRACESTATE,
    OPT_ENDPOINT,
    OPT_KEY,
    OPT_FILE,
    OPT_RESUME,
};

static const struct argp_option options[] = {
    {0, 0, 0, 0, "One event:", 1},
    {"tenant", OPT_TENANT, "ID", 0, "Whose event it is: 1 to 64 of A-Z a-z 0-9 _ - . :", 0},
    {"type", OPT_TYPE, "TYPE", 0, "What happened: 1 to 128 of the same, such as USER_CREATED", 0},
    {"data", OPT_DATA, "JSON|@FILE|-", 0,
     "Its data: JSON, @FILE for a file's content, - for standard input", 0},
    {"id", OPT_ID, "ID", 0, "Your own id for it: 1 to 64 of A-Z a-z 0-9 _ - (default: one is made)",
     0},
    {"time", OPT_TIME, "TIME", 0,
     "When it happened: milliseconds since 1970, or 2025-01-22T14:30:00Z (default: when it is "
     "accepted)",
     0},
    {"trace", OPT_TRACE, "TEXT", 0, "An id of yours to find it again: 1 to 128 printable ASCII", 0},
    {"traceparent", OPT_TRACEPARENT, "TEXT", 0,
     "W3C Trace Context, sent on with each attempt: 00-<32 hex digits>-<16>-<2>", 0},
    {"tracestate", OPT_TRACESTATE, "TEXT", 0, "The same: vendor=value,… (with --traceparent)", 0},
    {"endpoint", OPT_ENDPOINT, "ID", 0,
     "Deliver it to this endpoint of the tenant's only, whatever it asks for: to try it out", 0},
    {"idempotency-key", OPT_KEY, "KEY", 0,
     "Publish it only if this key was not used: 1 to 128 printable ASCII without spaces", 0},
    {0, 0, 0, 0, "Many events:", 2},
    {"file", OPT_FILE, "FILE", 0, "One JSON object a line (default: standard input)", 0},
    {"resume", OPT_RESUME, "FILE", 0,
     "Remember in FILE how far it came, and go on from there next time", 0},
    {0},
};

static int on_event_option(struct args *a, int key, char *value, struct diag *diag)
{
    a->has_event = true;
    switch (key) {
    case OPT_TENANT:
        a->event.tenant = value;
        return 0;
    case OPT_TYPE:
        a->event.type = value;
        return 0;
    case OPT_DATA:
        a->data = value;
        return 0;
    case OPT_ID:
        a->event.id = value;
        return 0;
    case OPT_TIME:
        if (event_time_parse(span_of(value), &a->event.occurred_ms))
            return diag_set(diag, "--time: expected milliseconds since 1970, or a time such as "
                                  "2025-01-22T14:30:00Z");
        return 0;
    case OPT_TRACE:
        a->event.trace_id = value;
        return 0;
    case OPT_TRACEPARENT:
        a->event.traceparent = value;
        return 0;
    case OPT_TRACESTATE:
        a->event.tracestate = value;
        return 0;
    case OPT_ENDPOINT:
        a->event.endpoint = value;
        return 0;
    case OPT_KEY:
        a->event.idempotency_key = value;
        return 0;
    default:
        return diag_set(diag, "unexpected argument: %s", value ? value : "");
    }
}

static int cmd_publish_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    if (key == OPT_FILE)
        a->file = value;
    else if (key == OPT_RESUME)
        a->resume = value;
    else
        return on_event_option(a, key, value, diag);
    return 0;
}

static int read_data(struct args *a, struct buf *ret, struct diag *diag)
{
    if (!a->data)
        return diag_set(diag, "--data is missing");
    if (strcmp(a->data, "-") == 0)
        return input_read(ret, NULL, diag);
    if (a->data[0] == '@')
        return input_read(ret, a->data + 1, diag);
    buf_add_text(ret, a->data);
    return buf_result(ret) ? diag_set(diag, "--data: larger than %zu bytes", ret->cap) : 0;
}

static int cmd_publish_tell(const struct cli *cli, const struct grapnel_receipt *receipt)
{
    struct buf json;
    int status;

    if (!cli->is_json) {
        (void)printf("%s%s\n", receipt->event_id, receipt->is_duplicate ? " (duplicate)" : "");
        return EXIT_DONE;
    }
    buf_init(&json, 1024);
    buf_add_text(&json, "{\"eventId\":");
    buf_add_json_string(&json, span_of(receipt->event_id));
    buf_add_text(&json, receipt->is_duplicate ? ",\"duplicate\":true}" : ",\"duplicate\":false}");
    status = cli_print_json(cli, &json);
    buf_fini(&json);
    return status;
}

static int publish_one(struct cli *cli, struct grapnel *g, struct args *a)
{
    struct grapnel_receipt receipt;
    struct diag diag = {""};
    struct buf data;
    int status;

    /* A byte more than allowed: the library says what is wrong with it. */
    buf_init(&data, (size_t)cli->settings.event_bytes_max + 1);
    if (read_data(a, &data, &diag)) {
        status = cli_fail(cli, EXIT_FAILED, "%s", diag.text);
    } else {
        a->event.data = buf_span(&data).data;
        a->event.data_len = buf_span(&data).len;
        status = cli_status_of(grapnel_publish(g, &a->event, &receipt));
        status =
            status ? cli_fail(cli, status, "%s", receipt.error) : cmd_publish_tell(cli, &receipt);
    }
    buf_fini(&data);
    return status;
}

static int cmd_publish_run(struct cli *cli)
{
    struct args *a = cli->args;
    const struct grapnel_options o = publish_options(&cli->settings);
    struct grapnel *g;
    enum grapnel_result r;
    int status;

    if (a->has_event && (a->file || a->resume))
        return cli_misuse(cli, "--file and --resume are for many events, the options of one event "
                               "cannot stand with them");
    if (!a->has_event && !a->file && isatty(STDIN_FILENO))
        return cli_misuse(cli, "the options of an event, or a file, are missing");
    r = grapnel_connect(&g, cli->settings.redis_url, &o);
    if (r)
        status = cli_fail(cli, cli_status_of(r), "%s", grapnel_error(g));
    else if (a->has_event)
        status = publish_one(cli, g, a);
    else
        status = publish_file(cli, g, a->file, a->resume);
    (void)grapnel_close(g);
    return status;
}

const struct command command_publish = {
    .name = "publish",
    .arguments = "",
    .about = "Publish one event, or many from a file",
    .details =
        "One event is made from the options --tenant, --type and --data. Without them, events are "
        "read from --file or standard input, one JSON object a line:\n\n"
        "    {\"tenant\":\"123\",\"type\":\"USER_CREATED\",\"data\":{\"name\":\"Ada\"}}\n\n"
        "Other members are id, time, trace, traceparent, tracestate, endpoint and "
        "idempotency_key. `data` is passed on byte for byte. "
        "Lines that are refused are told with their number and the reason on standard error, the "
        "others are published all the same.\n\n"
        "With --resume an interrupted run goes on where it was, and no line is published twice: "
        "each gets an idempotency key unless it brings its own (remembered for --idempotency). "
        "Give "
        "the same input again.\n\n"
        "With --json, one event prints {\"eventId\":...,\"duplicate\":...}; many print that with "
        "\"line\" for each line, or {\"line\":...,\"error\":...}, and a last line with the sums.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_publish_on_option,
    .run = cmd_publish_run,
};
