/* SPDX-License-Identifier: Apache-2.0 */
/* smtp.h: the operator's mail server, that e-mails go through. */
#ifndef GRAPNEL_WORKER_MAIL_SMTP_H
#define GRAPNEL_WORKER_MAIL_SMTP_H

#include "common/base/base.h"
#include <curl/curl.h>
#include <openssl/x509_vfy.h>

struct smtp_options {
    const char *url; /* all borrowed for the client's life */
    const char *user, *password;
    bool may_be_plain;   /* without STARTTLS where the server has none */
    const char *ca_file; /* "": the system's */
};

struct smtp {
    struct smtp_options options;
    X509_STORE *store; /* what the server is verified with */
};

/* -EINVAL with words that name the setting. smtp_fini() in any case. */
int smtp_init(struct smtp *s, const struct smtp_options *o, struct diag *diag);
void smtp_fini(struct smtp *s);

/* The options that all e-mails have; false: out of memory. */
bool smtp_set(const struct smtp *s, CURL *curl);

#endif
