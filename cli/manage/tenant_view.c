/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manage/tenant_view.h"
#include "cli/json_write.h"
#include <stdio.h>

int64_t tenant_limit(const struct cli *cli, const struct tenant *t)
{
    return t->limit >= 0 ? t->limit : cli->settings.tenant_limit;
}

void tenant_limit_words(const struct cli *cli, const struct tenant *t, char ret[32])
{
    int64_t limit = tenant_limit(cli, t);
    const char *by_default = t->limit < 0 ? " (default)" : "";

    if (limit)
        (void)snprintf(ret, 32, "%lld%s", (long long)limit, by_default);
    else
        (void)snprintf(ret, 32, "none%s", by_default);
}

void tenant_json(struct buf *b, const struct cli *cli, const struct tenant *t)
{
    json_put_text(b, "id", t->id);
    json_put_text(b, "name", t->name);
    json_put_text(b, "domain", t->domain);
    json_put_i64(b, "limit", tenant_limit(cli, t));
    json_put_bool(b, "limitIsDefault", t->limit < 0);
    json_put_bool(b, "allowHttp", t->may_be_plain);
    json_put_time(b, "createdAt", t->created_ms);
}
