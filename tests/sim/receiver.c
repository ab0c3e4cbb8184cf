/* SPDX-License-Identifier: Apache-2.0 */
#include "receiver.h"
#include <assert.h>
#include <stdio.h>
#include <strings.h>

struct receiver receiver;

int64_t receiver_connect_us(void)
{
    return sim_chance(20) ? (int64_t)sim_below(3000000) : (int64_t)sim_below(20000);
}

static void draw(struct receiver_answer *ret)
{
    static const int statuses[] = {500, 503, 404, 429};

    *ret = (struct receiver_answer){.status = 200, .after_us = (int64_t)sim_below(100000)};
    if (sim_chance(30))
        ret->after_us = (int64_t)sim_below(40000000);
    if (sim.is_calm || !receiver.fails_one_in || !sim_chance(receiver.fails_one_in))
        return;
    if (sim_chance(3))
        ret->error = OUTCOME_NETWORK_ERROR;
    ret->status = statuses[sim_below(ARRAY_LEN(statuses))];
    if (ret->status == 429)
        (void)snprintf(ret->retry_after, sizeof(ret->retry_after), "%u", (unsigned)sim_below(20));
}

static struct span header(const struct span *headers, unsigned n, const char *name)
{
    size_t len = strlen(name);

    for (unsigned i = 0; i < n; i++)
        if (headers[i].len > len + 2 && strncasecmp(headers[i].data, name, len) == 0)
            return (struct span){headers[i].data + len + 2, headers[i].len - len - 2};
    return SPAN("");
}

void receiver_take(struct receiver_answer *ret, const struct span *headers, unsigned n_headers,
                   const struct process *by)
{
    struct span id = header(headers, n_headers, "webhook-id");
    struct seen *s = &receiver.seen[receiver.n_seen++];

    assert(receiver.n_seen < SEEN_MAX && id.len > 0 && id.len < sizeof(s->delivery));
    draw(ret);
    *s = (struct seen){.at_us = sim.now_us, .by = by, .status = ret->error ? 0 : ret->status};
    memcpy(s->delivery, id.data, id.len);
    sim_trace("%s sends %s: %d", by->name, s->delivery, s->status);
}
