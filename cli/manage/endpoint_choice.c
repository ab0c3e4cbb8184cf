/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manage/endpoint_choice.h"
#include "cli/manage/cli_store.h"
#include "common/model/options.h"

int endpoint_choice_option(struct endpoint_choice *c, int key, const char *value, struct diag *diag)
{
    if (key == ENDPOINT_CHOICE_TENANT)
        return option_tenant(&c->tenant, "--tenant", value, diag);
    return key == ARGP_KEY_ARG ? option_argument(&c->id, "endpoint", value, diag) : CHOICE_OTHER;
}

int endpoint_choice_check(const struct cli *cli, const struct endpoint_choice *c)
{
    return c->id ? EXIT_DONE : cli_misuse(cli, "the endpoint's id is missing");
}

int endpoint_missing(const struct cli *cli, const char *id)
{
    unsigned partition;

    if (id_parse(span_of(id), "ep_", &partition))
        return cli_fail(cli, EXIT_FAILED, "%.60s is no endpoint's id: expected ep_ and a UUID", id);
    return cli_fail(cli, EXIT_FAILED, "there is no endpoint %s", id);
}

int endpoint_choice_load(struct store *s, const struct endpoint_choice *c, struct endpoint **ret,
                         struct buf *ret_record)
{
    struct endpoint *e = NULL;
    int r = store_endpoint_get(s, span_of(c->id), &e, ret_record);

    if (r == STORE_MISSING)
        return endpoint_missing(cli_of(s), c->id);
    if (r)
        return cli_store_fail(s, r);
    if (c->tenant && strcmp(c->tenant, e->tenant) != 0) {
        (void)endpoint_free(e);
        return cli_fail(cli_of(s), EXIT_FAILED, "--tenant: endpoint %s is none of tenant %s", c->id,
                        c->tenant);
    }
    *ret = e;
    return EXIT_DONE;
}
