/* SPDX-License-Identifier: Apache-2.0 */
/* h_health.c: is it of use? (/healthz and /metrics are answered by the loop: api.c.) */
#include "admin/store/store.h"
#include "api/call.h"
#include "api/handlers.h"

/* It is here only with a store that is open: Redis answers, and the installation is ours. */
void h_readyz(struct call *c, struct store *s)
{
    int64_t now_ms;
    int r = store_now_ms(s, &now_ms);

    if (r)
        call_store_failed(c, s, r);
    else
        call_json(c, 200, json_pack("{s:s}", "status", "ready"));
}
