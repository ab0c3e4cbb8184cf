/* SPDX-License-Identifier: Apache-2.0 */
/* log.h: one event per line on stderr, as key=value or as JSON.
 *
 *     log_info("worker started", LOG_TEXT("redis", url), LOG_INT("slots", 1024));
 *
 * Values are quoted and escaped where needed; a line is at most 4 KiB. Never pass a secret. */
#ifndef GRAPNEL_COMMON_BASE_LOG_H
#define GRAPNEL_COMMON_BASE_LOG_H

#include "common/base/base.h"

enum log_level {
    LOG_LEVEL_TRACE,
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARN,
    LOG_LEVEL_ERROR
};
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log_field {
    const char *key;
    enum { LOG_FIELD_END, LOG_FIELD_TEXT, LOG_FIELD_SPAN, LOG_FIELD_INT } kind;
    const char *text;
    struct span span;
    int64_t number;
};

#define LOG_TEXT(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_TEXT, .text = (v)})
#define LOG_SPAN(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_SPAN, .span = (v)})
#define LOG_INT(k, v)                                                                              \
    ((struct log_field){.key = (k), .kind = LOG_FIELD_INT, .number = (int64_t)(v)})
#define LOG_ERR(r) LOG_TEXT("error", err_text(r))

#define log_trace(...) log_at(LOG_LEVEL_TRACE, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...) log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)

#define log_at(level, ...)                                                                         \
    do {                                                                                           \
        if (log_is_on(level))                                                                      \
            log_write_((level), __VA_ARGS__, (struct log_field){.kind = LOG_FIELD_END});           \
    } while (0)

/* Process-wide. @program (borrowed for good) stands in every line. */
void log_setup(const char *program, enum log_level level, enum log_format format);
bool log_is_on(enum log_level level);
void log_write_(enum log_level level, const char *message, ...);

/* The same fault again and again (Redis down, say): lets one line through per @every_ms and tells
 * how many it held back. Returns true when the caller may log; *@ret_held is the number held back.
 */
struct log_limit {
    int64_t next_ms;
    uint64_t held;
};
bool log_limit_pass(struct log_limit *l, int64_t every_ms, uint64_t *ret_held);

#endif
