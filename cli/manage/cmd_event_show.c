/* cmd_event_show.c: `grapnel event show`: an accepted event with its data. */
#include "admin/event/store_event.h"
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/event_view.h"
#include "cli/table.h"
#include "common/base/id.h"
#include "common/base/text.h"
#include "common/json/json_scan.h"
#include "common/model/options.h"
#include <stdio.h>

struct args {
    const char *id, *tenant;
};

enum { OPT_TENANT = OPTION_FIRST };

static const struct argp_option options[] = {
    {"tenant", OPT_TENANT, "ID", 0, "Whose event it is: ID may be its producer's own then", 0},
    {0},
};

static int cmd_event_show_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    if (key == ARGP_KEY_ARG)
        return option_argument(&a->id, "event", value, diag);
    if (key != OPT_TENANT)
        return diag_set(diag, "unexpected option");
    a->tenant = value;
    return 0;
}

/* When Redis accepted it: what its stream id begins with. */
static int64_t accepted_ms(const struct event *e)
{
    const char *dash = memchr(e->stream_id.data, '-', e->stream_id.len);
    int64_t ms = 0;

    if (dash)
        (void)parse_i64((struct span){e->stream_id.data, (size_t)(dash - e->stream_id.data)}, &ms);
    return ms;
}

/* As it is, byte for byte; as a text when it is no JSON and will be rejected for that. */
static void put_data(struct buf *b, struct span data)
{
    json_key(b, "data");
    if (json_check(data, NULL) == 0)
        buf_add_span(b, data);
    else
        json_text(b, data);
}

static void put_trace(struct buf *b, struct span trace)
{
    if (trace.len)
        json_put_span(b, "traceId", trace);
    else
        json_put_null(b, "traceId");
}

static int cmd_event_show_print_json(const struct cli *cli, const char *id,
                                     const struct stored_event *stored)
{
    const struct event *e = &stored->event;
    struct buf json;
    int status;

    buf_init(&json, EVENT_JSON_MAX);
    json_begin(&json, '{');
    json_put_text(&json, "event", id);
    json_put_i64(&json, "deliveries", stored->deliveries);
    if (stored->is_readable) {
        json_put_text(&json, "id", e->id);
        json_put_span(&json, "tenant", e->fields.tenant);
        json_put_span(&json, "type", e->fields.type);
        json_put_time(&json, "occurredAt", e->occurred_ms);
        json_put_time(&json, "acceptedAt", accepted_ms(e));
        put_trace(&json, e->fields.trace);
        if (e->fields.traceparent.len)
            json_put_span(&json, "traceparent", e->fields.traceparent);
        if (e->fields.tracestate.len)
            json_put_span(&json, "tracestate", e->fields.tracestate);
        if (e->fields.endpoint.len)
            json_put_span(&json, "endpoint", e->fields.endpoint);
        put_data(&json, e->fields.data);
    } else {
        json_put_text(&json, "unreadable", stored->words.text);
        event_fields_json(&json, stored->raw, 0);
    }
    json_end(&json, '}');
    status = cli_print_json(cli, &json);
    buf_fini(&json);
    return status;
}

static void print_data(struct span data)
{
    struct buf text;

    buf_init(&text, data.len + 16);
    text_clean(&text, data, 0);
    (void)printf("\n%s\n", text.data ? text.data : "");
    buf_fini(&text);
}

static int cmd_event_show_print_words(const char *id, const struct stored_event *stored)
{
    const struct event *e = &stored->event;

    print_field("event", "%s", id);
    if (!stored->is_readable) {
        print_field("unreadable", "%s", stored->words.text);
        return EXIT_DONE;
    }
    if (strcmp(id, e->id) != 0)
        print_field("id", "%s", e->id);
    print_field_span("tenant", e->fields.tenant);
    print_field_span("type", e->fields.type);
    print_field_time("occurred", e->occurred_ms);
    print_field_time("accepted", accepted_ms(e));
    if (e->fields.trace.len)
        print_field_span("trace", e->fields.trace);
    if (e->fields.traceparent.len)
        print_field_span("traceparent", e->fields.traceparent);
    if (e->fields.tracestate.len)
        print_field_span("tracestate", e->fields.tracestate);
    if (e->fields.endpoint.len)
        print_field_span("endpoint", e->fields.endpoint);
    print_field("deliveries", "%lld", (long long)stored->deliveries);
    print_data(e->fields.data);
    return EXIT_DONE;
}

/* Of any tenant, and also what breaks the contract. */
static int find_anybodys(struct store *s, const char *id, struct stored_event *ret)
{
    char stream_id[48];
    unsigned partition;

    if (id_event_parse(span_of(id), &partition, stream_id) || partition >= s->keys.partitions)
        return STORE_MISSING;
    return store_event_get(s, partition, span_of(stream_id), ret);
}

static int cmd_event_show_show(struct store *s, const struct args *a)
{
    const struct cli *cli = cli_of(s);
    struct stored_event stored;
    int status, r;

    if (a->tenant)
        r = store_event_find(s, span_of(a->tenant), span_of(a->id), &stored);
    else
        r = find_anybodys(s, a->id, &stored);
    if (r == STORE_MISSING)
        return cli_fail(cli, EXIT_FAILED,
                        "there is no event %s: it was rejected, no endpoint wanted it, or the "
                        "retention of its deliveries has ended",
                        a->id);
    if (r)
        return cli_store_fail(s, r);
    status = cli->is_json ? cmd_event_show_print_json(cli, a->id, &stored)
                          : cmd_event_show_print_words(a->id, &stored);
    stored_event_fini(&stored);
    return status;
}

static int cmd_event_show_run(struct cli *cli)
{
    const struct args *a = cli->args;
    char stream_id[48];
    unsigned partition;
    struct store s;
    int status;

    if (!a->id)
        return cli_misuse(cli, "the event's id is missing");
    if (!a->tenant && id_event_parse(span_of(a->id), &partition, stream_id))
        return cli_fail(cli, EXIT_FAILED,
                        "%.64s is no id of Grapnel's (evt_2_1737556200000_0): an id of the "
                        "producer's own is looked up with --tenant",
                        a->id);
    status = cli_store_open(&s, cli);
    if (!status)
        status = cmd_event_show_show(&s, a);
    store_close(&s);
    return status;
}

const struct command command_event_show = {
    .name = "event show",
    .arguments = "ID",
    .about = "Show an accepted event with its data",
    .details = "ID is what publish answered, or what a delivery names as its event. A producer's "
               "own id is "
               "known from fan-out on; of several events with one the latest is shown.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_event_show_on_option,
    .run = cmd_event_show_run,
};
