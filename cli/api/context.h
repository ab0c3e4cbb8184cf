/* SPDX-License-Identifier: Apache-2.0 */
/* context.h: which API the management commands call, and with which key.
 *
 * The first that is given wins: the options --api, --key and --context; GRAPNEL_API_URL and
 * GRAPNEL_API_KEY; the current context of the contexts' file. That file is GRAPNEL_CONTEXTS, or
 * grapnel/contexts.json in $XDG_CONFIG_HOME or ~/.config, readable by its owner only:
 *
 *     {"current": "up", "contexts": {"up": {"url": "http://127.0.0.1:8080", "key": "…"}}}
 */
#ifndef GRAPNEL_CLI_API_CONTEXT_H
#define GRAPNEL_CLI_API_CONTEXT_H

#include "common/base/base.h"
#include <jansson.h>

enum { CONTEXT_URL_MAX = 1024, CONTEXT_KEY_MAX = 4096, CONTEXT_TENANT_MAX = 65 };

struct context {
    char url[CONTEXT_URL_MAX]; /* without a slash at its end */
    char key[CONTEXT_KEY_MAX];
    char tenant[CONTEXT_TENANT_MAX]; /* of commands that name none; may be empty */
};

/* What the command line gives; each may be NULL. */
struct context_options {
    const char *api, *key, *context;
};

/* -EINVAL with a message when no API is named, or when the file cannot be read. */
int context_resolve(struct context *ret, const struct context_options *options, struct diag *diag);

/* The whole file; an empty one when there is no file. Gives; negative with a message. */
int context_load(json_t **ret, struct diag *diag);
int context_save(const json_t *file, struct diag *diag); /* 0600, replaced as a whole */

/* Adds or replaces context @name; it becomes the current one when there is none. */
int context_write(const char *name, const char *url, const char *key, struct diag *diag);

/* Removes it; no context is current any more if it was. Not being there is no error. */
int context_remove(const char *name, struct diag *diag);

#endif
