/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_choice.h: the one endpoint that a command is about: its ID, and --tenant to be sure. */
#ifndef GRAPNEL_CLI_MANAGE_ENDPOINT_CHOICE_H
#define GRAPNEL_CLI_MANAGE_ENDPOINT_CHOICE_H

#include "admin/tenant/store_endpoint.h"
#include "cli/manage/cli_store.h"

struct endpoint_choice {
    const char *id, *tenant; /* tenant NULL: whosever it is */
};

enum { ENDPOINT_CHOICE_TENANT = OPTION_FIRST + 100 };

#define ENDPOINT_CHOICE_OPTION                                                                     \
    {"tenant", ENDPOINT_CHOICE_TENANT, "ID", 0, "Refuse unless it is an endpoint of this tenant", 0}

/* For --tenant and the argument. -EINVAL with words; CHOICE_OTHER: another option. */
enum { CHOICE_OTHER = 1 };
int endpoint_choice_option(struct endpoint_choice *c, int key, const char *value,
                           struct diag *diag);

/* Is there an ID? An exit status, told. */
int endpoint_choice_check(const struct cli *cli, const struct endpoint_choice *c);

/* Gives *ret (@ret_record as in store_endpoint_get()). An exit status, told. */
int endpoint_choice_load(struct store *s, const struct endpoint_choice *c, struct endpoint **ret,
                         struct buf *ret_record);

/* Tells that there is none of this id; the exit status. */
int endpoint_missing(const struct cli *cli, const char *id);

#endif
