/* SPDX-License-Identifier: Apache-2.0 */
/* audit.h: no change without an entry of who asked for it (store_audit.h).
 *
 * The entry is there before the handler runs, and has the answer's status after it; a call that was refused with
 * 4xx has changed nothing, and leaves none. A change is a call of somebody known that is no GET, but for those that
 * the table says change no configuration (route.h: is_unaudited). */
#ifndef GRAPNEL_API_AUDIT_H
#define GRAPNEL_API_AUDIT_H

#include "admin/access/store_audit.h"
#include "api/call.h"

struct audit {
    char id[AUDIT_ID_SIZE]; /* "": the call is not audited */
    char request[68];       /* id of the call, for logs: X-Request-Id, as it came or made */
};

/* False: there can be no entry, so there must be no change; the problem is answered. */
bool audit_begin(struct audit *a, struct call *c, struct store *s);
void audit_end(const struct audit *a, struct call *c, struct store *s);

#endif
