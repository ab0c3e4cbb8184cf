/* webhook.h: judges a received request as a receiver should: dialect, signature, age. Pure. */
#ifndef GRAPNEL_PRODUCER_CLI_WEBHOOK_H
#define GRAPNEL_PRODUCER_CLI_WEBHOOK_H

#include "common/base.h"
#include "common/dialect.h"

enum { WEBHOOK_HEADERS_MAX = 100, WEBHOOK_SECRETS_MAX = 8 };

/* A header as it came; borrowed. */
struct header {
    const char *name, *value;
};

struct webhook {
    struct header headers[WEBHOOK_HEADERS_MAX];
    size_t n_headers;
    struct span body;
};

/* What a receiver knows. */
struct webhook_policy {
    const struct dialect *dialect; /* NULL: told by the headers */
    const char *secrets[WEBHOOK_SECRETS_MAX];
    size_t n_secrets;
    int64_t tolerance_ms; /* how far a signed timestamp may be off; 0: not judged */
};

/* -ENOBUFS when there are too many. */
int webhook_add_header(struct webhook *w, const char *name, const char *value);
/* Names are compared without regard to case; NULL when it is not there. The first one counts. */
const char *webhook_header(const struct webhook *w, const char *name);

/* The dialect whose signature header is there, written as it writes it, with most of its other
 * headers; NULL when no dialect's is. */
const struct dialect *webhook_detect(const struct webhook *w);

/* 0, or WEBHOOK_WRONG and words. *@ret_dialect is set in both cases, NULL when none was detected.
 */
enum { WEBHOOK_WRONG = 1 };
int webhook_verify(const struct webhook *w, const struct webhook_policy *policy, int64_t now_ms,
                   const struct dialect **ret_dialect, struct diag *diag);

/* Which of a dialect's headers carries @value; NULL when none does. */
const char *webhook_header_of(const struct dialect *d, enum dialect_value value);

/* Appends the name of a dialect's form of signature: "sha256=<64 hex digits>". */
const char *webhook_form_text(enum sign_form form);

#endif
