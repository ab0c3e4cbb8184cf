/* routes.c: the table of calls. Handlers are in h_<resource>.c. */
#include "api/handlers.h"
#include "api/route.h"

enum { SMALL = 64 << 10 };

static const struct route routes[] = {
    {"GET", "/readyz", ROLE_NONE, false, 0, h_readyz},
    /* the platform guide */
    {"GET", "/tenant/settings", ROLE_READ, true, 0, h_setting_list},
    {"GET", "/tenant/settings/{name}", ROLE_READ, true, 0, h_setting_get},
    {"PUT", "/tenant/settings/{name}", ROLE_ADMIN, true, SMALL, h_setting_put},
};

const struct route *route_at(size_t index)
{
    return index < ARRAY_LEN(routes) ? &routes[index] : NULL;
}
