/* routes.c: the table of calls. Handlers are in h_<resource>.c. */
#include "api/handlers.h"
#include "api/route.h"

static const struct route routes[] = {
    {"GET", "/healthz", ROLE_NONE, false, 0, h_healthz},
    {"GET", "/readyz", ROLE_NONE, false, 0, h_readyz},
};

const struct route *route_at(size_t index)
{
    return index < ARRAY_LEN(routes) ? &routes[index] : NULL;
}
