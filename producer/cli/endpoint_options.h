/* endpoint_options.h: the options that `endpoint add` and `endpoint set` share. */
#ifndef GRAPNEL_PRODUCER_CLI_ENDPOINT_OPTIONS_H
#define GRAPNEL_PRODUCER_CLI_ENDPOINT_OPTIONS_H

#include "producer/cli/endpoint_spec.h"

enum {
    ENDPOINT_OPTION_URL = OPTION_FIRST,
    ENDPOINT_OPTION_DIALECT,
    ENDPOINT_OPTION_EVENTS,
    ENDPOINT_OPTION_SECRET,
    ENDPOINT_OPTION_SLOTS,
    ENDPOINT_OPTION_OVERLAP,
    ENDPOINT_OPTION_FILTER,
    ENDPOINT_OPTION_DESCRIPTION,
    ENDPOINT_OPTION_PART,                                         /* and policy_part */
    ENDPOINT_OPTION_NEXT = ENDPOINT_OPTION_PART + N_POLICY_PARTS, /* the command's own */
};

#define ENDPOINT_SECRET_HELP                                                                       \
    "What its deliveries are signed with: 16 to 512 printable ASCII characters; for v1 "           \
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
        {"description", ENDPOINT_OPTION_DESCRIPTION, "TEXT", 0, "For people, at most 256 bytes", 0}

/* A row for each part of the policy, where `PART' is defined so and policy.def included. */
#define ENDPOINT_PART_OPTION(id_, name_, value_, help_)                                            \
    {(name_), ENDPOINT_OPTION_PART + POLICY_##id_, (value_), 0, (help_), 0},

struct endpoint_options {
    struct endpoint_spec spec;
    unsigned n_given;  /* of these options */
    char secret[1024]; /* when it came from standard input */
};

int endpoint_option(struct endpoint_options *o, int key, char *value, struct diag *diag);
/* Reads it when it was given as "-". An exit status, told. */
int endpoint_options_read_secret(struct cli *cli, struct endpoint_options *o);
void endpoint_options_fini(struct endpoint_options *o); /* wipes */

#endif
