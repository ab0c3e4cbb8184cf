/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_options.h: the options that `endpoint add` and `endpoint set` share. */
#ifndef GRAPNEL_CLI_MANAGE_ENDPOINT_OPTIONS_H
#define GRAPNEL_CLI_MANAGE_ENDPOINT_OPTIONS_H

#include "admin/tenant/endpoint_spec.h"
#include "cli/cli.h"

enum {
    ENDPOINT_OPTION_URL = OPTION_FIRST,
    ENDPOINT_OPTION_DIALECT,
    ENDPOINT_OPTION_EVENTS,
    ENDPOINT_OPTION_SECRET,
    ENDPOINT_OPTION_SLOTS,
    ENDPOINT_OPTION_OVERLAP,
    ENDPOINT_OPTION_FILTER,
    ENDPOINT_OPTION_CA,
    ENDPOINT_OPTION_CLIENT_CERT,
    ENDPOINT_OPTION_CLIENT_KEY,
    ENDPOINT_OPTION_DESCRIPTION,
    ENDPOINT_OPTION_PART, /* and policy_part */
};

enum { ENDPOINT_OPTION_NEXT = ENDPOINT_OPTION_PART + N_POLICY_PARTS }; /* the command's own */

#define ENDPOINT_SECRET_HELP                                                                       \
    "What its deliveries are signed with: 15 to 512 printable ASCII characters; for v1 "           \
    "(standard) whsec_ and base64, for v1a whsk_ and base64; -: the first line of standard "       \
    "input, as a command line can be "                                                             \
    "read by others"

#define ENDPOINT_OPTIONS                                                                           \
    {"dialect",                                                                                    \
     ENDPOINT_OPTION_DIALECT,                                                                      \
     "NAME",                                                                                       \
     0,                                                                                            \
     "Envelope, headers, signature and retries: royalti (default), simple, verification, "         \
     "template or standard",                                                                       \
     0},                                                                                           \
        {"events",                                                                                 \
         ENDPOINT_OPTION_EVENTS,                                                                   \
         "LIST",                                                                                   \
         0,                                                                                        \
         "Event types, comma separated: 'user.created,order.*'; * for all (default)",              \
         0},                                                                                       \
        {"slots",                                                                                  \
         ENDPOINT_OPTION_SLOTS,                                                                    \
         "N",                                                                                      \
         0,                                                                                        \
         "Requests in flight to it at the same time, over all workers, 1 to 10000 (default: the "  \
         "setting endpoint-slots)",                                                                \
         0},                                                                                       \
        {"filter",                                                                                 \
         ENDPOINT_OPTION_FILTER,                                                                   \
         "JSON",                                                                                   \
         0,                                                                                        \
         "Which of these events, by their data: '{\"amount\":{\"$gte\":100}}'; none: all of them", \
         0},                                                                                       \
        {"ca-file",                                                                                \
         ENDPOINT_OPTION_CA,                                                                       \
         "FILE",                                                                                   \
         0,                                                                                        \
         "CA certificates (PEM) to trust it by, besides the common ones; none: without",           \
         0},                                                                                       \
        {"client-cert-file",                                                                       \
         ENDPOINT_OPTION_CLIENT_CERT,                                                              \
         "FILE",                                                                                   \
         0,                                                                                        \
         "Client certificate (PEM) to show it, with its chain; none: without",                     \
         0},                                                                                       \
        {"client-key-file",                                                                        \
         ENDPOINT_OPTION_CLIENT_KEY,                                                               \
         "FILE",                                                                                   \
         0,                                                                                        \
         "Private key (PEM) of the client certificate; kept encrypted",                            \
         0},                                                                                       \
        {"description", ENDPOINT_OPTION_DESCRIPTION, "TEXT", 0, "For people, at most 256 bytes", 0}

/* A row for each part of the policy, where `PART' is defined so and policy.def included. */
#define ENDPOINT_PART_OPTION(id_, name_, value_, help_)                                            \
    {(name_), ENDPOINT_OPTION_PART + POLICY_##id_, (value_), 0, (help_), 0},

struct endpoint_options {
    struct endpoint_spec spec;
    unsigned n_given;    /* of these options */
    char secret[1024];   /* when it came from standard input */
    struct buf files[3]; /* of the three that are read from files; see endpoint_options_read() */
};

int endpoint_option(struct endpoint_options *o, int key, char *value, struct diag *diag);
/* Reads what is not on the command line: the secret when it was given as "-", and PEM files. An exit
 * status, told. */
int endpoint_options_read(struct cli *cli, struct endpoint_options *o);
void endpoint_options_fini(struct endpoint_options *o); /* wipes */

#endif
