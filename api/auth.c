/* SPDX-License-Identifier: Apache-2.0 */
#include "api/auth.h"
#include "admin/access/store_api_key.h"
#include "admin/store/store_room.h"
#include "api/api.h"
#include "api/jwt.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/model/event_check.h"
#include <stdio.h>
#include <strings.h>

/* ---- who asks ---- */

/* What stands behind "Bearer "; empty when there is none. */
static struct span bearer_of(const struct call *c)
{
    const char *text = call_header(c, "authorization");

    if (!text || strncasecmp(text, "Bearer ", 7) != 0)
        return SPAN("");
    return span_of(text + 7);
}

/* One answer for all that is not valid, so that nobody learns which keys there are. */
static bool refuse_stranger(struct call *c)
{
    call_problem(c, 401, NULL, "expected a valid key: Authorization: Bearer …");
    call_field(c, "WWW-Authenticate", "Bearer");
    return false;
}

static bool refuse_hasty(struct call *c, int64_t limit, int64_t wait_ms)
{
    char seconds[32];

    call_problem(c, 429, NULL, "at most %lld requests per minute are answered", (long long)limit);
    (void)snprintf(seconds, sizeof(seconds), "%lld", (long long)(wait_ms + 999) / 1000);
    call_field(c, "Retry-After", seconds);
    return false;
}

static bool identify_root(struct call *c, struct span token)
{
    struct span root = span_of(c->api->service.settings.api_root_key);

    if (!root.len || !equal_secret(token, root))
        return false;
    c->who = (struct identity){.role = ROLE_OPERATOR};
    (void)snprintf(c->who.name, sizeof(c->who.name), "root");
    return true;
}

static bool identify_key(struct call *c, struct store *s, struct span token)
{
    int64_t limit = s->settings->api_key_limit;
    struct api_key_use use;
    int r = store_api_key_use(s, token, limit, &use);

    if (r == STORE_MISSING)
        return refuse_stranger(c);
    if (r) {
        call_store_failed(c, s, r);
        return false;
    }
    if (use.wait_ms > 0)
        return refuse_hasty(c, limit, use.wait_ms);
    c->who = (struct identity){.role = use.role};
    (void)snprintf(c->who.tenant, sizeof(c->who.tenant), "%s", use.tenant);
    (void)snprintf(c->who.name, sizeof(c->who.name), "key:%s", use.id);
    return true;
}

/* Why it is refused is for the operator: the caller is told the same for all. */
static bool identify_jwt(struct call *c, struct jwt_keys *keys, struct span token)
{
    const char *why =
        jwt_identify(token, keys, &c->api->service.settings, clock_wall_ms(), &c->who);

    if (!why)
        return true;
    log_debug("a token is refused", LOG_TEXT("reason", why), LOG_TEXT("peer", c->peer));
    return refuse_stranger(c);
}

/* All tokens of one subject share its room. */
static bool auth_has_room(struct call *c, struct store *s)
{
    int64_t limit = s->settings->api_key_limit, wait_ms = 0;
    int r = limit
                ? store_room_take(s, span_of(c->who.tenant), span_of(c->who.name), limit, &wait_ms)
                : 0;

    if (r)
        call_store_failed(c, s, r);
    else if (wait_ms > 0)
        return refuse_hasty(c, limit, wait_ms);
    return r == 0;
}

static bool identify(struct call *c, struct store *s)
{
    struct span token = bearer_of(c);
    struct jwt_keys *keys;
    bool is_known;

    if (identify_root(c, token))
        return true;
    keys = jwt_is_token(token) ? jwt_keyring_take(&c->api->jwt) : NULL;
    if (!keys)
        return identify_key(c, s, token);
    is_known = identify_jwt(c, keys, token);
    jwt_keyring_give(&c->api->jwt, keys);
    return is_known && auth_has_room(c, s);
}

/* ---- about whom ---- */

static const char *tenant_named(const struct call *c)
{
    const char *name = call_header(c, "grapnel-tenant");

    return name ? name : call_query(c, "tenant");
}

/* A tenant's key is about its tenant, whether the call names it or not; an operator says which one it means. */
static bool choose_tenant(struct call *c)
{
    const char *named = tenant_named(c);

    if (*c->who.tenant && named && strcmp(named, c->who.tenant) != 0) {
        call_missing(c, "tenant");
        return false;
    }
    c->tenant = *c->who.tenant ? c->who.tenant : named;
    if (c->tenant ? text_is_name(span_of(c->tenant), EVENT_TENANT_MAX)
                  : !c->match.route->is_of_tenant)
        return true;
    call_problem(c, 400, "tenant", "expected in the header Grapnel-Tenant, or as ?tenant=");
    return false;
}

bool auth_admit(struct call *c, struct store *s)
{
    const struct route *route = c->match.route;

    if (route->role == ROLE_NONE)
        return true;
    if (!identify(c, s))
        return false;
    if (identity_may(&c->who, route->role))
        return choose_tenant(c);
    call_problem(c, 403, NULL, "this key may not do that");
    return false;
}
