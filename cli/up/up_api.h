/* SPDX-License-Identifier: Apache-2.0 */
/* up_api.h: the API that `grapnel up` runs: where it listens, and the operator's key to it. */
#ifndef GRAPNEL_CLI_UP_UP_API_H
#define GRAPNEL_CLI_UP_UP_API_H

#include "common/base/base.h"

enum { UP_API_KEY_MAX = 64 };

struct up_api {
    char listen[32];          /* "127.0.0.1:41234" */
    char key[UP_API_KEY_MAX]; /* wiped by whoever embeds it */
};

/* One that nobody has. 0 or negative. */
int up_api_choose_port(struct up_api *a);
/* The first line of @path, where a key was made. 0 or negative. */
int up_api_read_key(struct up_api *a, const char *path);
/* Does somebody answer there? */
bool up_api_answers(const struct up_api *a);

#endif
