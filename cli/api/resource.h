/* SPDX-License-Identifier: Apache-2.0 */
/* resource.h: the management commands, as rows of a table (resources.def).
 *
 * A row is a command and the route that it calls. Its arguments go into the path, the query or the
 * body; the answer is printed by present.h. Nothing here knows what a tenant or an endpoint is. */
#ifndef GRAPNEL_CLI_API_RESOURCE_H
#define GRAPNEL_CLI_API_RESOURCE_H

#include "cli/api/context.h"
#include "cli/cli.h"

enum { RESOURCE_ARGUMENTS_MAX = 32 };

enum argument_place { IN_PATH, IN_QUERY, IN_BODY };

/* How its text becomes a value of the body. */
enum argument_kind {
    AS_TEXT,
    AS_NUMBER, /* `none' is 0 */
    AS_BOOL,   /* alone: true; otherwise yes or no */
    AS_TRUE,   /* has no value */
    AS_END,    /* a time, or a duration from now on */
    AS_LIST,   /* comma separated */
    AS_JSON,
    AS_FILE,   /* what the file has in it */
    AS_SECRET, /* `-': the first line of standard input */
};

struct resource_argument {
    const char
        *name; /* of the option; in capitals: stands behind the options, in the table's order */
    enum argument_place place;
    const char *member; /* in path, query or body */
    enum argument_kind kind;
    const char *value; /* what help calls it */
    const char *help;
    const char *null_word; /* this text means null; may be NULL */
    bool is_required;
};

struct resource {
    const char *name; /* noun and verb */
    const char *method, *route;
    const char *list;    /* where the answer has its items, a path; NULL: it is one object */
    const char *columns; /* of the table: "TITLE=path,…"; with a list only */
    const char *running; /* "member=value": --watch goes on while the object has it; may be NULL */
    const char *verdict; /* a member: when it is false, so is the exit status (1); may be NULL */
    bool has_tenant;     /* the header Grapnel-Tenant */
    const char *about;
    const struct resource_argument *arguments; /* ended by a row without a name */
};

/* The arguments of one run. */
struct resource_args {
    const struct resource *resource;
    char *values[RESOURCE_ARGUMENTS_MAX]; /* by the argument's index; NULL: not given */
    struct context_options context;
    const char *tenant, *if_match;
    int64_t limit; /* of a list; 0: none */
    bool is_watching;
};

const struct resource *resource_at(size_t index); /* lends; NULL behind the last */

int resource_run(struct cli *cli);

#endif
