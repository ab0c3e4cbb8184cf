/* SPDX-License-Identifier: Apache-2.0 */
/* handlers.h: what the table of calls (routes.c) points to, by resource. */
#ifndef GRAPNEL_API_HANDLERS_H
#define GRAPNEL_API_HANDLERS_H

#include "api/route.h"

call_fn h_readyz, h_openapi;
call_fn h_key_post, h_key_list, h_key_get, h_key_delete;
call_fn h_audit_list;
call_fn h_tenant_list, h_tenant_post, h_tenant_get, h_tenant_patch, h_tenant_delete;
call_fn h_guide_list, h_guide_post, h_guide_get, h_guide_put, h_guide_delete;
call_fn h_guide_deliveries, h_guide_logs, h_guide_test;
call_fn h_endpoint_list, h_endpoint_post, h_endpoint_get, h_endpoint_patch, h_endpoint_delete;
call_fn h_endpoint_enable, h_endpoint_disable, h_endpoint_rotate, h_endpoint_revoke;
call_fn h_endpoint_match, h_filter_test, h_event_types, h_dialects;
call_fn h_setting_list, h_setting_get, h_setting_put;
call_fn h_webhook_delivery_list, h_webhook_delivery_get, h_webhook_delivery_retry;
call_fn h_webhook_delivery_summary, h_webhook_delivery_stats;
call_fn h_inbound_download, h_inbound_file, h_in;
call_fn h_source_post, h_source_list, h_source_get, h_source_patch, h_source_delete;
call_fn h_download_post, h_download_list, h_download_get;
call_fn h_file_post, h_file_list, h_file_get;
call_fn h_event_post, h_event_get;
call_fn h_retry_post, h_retry_list, h_retry_get, h_retry_delete;
call_fn h_delivery_list, h_delivery_get, h_delivery_retry;

#endif
