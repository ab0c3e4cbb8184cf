/* SPDX-License-Identifier: Apache-2.0 */
/* store_publish.h: events published by the API and the command line, through libgrapnel. */
#ifndef GRAPNEL_ADMIN_EVENT_STORE_PUBLISH_H
#define GRAPNEL_ADMIN_EVENT_STORE_PUBLISH_H

#include "admin/store/store.h"
#include "common/runtime/settings.h"
#include <grapnel.h>

/* What the settings say of publishing; borrows the texts of @set. */
struct grapnel_options publish_options(const struct settings *set);

/* Whether these are fit for it. -EINVAL with words that name the setting. */
int publish_options_check(const struct settings *set, struct diag *diag);

/* Publishes @n events, each on its own; @receipts holds @n. The store's publisher (a second connection, opened
 * by the first call) is used. Answers what grapnel_publish_batch() answers; words in s->words. */
enum grapnel_result store_publish(struct store *s, const struct grapnel_event *events, size_t n,
                                  struct grapnel_receipt *receipts);

#endif
