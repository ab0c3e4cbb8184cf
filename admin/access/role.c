/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/access/role.h"

static const char *const names[] = {[ROLE_NONE] = "none",
                                    [ROLE_PUBLISH] = "publish",
                                    [ROLE_READ] = "read",
                                    [ROLE_ADMIN] = "admin",
                                    [ROLE_OPERATOR] = "operator"};

const char *role_name(enum role role)
{
    return names[role];
}

enum role role_of_name(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (span_equal(name, span_of(names[i])))
            return (enum role)i;
    return ROLE_NONE;
}
