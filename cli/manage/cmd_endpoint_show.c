/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_endpoint_show.c: `grapnel endpoint show`: an endpoint and what it is doing. */
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/endpoint_choice.h"
#include "cli/manage/endpoint_view.h"
#include "cli/table.h"

enum { EVENTS_BYTES_MAX = 64 << 10 };

static const struct argp_option options[] = {ENDPOINT_CHOICE_OPTION, {0}};

static int cmd_endpoint_show_on_option(void *data, int key, char *value, struct diag *diag)
{
    int r = endpoint_choice_option(data, key, value, diag);

    return r == CHOICE_OTHER ? diag_set(diag, "unexpected option") : r;
}

static void put_slowed(struct buf *json, const struct endpoint_load *load)
{
    if (!load->is_slow) {
        json_put_null(json, "slowed");
        return;
    }
    json_key(json, "slowed");
    json_begin(json, '{');
    json_put_bool(json, "resting", load->rests);
    json_put_i64(json, "slots", load->slow_slots);
    json_put_time(json, "until", load->slow_until_ms);
    json_end(json, '}');
}

static int cmd_endpoint_show_print_json(const struct cli *cli, const struct endpoint *e,
                                        const struct endpoint_load *load)
{
    struct buf json;
    int status;

    buf_init(&json, ENDPOINT_JSON_MAX);
    json_begin(&json, '{');
    endpoint_json(&json, cli, e);
    json_put_i64(&json, "consecutiveFailures", load->failures);
    json_put_i64(&json, "inFlight", load->in_flight);
    json_put_i64(&json, "waiting", load->waiting);
    put_slowed(&json, load);
    json_end(&json, '}');
    status = cli_print_json(cli, &json);
    buf_fini(&json);
    return status;
}

static const char *origin(bool is_default)
{
    return is_default ? " (default)" : "";
}

static void print_own(const struct endpoint *e)
{
    for (unsigned i = 0; i < N_POLICY_PARTS; i++)
        if (e->policy.texts[i] && i != POLICY_retries && i != POLICY_timeout)
            print_field(policy_part_name((enum policy_part)i), "%s", e->policy.texts[i]);
}

static void print_secrets(const struct endpoint_secrets *s)
{
    struct buf line;

    for (unsigned i = 0; i < s->n; i++) {
        const struct endpoint_secret *one = &s->all[i];

        buf_init(&line, 256);
        buf_add_text(&line, one->id);
        if (*one->public_text)
            buf_printf(&line, ", public key %s", one->public_text);
        if (one->until_ms) {
            buf_add_text(&line, ", signs until ");
            buf_add_iso_time(&line, one->until_ms);
        }
        print_field_span(i ? "" : "secrets", buf_span(&line));
        buf_fini(&line);
    }
}

static void print_settings(const struct cli *cli, const struct endpoint *e)
{
    struct buf events;

    buf_init(&events, EVENTS_BYTES_MAX);
    endpoint_events(&events, e);
    print_field("endpoint", "%s", e->id);
    print_field("tenant", "%s", e->tenant);
    print_field("url", "%s", e->url);
    if (*e->description)
        print_field("description", "%s", e->description);
    print_field("dialect", "%s", e->dialect->name);
    print_field_span("events", buf_span(&events));
    print_field("slots", "%u%s", endpoint_slots(cli, e), origin(!e->slots));
    print_field("retries", "%u%s", e->policy.row.schedule.retries,
                origin(!e->policy.texts[POLICY_schedule] && !e->policy.texts[POLICY_retries]));
    print_field("timeout", "%lld ms%s", (long long)e->policy.row.timeout_ms,
                origin(!e->policy.texts[POLICY_timeout]));
    print_own(e);
    if (*e->filter_text)
        print_field("filter", "%s", e->filter_text);
    print_secrets(&e->secrets);
    if (*e->ca)
        print_field("tls", "has CA certificates of its own");
    if (*e->client_cert)
        print_field("tls", "shows a client certificate");
    print_field_time("created", e->created_ms);
    buf_fini(&events);
}

static int cmd_endpoint_show_print_words(const struct cli *cli, const struct endpoint *e,
                                         const struct endpoint_load *load)
{
    print_settings(cli, e);
    print_field("state", "%s%s", e->disabled_reason ? "disabled: " : "enabled",
                e->disabled_reason ? e->disabled_reason : "");
    print_field_time("disabled", e->disabled_ms);
    print_field("failed in row", "%lld", (long long)load->failures);
    print_field("in flight", "%lld", (long long)load->in_flight);
    print_field("waiting", "%lld", (long long)load->waiting);
    if (load->is_slow && load->rests)
        print_field("slowed", "gets nothing for now, then %lld at a time",
                    (long long)load->slow_slots);
    else if (load->is_slow)
        print_field("slowed", "%lld at a time for now", (long long)load->slow_slots);
    print_field_time("slowed until", load->is_slow ? load->slow_until_ms : 0);
    return EXIT_DONE;
}

static int cmd_endpoint_show_show(struct store *s, const struct endpoint *e)
{
    struct endpoint_load load;
    int r = store_endpoint_load(s, e, &load);

    if (r)
        return cli_store_fail(s, r);
    return cli_of(s)->is_json ? cmd_endpoint_show_print_json(cli_of(s), e, &load)
                              : cmd_endpoint_show_print_words(cli_of(s), e, &load);
}

static int cmd_endpoint_show_run(struct cli *cli)
{
    const struct endpoint_choice *choice = cli->args;
    struct endpoint *e = NULL;
    struct store s;
    int status = endpoint_choice_check(cli, choice);

    if (status)
        return status;
    status = cli_store_open(&s, cli);
    if (!status)
        status = endpoint_choice_load(&s, choice, &e, NULL);
    if (!status)
        status = cmd_endpoint_show_show(&s, e);
    (void)endpoint_free(e);
    store_close(&s);
    return status;
}

const struct command command_endpoint_show = {
    .name = "endpoint show",
    .arguments = "ID",
    .about = "Show an endpoint: its settings, its state, what it is doing",
    .details =
        "`in flight' counts what workers send or are about to send, `waiting' what is due "
        "but has no permit yet; `slowed' tells of an endpoint that asked for fewer requests at "
        "a time. Secrets are never shown, only what they are called.",
    .options = options,
    .args_size = sizeof(struct endpoint_choice),
    .option = cmd_endpoint_show_on_option,
    .run = cmd_endpoint_show_run,
};
