/* SPDX-License-Identifier: Apache-2.0 */
/* h_guide_test.c: tries out a webhook of the small guides: an event for it alone, and what came of it, in the form of
 * the list of its deliveries.
 *
 * The thread waits for the outcome. So that slow receivers do not take all of them, half of the threads may; who comes
 * then is told without a wait that it is pending, as are all when the API ends. */
#include "admin/delivery/endpoint_test.h"
#include "api/api.h"
#include "api/compat/guide_call.h"
#include "api/handlers.h"
#include "common/base/text.h"
#include "common/model/event_check.h"
#include <errno.h>

static bool is_type(const char *text)
{
    return text && text_is_name(span_of(text), EVENT_TYPE_MAX);
}

/* Out of the body, which may be left out. Lends *ret. -EINVAL: answered. */
static int read_type(struct call *c, const struct endpoint *e, const char **ret)
{
    const char *name = guide_of(c)->type_name, *other;
    json_t *body, *value;

    *ret = endpoint_test_type(e);
    if (!call_body(c).len)
        return 0;
    if (call_object(c, &body))
        return -EINVAL;
    json_object_foreach(body, other, value)
    {
        if (strcmp(other, name) != 0) {
            call_problem(c, 400, other, "unknown; expected %s", name);
            return -EINVAL;
        }
        if (!is_type(json_string_value(value))) {
            call_problem(c, 400, name, "expected an event's type: 1 to %d of A-Z a-z 0-9 _ - . :",
                         EVENT_TYPE_MAX);
            return -EINVAL;
        }
        *ret = json_string_value(value);
    }
    return 0;
}

static void refuse_disabled(struct call *c)
{
    call_problem(c, 409, NULL, "the webhook is disabled: nothing is sent to it");
}

static void h_guide_test_answer(struct call *c, struct store *s, int r,
                                const struct endpoint_test *t)
{
    if (r == TEST_NOTHING)
        refuse_disabled(c);
    else if (r)
        guide_failed(c, s, r);
    else
        call_json(c, t->has_outcome ? 200 : 202, guide_delivery_json(guide_of(c), &t->record));
}

static void test(struct call *c, struct store *s, const struct endpoint *e, const char *type)
{
    unsigned others = atomic_fetch_add(&c->api->n_testing, 1);
    bool may_wait = others < s->settings->api_threads / 2;
    struct endpoint_test t;
    int r = store_endpoint_test(s, e, type, may_wait ? s->settings->api_test_wait : 0,
                                &c->api->is_draining, &t);

    h_guide_test_answer(c, s, r, &t);
    endpoint_test_fini(&t);
    (void)atomic_fetch_sub(&c->api->n_testing, 1);
}

void h_guide_test(struct call *c, struct store *s)
{
    const char *type;
    struct endpoint *e;

    if (guide_webhook(c, s, &e, NULL))
        return;
    if (e->disabled_reason)
        refuse_disabled(c);
    else if (!read_type(c, e, &type))
        test(c, s, e, type);
    (void)endpoint_free(e);
}
