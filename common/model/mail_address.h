/* SPDX-License-Identifier: Apache-2.0 */
/* mail_address.h: addresses of e-mails, and the URLs of endpoints that are one: "mailto:ann@example.org"; "mailto:" alone
 * is one whose events name the address. Pure. */
#ifndef GRAPNEL_COMMON_MODEL_MAIL_ADDRESS_H
#define GRAPNEL_COMMON_MODEL_MAIL_ADDRESS_H

#include "common/base/base.h"

enum { MAIL_ADDRESS_MAX = 254, MAIL_LOCAL_MAX = 64 }; /* RFC 5321 4.5.3.1 */

/* One plain address, of what RFC 5321 allows without quotes (ASCII only): nothing in it can end a line, a
 * header or a command. */
bool mail_address_is(struct span text);

/* Of a URL "mailto:…", in any case. -EINVAL with words that begin with "url: ". */
int mail_url_check(struct span url, struct diag *diag);
/* What stands behind "mailto:", maybe nothing. */
struct span mail_url_address(struct span url);

#endif
