/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/webhook/scheme.h"
#include "common/model/options.h"
#include <errno.h>
#include <stdio.h>

static int scheme_add_secret(struct scheme *s, const char *secret, struct diag *diag)
{
    if (!*secret)
        return diag_set(diag, "--secret: empty");
    if (s->n_secrets == SCHEME_SECRETS_MAX)
        return diag_set(diag, "--secret: at most %d can be given", SCHEME_SECRETS_MAX);
    s->secrets[s->n_secrets++] = secret;
    return 0;
}

int scheme_option(struct scheme *s, int key, char *value, struct diag *diag)
{
    if (key >= SCHEME_OPTION_PART && key < SCHEME_OPTION_NEXT) {
        s->parts[key - SCHEME_OPTION_PART] = value;
        return 0;
    }
    switch (key) {
    case SCHEME_OPTION_DIALECT:
        return option_dialect(&s->dialect, "--dialect", value, diag);
    case SCHEME_OPTION_SECRET:
        return scheme_add_secret(s, value, diag);
    default:
        return diag_set(diag, "unexpected option");
    }
}

static int secrets_from_environment(struct scheme *s, struct diag *diag)
{
    static char copy[SCHEME_SECRETS_MAX * 520];
    const char *text = getenv("GRAPNEL_SECRET");
    char *rest = copy, *secret;

    if (s->n_secrets || !text)
        return 0;
    if (strlen(text) >= sizeof(copy))
        return diag_set(diag, "GRAPNEL_SECRET: longer than %zu bytes", sizeof(copy) - 1);
    memcpy(copy, text, strlen(text) + 1);
    while ((secret = strsep(&rest, " \t\n")))
        if (*secret && scheme_add_secret(s, secret, diag))
            return -EINVAL;
    return 0;
}

/* Our words begin with the part's name, as the options do. */
static int scheme_set_parts(struct policy *p, const struct scheme *s, struct diag *diag)
{
    struct diag why = {""};
    int r = 0;

    for (unsigned i = 0; i < N_POLICY_PARTS && !r; i++)
        if (s->parts[i])
            r = policy_set(p, (enum policy_part)i, s->parts[i], &why);
    return r == -EINVAL ? diag_set(diag, "--%.190s", why.text) : r;
}

static int add_policy(struct scheme *s, const struct dialect *d, struct diag *diag)
{
    struct policy *p = &s->policies[s->n_policies];

    if (s->n_policies == SCHEME_ROWS_MAX)
        return diag_set(diag, "more than %d dialects", SCHEME_ROWS_MAX);
    policy_init(p, d);
    s->n_policies++;
    return scheme_set_parts(p, s, diag);
}

int scheme_prepare(struct scheme *s, struct diag *diag)
{
    const struct dialect *d;
    int r = secrets_from_environment(s, diag);

    if (!r && s->dialect)
        return add_policy(s, s->dialect, diag);
    for (size_t i = 0; !r && (d = dialect_at(i)); i++)
        r = add_policy(s, d, diag);
    return r;
}

void scheme_fini(struct scheme *s)
{
    while (s->n_policies)
        policy_fini(&s->policies[--s->n_policies]);
}

void scheme_header_name(char ret[SCHEME_NAME_SIZE], const struct dialect *d, const char *name)
{
    struct buf b;

    buf_init(&b, SCHEME_NAME_SIZE);
    dialect_header_name(&b, d, name);
    (void)snprintf(ret, SCHEME_NAME_SIZE, "%s", b.data ? b.data : "");
    buf_fini(&b);
}

const char *scheme_header_of(const struct dialect *d, enum dialect_value value)
{
    for (unsigned i = 0; i < d->n_headers; i++)
        if (d->headers[i].value == value)
            return d->headers[i].name;
    return NULL;
}

void scheme_secret_words(struct diag *ret, const struct scheme *s, size_t index,
                         const struct diag *why)
{
    static const char name[] = "secret: ";
    const char *text = why->text;

    if (strncmp(text, name, strlen(name)) == 0)
        text += strlen(name);
    if (s->n_secrets > 1)
        (void)diag_set(ret, "secret %zu of %zu: %.120s", index + 1, s->n_secrets, text);
    else
        (void)diag_set(ret, "secret: %.120s", text);
}
