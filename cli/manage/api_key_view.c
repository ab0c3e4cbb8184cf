#include "cli/manage/api_key_view.h"
#include "cli/json_write.h"

void api_key_json(struct buf *json, const struct api_key *k)
{
    json_put_text(json, "id", k->id);
    json_put_text(json, "name", k->name);
    json_put_text(json, "role", role_name(k->role));
    json_put_text(json, "tenant", *k->tenant ? k->tenant : NULL);
    json_put_time(json, "createdAt", k->created_ms);
    json_put_time(json, "expiresAt", k->expires_ms);
    json_put_time(json, "lastUsedAt", k->used_ms);
}
