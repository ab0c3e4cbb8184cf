/* secrets.h: the option that sign, verify and listen share: --secret. */
#ifndef GRAPNEL_PRODUCER_CLI_SECRETS_H
#define GRAPNEL_PRODUCER_CLI_SECRETS_H

#include "producer/cli/webhook.h"

/* Adds a --secret. -EINVAL with words. */
int secrets_add(struct webhook_policy *p, const char *secret, struct diag *diag);
/* When no --secret was given: GRAPNEL_SECRET, one or several with white space between them. */
int secrets_from_environment(struct webhook_policy *p, struct diag *diag);

#define SECRET_HELP                                                                                \
    "Signing secret, as the endpoint shows it (whsec_...); may be repeated. Better in the "        \
    "environment as GRAPNEL_SECRET: a command line can be read by others"

#endif
