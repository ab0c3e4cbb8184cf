/* api_key_view.h: an API key as commands show it. */
#ifndef GRAPNEL_CLI_MANAGE_API_KEY_VIEW_H
#define GRAPNEL_CLI_MANAGE_API_KEY_VIEW_H

#include "admin/access/store_api_key.h"
#include "common/base/buf.h"

enum { API_KEY_JSON_MAX = 8192 };

void api_key_json(struct buf *json, const struct api_key *k); /* members */

#endif
