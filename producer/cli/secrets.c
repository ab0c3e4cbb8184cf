#include "producer/cli/secrets.h"
#include <errno.h>

int secrets_add(struct webhook_policy *p, const char *secret, struct diag *diag)
{
    if (!*secret)
        return diag_set(diag, "--secret: empty");
    if (p->n_secrets == WEBHOOK_SECRETS_MAX)
        return diag_set(diag, "--secret: at most %d can be given", WEBHOOK_SECRETS_MAX);
    p->secrets[p->n_secrets++] = secret;
    return 0;
}

int secrets_from_environment(struct webhook_policy *p, struct diag *diag)
{
    static char copy[WEBHOOK_SECRETS_MAX * 520];
    const char *text = getenv("GRAPNEL_SECRET");
    char *rest = copy, *secret;

    if (p->n_secrets || !text)
        return 0;
    if (strlen(text) >= sizeof(copy))
        return diag_set(diag, "GRAPNEL_SECRET: longer than %zu bytes", sizeof(copy) - 1);
    memcpy(copy, text, strlen(text) + 1);
    while ((secret = strsep(&rest, " \t\n")))
        if (*secret && secrets_add(p, secret, diag))
            return -EINVAL;
    return 0;
}
