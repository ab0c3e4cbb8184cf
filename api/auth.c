#include "api/auth.h"
#include "api/api.h"
#include "common/event_check.h"
#include "common/text.h"
#include <stdio.h>
#include <strings.h>

/* What stands behind "Bearer "; empty when there is none. */
static struct span bearer_of(const struct call *c)
{
    const char *text = call_header(c, "authorization");

    if (!text || strncasecmp(text, "Bearer ", 7) != 0)
        return SPAN("");
    return span_of(text + 7);
}

static bool identify(struct call *c, struct span token)
{
    struct span root = span_of(c->api->service.settings.api_root_key);

    if (!root.len || !equal_secret(token, root))
        return false;
    c->who = (struct identity){.role = ROLE_OPERATOR};
    (void)snprintf(c->who.name, sizeof(c->who.name), "root");
    return true;
}

/* A tenant's key is about its tenant; an operator says which one it means. */
static bool choose_tenant(struct call *c)
{
    if (c->who.tenant[0]) {
        c->tenant = c->who.tenant;
        return true;
    }
    c->tenant = call_header(c, "grapnel-tenant");
    if (!c->tenant)
        c->tenant = call_query(c, "tenant");
    if (c->tenant && text_is_name(span_of(c->tenant), 64))
        return true;
    call_problem(c, 400, "tenant", "expected in the header Grapnel-Tenant, or as ?tenant=");
    return false;
}

bool auth_admit(struct call *c, struct store *s)
{
    const struct route *route = c->match.route;

    (void)s;
    if (route->role == ROLE_NONE)
        return true;
    if (!identify(c, bearer_of(c))) {
        call_problem(c, 401, NULL, "expected a valid key: Authorization: Bearer …");
        call_field(c, "WWW-Authenticate", "Bearer");
        return false;
    }
    if (!identity_may(&c->who, route->role)) {
        call_problem(c, 403, NULL, "this key may not do that");
        return false;
    }
    return !route->is_of_tenant || choose_tenant(c);
}
