/* SPDX-License-Identifier: Apache-2.0 */
/* transfer_news.h: what is told of a download's or a file's change: events of its tenant. Pure. */
#ifndef GRAPNEL_ADMIN_INBOUND_TRANSFER_NEWS_H
#define GRAPNEL_ADMIN_INBOUND_TRANSFER_NEWS_H

#include "admin/inbound/transfer.h"

#define TRANSFER_EVENT_DOWNLOAD "download.updated"
#define TRANSFER_EVENT_FILE "ROYALTY_FILE_PROCESSED" /* the platform guide's catalogue */
#define TRANSFER_EVENT_EMAIL "grapnel.email"

enum { TRANSFER_NEWS_MAX = 2, TRANSFER_NEWS_BYTES_MAX = 32 << 10 };

struct transfer_news {
    struct {
        const char *type;
        struct buf data; /* JSON */
    } events[TRANSFER_NEWS_MAX];
    unsigned n;
};

/* @before: the status that it had. An e-mail is written when a download has become done and somebody is to be
 * told. -ENOMEM; transfer_news_fini() in any case. */
int transfer_news_init(struct transfer_news *ret, const struct transfer *t,
                       enum transfer_state before, enum transfer_move move);
void transfer_news_fini(struct transfer_news *n);

#endif
