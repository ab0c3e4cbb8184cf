/* cmd_endpoint_match.c: `grapnel endpoint match`: would it get such an event, and why. */
#include "admin/tenant/endpoint_match.h"
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/endpoint_choice.h"
#include "common/base/text.h"
#include "common/json/json_scan.h"
#include "common/model/event_check.h"
#include "common/model/format/catalogue.h"
#include <errno.h>
#include <stdio.h>

enum { JSON_MAX = 256 << 10, PATTERNS_BYTES_MAX = 64 << 10, EXIT_NO = 1 };

struct args {
    struct endpoint_choice choice;
    const char *type, *data, *filter;
};

enum { OPT_TYPE = OPTION_FIRST, OPT_DATA, OPT_FILTER };

static const struct argp_option options[] = {
    {"type", OPT_TYPE, "TYPE", 0, "The event's type (required)", 0},
    {"data", OPT_DATA, "JSON", 0, "The event's data (default {})", 0},
    {"filter", OPT_FILTER, "JSON", 0, "Try this filter instead of the endpoint's; none: without",
     0},
    ENDPOINT_CHOICE_OPTION,
    {0},
};

static int cmd_endpoint_match_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;
    int r = endpoint_choice_option(&a->choice, key, value, diag);

    if (r != CHOICE_OTHER)
        return r;
    switch (key) {
    case OPT_TYPE:
        a->type = value;
        return text_is_name(span_of(value), EVENT_TYPE_MAX)
                   ? 0
                   : diag_set(diag,
                              "--type: expected 1 to %d of A-Z a-z 0-9 _ - . :", EVENT_TYPE_MAX);
    case OPT_DATA:
        a->data = value;
        return json_check(span_of(value), diag) ? diag_set(diag, "--data: expected JSON") : 0;
    case OPT_FILTER:
        a->filter = value;
        return 0;
    default:
        return diag_set(diag, "unexpected option");
    }
}

static int cmd_endpoint_match_print_json(struct cli *cli, const struct endpoint *e,
                                         const struct endpoint_match *answer, struct span type)
{
    struct buf json;
    int status;

    buf_init(&json, JSON_MAX);
    json_begin(&json, '{');
    json_put_text(&json, "endpoint", e->id);
    json_put_bool(&json, "matches", endpoint_match_is_whole(answer));
    json_put_bool(&json, "enabled", answer->is_enabled);
    json_put_text(&json, "disabledReason", e->disabled_reason);
    json_put_bool(&json, "typeMatches", answer->is_wanted);
    json_put_bool(&json, "filterMatches", answer->is_matched);
    json_put_text(&json, "filterWhy", e->filter ? answer->why.data : NULL);
    json_put_bool(&json, "signed", endpoint_signs(e, type));
    json_end(&json, '}');
    status = cli_print_json(cli, &json);
    buf_fini(&json);
    return status;
}

static void print_type(const struct endpoint *e, const struct endpoint_match *answer,
                       struct span type)
{
    struct buf patterns;

    buf_init(&patterns, PATTERNS_BYTES_MAX);
    for (unsigned i = 0; i < e->n_events; i++) {
        buf_add_text(&patterns, i ? "," : "");
        buf_add_text(&patterns, e->events[i]);
    }
    (void)printf("type:    %.*s: %s of %s\n", (int)type.len, type.data,
                 answer->is_wanted ? "is one" : "is none",
                 patterns.data ? patterns.data : "nothing");
    if (e->dialect->has_catalogue && !answer->is_wanted)
        (void)printf("         (category %.*s)\n", (int)catalogue_category_of(type)->name.len,
                     catalogue_category_of(type)->name.data);
    buf_fini(&patterns);
}

static void cmd_endpoint_match_print_words(const struct endpoint *e,
                                           const struct endpoint_match *answer, struct span type)
{
    (void)printf("state:   %s%s\n", answer->is_enabled ? "enabled" : "disabled: ",
                 answer->is_enabled ? "" : e->disabled_reason);
    print_type(e, answer, type);
    if (e->filter)
        (void)printf("filter:  %s\n%s", answer->is_matched ? "holds" : "does not hold",
                     answer->why.data ? answer->why.data : "");
    else
        (void)printf("filter:  none\n");
    (void)printf("%s\n", endpoint_match_is_whole(answer)
                             ? "The endpoint gets such an event."
                             : "The endpoint does not get such an event.");
}

static int cmd_endpoint_match_explain(struct store *s, const struct endpoint *e, struct span type,
                                      struct span data)
{
    struct endpoint_match answer;
    int r = endpoint_match(&answer, e, type, data), status;

    if (r) {
        status = cli_store_fail(s, r);
    } else if (cli_of(s)->is_json) {
        status = cmd_endpoint_match_print_json(cli_of(s), e, &answer, type);
    } else {
        cmd_endpoint_match_print_words(e, &answer, type);
        status = EXIT_DONE;
    }
    if (!status && !endpoint_match_is_whole(&answer))
        status = EXIT_NO;
    endpoint_match_fini(&answer);
    return status;
}

/* With another filter in its place, if one was named. */
static int cmd_endpoint_match_try_filter(struct store *s, const struct args *a, struct endpoint *e)
{
    if (!a->filter)
        return 0;
    return endpoint_set_filter(e, strcmp(a->filter, "none") == 0 ? SPAN("") : span_of(a->filter),
                               &s->words);
}

static int cmd_endpoint_match_match(struct store *s, const struct args *a)
{
    struct endpoint *e = NULL;
    int status = endpoint_choice_load(s, &a->choice, &e, NULL);

    if (status)
        return status;
    if (cmd_endpoint_match_try_filter(s, a, e))
        status = cli_store_fail(s, -EINVAL);
    else
        status = cmd_endpoint_match_explain(s, e, span_of(a->type),
                                            a->data ? span_of(a->data) : SPAN("{}"));
    (void)endpoint_free(e);
    return status;
}

static int cmd_endpoint_match_run(struct cli *cli)
{
    const struct args *a = cli->args;
    struct store s;
    int status = endpoint_choice_check(cli, &a->choice);

    if (status)
        return status;
    if (!a->type)
        return cli_misuse(cli, "--type is missing");
    status = cli_store_open(&s, cli);
    if (!status)
        status = cmd_endpoint_match_match(&s, a);
    store_close(&s);
    return status;
}

const struct command command_endpoint_match = {
    .name = "endpoint match",
    .arguments = "ID",
    .about = "Tell whether an endpoint would get an event, and why",
    .details =
        "Nothing is sent. The status is 0 when the endpoint gets such an event, and 1 when it "
        "does not. With --filter another filter is tried before it is set. The language of "
        "filters: docs/reference/filters.md.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_endpoint_match_on_option,
    .run = cmd_endpoint_match_run,
};
