/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/api/resource.h"
#include "cli/commands.h"
#include <ctype.h>
#include <stdio.h>

#define ROW(...) ROW_IF(NULL, __VA_ARGS__)
#define ROW_IF(verdict_, name_, method_, route_, list_, columns_, running_, has_tenant_, about_,   \
               ...)                                                                                \
    {.verdict = verdict_,                                                                          \
     .name = name_,                                                                                \
     .method = method_,                                                                            \
     .route = route_,                                                                              \
     .list = list_,                                                                                \
     .columns = columns_,                                                                          \
     .running = running_,                                                                          \
     .has_tenant = has_tenant_,                                                                    \
     .about = about_,                                                                              \
     .arguments = (const struct resource_argument[]){__VA_ARGS__, {0}}},
static const struct resource resources[] = {
#include "cli/api/resources.def"
};
#undef ROW
#undef ROW_IF

enum { N_RESOURCES = ARRAY_LEN(resources), RESOURCE_NAMES_MAX = 96 };

/* Keys of the options that rows share, behind those of their arguments. */
enum {
    RESOURCE_OPTION_API = OPTION_FIRST + RESOURCE_ARGUMENTS_MAX,
    RESOURCE_OPTION_KEY,
    RESOURCE_OPTION_CONTEXT,
    RESOURCE_OPTION_TENANT,
    RESOURCE_OPTION_IF_MATCH,
    RESOURCE_OPTION_LIMIT,
    RESOURCE_OPTION_WATCH,
};
enum { RESOURCE_OPTIONS_MAX = RESOURCE_ARGUMENTS_MAX + 8 };

static const struct argp_option resource_shared[] = {
    {"api", RESOURCE_OPTION_API, "URL", 0, "The API to call (default: GRAPNEL_API_URL)", 1},
    {"key", RESOURCE_OPTION_KEY, "KEY", 0, "Its API key (default: GRAPNEL_API_KEY)", 1},
    {"context", RESOURCE_OPTION_CONTEXT, "NAME", 0,
     "URL and key by name; see `grapnel context list'", 1},
};
static const struct argp_option resource_tenant = {
    "tenant", RESOURCE_OPTION_TENANT, "ID", 0, "Whose; a tenant's own key may leave it out", 0};
static const struct argp_option resource_if_match = {
    "if-match", RESOURCE_OPTION_IF_MATCH, "ETAG", 0, "Only when it has not been changed since", 0};
static const struct argp_option resource_limit = {
    "limit", RESOURCE_OPTION_LIMIT, "N", 0, "At most so many (default: all)", 0};
static const struct argp_option resource_watch = {
    "watch", RESOURCE_OPTION_WATCH, NULL, 0, "Look again every second and print what has changed",
    0};

const struct resource *resource_at(size_t index)
{
    return index < N_RESOURCES ? &resources[index] : NULL;
}

/* ---- rows as commands ---- */

static struct command resource_commands[N_RESOURCES];
static struct argp_option resource_options[N_RESOURCES][RESOURCE_OPTIONS_MAX];
static char resource_names[N_RESOURCES][RESOURCE_NAMES_MAX];

/* Those in capitals stand behind the options. */
static bool resource_is_positional(const struct resource_argument *a)
{
    return isupper((unsigned char)a->name[0]);
}

static void resource_make_names(const struct resource *row, char *ret)
{
    size_t len = 0;

    for (const struct resource_argument *a = row->arguments; a->name; a++)
        if (resource_is_positional(a) && len < RESOURCE_NAMES_MAX)
            len += (size_t)snprintf(ret + len, RESOURCE_NAMES_MAX - len,
                                    a->is_required ? "%s%s" : "%s[%s]", len ? " " : "", a->name);
}

static void resource_make_options(const struct resource *row, struct argp_option *ret)
{
    const struct resource_argument *a = row->arguments;
    bool is_get = strcmp(row->method, "GET") == 0;

    for (int i = 0; a[i].name; i++)
        if (!resource_is_positional(&a[i]))
            *ret++ = (struct argp_option){a[i].name,
                                          OPTION_FIRST + i,
                                          a[i].kind == AS_TRUE ? NULL : a[i].value,
                                          a[i].kind == AS_BOOL ? OPTION_ARG_OPTIONAL : 0,
                                          a[i].help,
                                          0};
    if (row->has_tenant)
        *ret++ = resource_tenant;
    if (strcmp(row->method, "PATCH") == 0 || strcmp(row->method, "DELETE") == 0)
        *ret++ = resource_if_match;
    if (row->list)
        *ret++ = resource_limit;
    if (is_get && (row->list || row->running))
        *ret++ = resource_watch;
    memcpy(ret, resource_shared, sizeof(resource_shared));
}

static int resource_take_limit(struct resource_args *args, const char *text, struct diag *diag)
{
    char *end;

    errno = 0;
    args->limit = strtoll(text, &end, 10);
    if (errno || *end || args->limit < 1)
        return diag_set(diag, "--limit: expected a number from 1 on");
    return 0;
}

static int resource_take_positional(struct resource_args *args, char *value, struct diag *diag)
{
    const struct resource_argument *a = args->resource->arguments;

    for (size_t i = 0; a[i].name; i++) {
        if (!resource_is_positional(&a[i]) || args->values[i])
            continue;
        if (!*value && a[i].place == IN_PATH)
            return diag_set(diag, "%s: empty", a[i].name);
        args->values[i] = value;
        return 0;
    }
    return diag_set(diag, "unexpected argument: %.80s", value);
}

static int resource_on_option(void *data, int key, char *value, struct diag *diag)
{
    static char empty[] = "";
    struct resource_args *args = data;

    switch (key) {
    case ARGP_KEY_ARG:
        return resource_take_positional(args, value, diag);
    case RESOURCE_OPTION_API:
        args->context.api = value;
        return 0;
    case RESOURCE_OPTION_KEY:
        args->context.key = value;
        return 0;
    case RESOURCE_OPTION_CONTEXT:
        args->context.context = value;
        return 0;
    case RESOURCE_OPTION_TENANT:
        args->tenant = value;
        return 0;
    case RESOURCE_OPTION_IF_MATCH:
        args->if_match = value;
        return 0;
    case RESOURCE_OPTION_LIMIT:
        return resource_take_limit(args, value, diag);
    case RESOURCE_OPTION_WATCH:
        args->is_watching = true;
        return 0;
    default:
        args->values[key - OPTION_FIRST] = value ? value : empty;
        return 0;
    }
}

static void resource_args_init(void *data, const struct command *command)
{
    struct resource_args *args = data;

    args->resource = command->resource;
}

static void resource_make_command(size_t i)
{
    const struct resource *row = &resources[i];

    resource_make_names(row, resource_names[i]);
    resource_make_options(row, resource_options[i]);
    resource_commands[i] = (struct command){
        .name = row->name,
        .arguments = resource_names[i],
        .about = row->about,
        .details = row->list ? "With --json, each item is one line, as the API returns it."
                             : "With --json, the API's answer is printed unchanged.",
        .options = resource_options[i],
        .resource = row,
        .args_size = sizeof(struct resource_args),
        .args_init = resource_args_init,
        .option = resource_on_option,
        .run = resource_run,
    };
}

const struct command *resource_command_at(size_t index)
{
    if (index >= N_RESOURCES)
        return NULL;
    if (!resource_commands[index].name)
        resource_make_command(index);
    return &resource_commands[index];
}
