/* SPDX-License-Identifier: Apache-2.0 */
/* api_client.h: one call of the API after another, blocking. */
#ifndef GRAPNEL_CLI_API_API_CLIENT_H
#define GRAPNEL_CLI_API_API_CLIENT_H

#include "cli/api/context.h"
#include "common/base/buf.h"
#include <curl/curl.h>

struct api_client {
    CURL *curl; /* kept between calls, and with it the connection */
    struct context context;
    struct diag diag; /* why the last call was not answered */
};

struct api_client_call {
    const char *method;
    const char *path;   /* with its query */
    const char *body;   /* JSON; NULL: none */
    const char *tenant; /* header Grapnel-Tenant; NULL or empty: none */
    const char *if_match;
};

int api_client_init(struct api_client *c, const struct context *context); /* -ENOMEM */
void api_client_fini(struct api_client *c);                               /* wipes the key */

/* The answer's HTTP status, its body in @ret; or negative, with c->diag. */
int api_client_send(struct api_client *c, const struct api_client_call *call, struct buf *ret);

#endif
