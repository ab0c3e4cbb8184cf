/* SPDX-License-Identifier: Apache-2.0 */
/* routes.c: the table of calls. Handlers are in h_<resource>.c. */
#include "api/handlers.h"
#include "api/route.h"

enum { SMALL = 64 << 10, MEDIUM = 256 << 10, LARGE = 1 << 20 };

static const struct route routes[] = {
    {"GET", "/readyz", ROLE_NONE, false, 0, h_readyz},
    {"GET", "/openapi.json", ROLE_NONE, false, 0, h_openapi},
    /* the platform guide */
    {"GET", "/tenant/settings", ROLE_READ, true, 0, h_setting_list},
    {"GET", "/tenant/settings/{name}", ROLE_READ, true, 0, h_setting_get},
    {"PUT", "/tenant/settings/{name}", ROLE_ADMIN, true, SMALL, h_setting_put},
    {"GET", "/webhook-deliveries", ROLE_READ, true, 0, h_webhook_delivery_list},
    {"GET", "/webhook-deliveries/summary", ROLE_READ, true, 0, h_webhook_delivery_summary},
    {"GET", "/webhook-deliveries/stats", ROLE_READ, true, 0, h_webhook_delivery_stats},
    {"GET", "/webhook-deliveries/{id}", ROLE_READ, true, 0, h_webhook_delivery_get},
    {"POST", "/webhook-deliveries/{id}/retry", ROLE_ADMIN, true, SMALL, h_webhook_delivery_retry},
    {"POST", "/webhook/royalty/file-update/webhook", ROLE_NONE, false, SMALL, h_inbound_file},
    {"POST", "/webhook/download/status-update/webhook", ROLE_NONE, false, SMALL,
     h_inbound_download},
    {"POST", "/in/{id}", ROLE_NONE, false, 1 << 20, h_in},
    /* the simple guide */
    {"GET", "/v1/webhooks", ROLE_READ, true, 0, h_guide_list},
    {"POST", "/v1/webhooks", ROLE_ADMIN, true, SMALL, h_guide_post},
    {"GET", "/v1/webhooks/{id}", ROLE_READ, true, 0, h_guide_get},
    {"PUT", "/v1/webhooks/{id}", ROLE_ADMIN, true, SMALL, h_guide_put},
    {"DELETE", "/v1/webhooks/{id}", ROLE_ADMIN, true, SMALL, h_guide_delete},
    {"GET", "/v1/webhooks/{id}/deliveries", ROLE_READ, true, 0, h_guide_deliveries},
    {"POST", "/v1/webhooks/{id}/test", ROLE_ADMIN, true, SMALL, h_guide_test},
    /* the template guide */
    {"GET", "/webhooks", ROLE_READ, true, 0, h_guide_list},
    {"POST", "/webhooks", ROLE_ADMIN, true, SMALL, h_guide_post},
    {"GET", "/webhooks/{id}", ROLE_READ, true, 0, h_guide_get},
    {"PUT", "/webhooks/{id}", ROLE_ADMIN, true, SMALL, h_guide_put},
    {"DELETE", "/webhooks/{id}", ROLE_ADMIN, true, SMALL, h_guide_delete},
    {"GET", "/webhooks/{id}/deliveries", ROLE_READ, true, 0, h_guide_deliveries},
    {"GET", "/webhooks/{id}/logs", ROLE_READ, true, 0, h_guide_logs},
    {"POST", "/webhooks/{id}/test", ROLE_ADMIN, true, SMALL, h_guide_test},
    /* our own */
    {"GET", "/v1/audit", ROLE_ADMIN, false, 0, h_audit_list},
    {"POST", "/v1/keys", ROLE_ADMIN, false, SMALL, h_key_post},
    {"GET", "/v1/keys", ROLE_ADMIN, false, 0, h_key_list},
    {"GET", "/v1/keys/{id}", ROLE_ADMIN, false, 0, h_key_get},
    {"DELETE", "/v1/keys/{id}", ROLE_ADMIN, false, SMALL, h_key_delete},
    {"GET", "/v1/tenants", ROLE_OPERATOR, false, 0, h_tenant_list},
    {"POST", "/v1/tenants", ROLE_OPERATOR, false, SMALL, h_tenant_post},
    {"GET", "/v1/tenants/{id}", ROLE_READ, false, 0, h_tenant_get},
    {"PATCH", "/v1/tenants/{id}", ROLE_OPERATOR, false, SMALL, h_tenant_patch},
    {"DELETE", "/v1/tenants/{id}", ROLE_OPERATOR, false, SMALL, h_tenant_delete},
    {"GET", "/v1/endpoints", ROLE_READ, true, 0, h_endpoint_list},
    {"POST", "/v1/endpoints", ROLE_ADMIN, true, MEDIUM, h_endpoint_post},
    {"GET", "/v1/endpoints/{id}", ROLE_READ, true, 0, h_endpoint_get},
    {"PATCH", "/v1/endpoints/{id}", ROLE_ADMIN, true, MEDIUM, h_endpoint_patch},
    {"DELETE", "/v1/endpoints/{id}", ROLE_ADMIN, true, SMALL, h_endpoint_delete},
    {"POST", "/v1/endpoints/{id}/enable", ROLE_ADMIN, true, SMALL, h_endpoint_enable},
    {"POST", "/v1/endpoints/{id}/disable", ROLE_ADMIN, true, SMALL, h_endpoint_disable},
    {"POST", "/v1/endpoints/{id}/rotate", ROLE_ADMIN, true, SMALL, h_endpoint_rotate},
    {"POST", "/v1/endpoints/{id}/revoke", ROLE_ADMIN, true, SMALL, h_endpoint_revoke},
    {"POST", "/v1/endpoints/{id}/match", ROLE_READ, true, LARGE, h_endpoint_match,
     .is_unaudited = true},
    {"POST", "/v1/filters/test", ROLE_READ, true, LARGE, h_filter_test, .is_unaudited = true},
    {"GET", "/v1/event-types", ROLE_READ, false, 0, h_event_types},
    {"GET", "/v1/dialects", ROLE_READ, false, 0, h_dialects},
    {"POST", "/v1/sources", ROLE_ADMIN, true, SMALL, h_source_post},
    {"GET", "/v1/sources", ROLE_READ, true, 0, h_source_list},
    {"GET", "/v1/sources/{id}", ROLE_READ, true, 0, h_source_get},
    {"PATCH", "/v1/sources/{id}", ROLE_ADMIN, true, SMALL, h_source_patch},
    {"DELETE", "/v1/sources/{id}", ROLE_ADMIN, true, SMALL, h_source_delete},
    {"POST", "/v1/downloads", ROLE_ADMIN, true, SMALL, h_download_post},
    {"GET", "/v1/downloads", ROLE_READ, true, 0, h_download_list},
    {"GET", "/v1/downloads/{id}", ROLE_READ, true, 0, h_download_get},
    {"POST", "/v1/files", ROLE_ADMIN, true, SMALL, h_file_post},
    {"GET", "/v1/files", ROLE_READ, true, 0, h_file_list},
    {"GET", "/v1/files/{id}", ROLE_READ, true, 0, h_file_get},
    {"POST", "/v1/events", ROLE_PUBLISH, false, ROUTE_BODY_EVENTS, h_event_post,
     .is_unaudited = true},
    {"GET", "/v1/events/{id}", ROLE_READ, true, 0, h_event_get},
    {"POST", "/v1/retries", ROLE_ADMIN, true, SMALL, h_retry_post},
    {"GET", "/v1/retries", ROLE_READ, true, 0, h_retry_list},
    {"GET", "/v1/retries/{id}", ROLE_READ, true, 0, h_retry_get},
    {"DELETE", "/v1/retries/{id}", ROLE_ADMIN, true, SMALL, h_retry_delete},
    {"GET", "/v1/deliveries", ROLE_READ, true, 0, h_delivery_list},
    {"GET", "/v1/deliveries/{id}", ROLE_READ, true, 0, h_delivery_get},
    {"POST", "/v1/deliveries/{id}/retry", ROLE_ADMIN, true, SMALL, h_delivery_retry},
};

const struct route *route_at(size_t index)
{
    return index < ARRAY_LEN(routes) ? &routes[index] : NULL;
}
