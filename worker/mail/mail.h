/* SPDX-License-Identifier: Apache-2.0 */
/* mail.h: the message of one e-mail (RFC 5322), as SMTP sends it. Pure.
 *
 * An event whose data has an object `email` says itself what is written: {"to", "subject", "text"}. Of any other event
 * its type is the subject, and its fields and data the text. */
#ifndef GRAPNEL_WORKER_MAIL_MAIL_H
#define GRAPNEL_WORKER_MAIL_MAIL_H

#include "common/base/buf.h"
#include "common/model/format/dialect.h"
#include "common/model/mail_address.h"

enum { MAIL_SUBJECT_MAX = 998 };

struct mail {
    char to[MAIL_ADDRESS_MAX + 1];
    struct buf *text; /* borrowed; the message, lines ended by CR LF */
};

/* @from: an address. @address: of the endpoint; empty: the event names it. @in: as for an envelope; its data passed
 * json_check(). Fills @m->to and appends to @m->text. The Message-ID is the delivery's, so the same on every attempt.
 * -EINVAL with words; buf errors. */
int mail_build(struct mail *m, const char *from, struct span address,
               const struct envelope_input *in, int64_t now_s, struct diag *diag);

#endif
