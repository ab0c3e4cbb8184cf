/* SPDX-License-Identifier: Apache-2.0 */
/* route.h: the calls that there are: one table (routes.c), and which of them a request is. Pure. */
#ifndef GRAPNEL_API_ROUTE_H
#define GRAPNEL_API_ROUTE_H

#include "admin/access/role.h"
#include "common/base/base.h"
#include <stdio.h>

struct call;
struct store;

/* Deals with one call, on a thread of its own: may wait for Redis. Leaves its answer in @c. */
typedef void call_fn(struct call *c, struct store *s);

enum { ROUTE_PARAMS_MAX = 3, ROUTE_PARAM_BYTES_MAX = 200 };

/* As a body_max: what the setting api_events_bytes says. */
#define ROUTE_BODY_EVENTS SIZE_MAX

struct route {
    const char *method, *pattern; /* "GET", "/v1/endpoints/{id}" */
    enum role role;               /* the least that is needed; ROLE_NONE: anybody */
    bool is_of_tenant; /* it is about one tenant: the key's, or the one that an operator names */
    size_t body_max;   /* bytes; 0: no body */
    call_fn *handle;
    bool is_unaudited; /* it changes no configuration, although it is no GET (audit.h) */
};

const struct route *route_at(size_t index); /* NULL behind the last */

/* Percent-decoded values of the {…} in the pattern, in order. */
struct route_match {
    const struct route *route; /* NULL: none fits */
    bool has_path;             /* but some do with another method */
    char params[ROUTE_PARAMS_MAX][ROUTE_PARAM_BYTES_MAX];
};
void route_find(struct route_match *ret, const char *method, const char *path);
/* "GET, PUT": the methods that a path has, for Allow. */
void route_methods(char *ret, size_t size, const char *path);
/* A line for each: method, path, role, and "tenant" where it is of one; between tabs. For tests that must see all. */
void route_print(FILE *out);

#endif
