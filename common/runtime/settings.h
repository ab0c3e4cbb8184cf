/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h: every knob, from one table (settings.def).
 *
 * A setting's value comes from, later wins: its default, a file of `name = value` lines (--config
 * FILE or GRAPNEL_CONFIG), the environment (GRAPNEL_<NAME>), the command line (--name VALUE, '-'
 * for '_'). A value that is malformed or out of range is refused with words that name the setting,
 * where the value came from, and what was expected. */
#ifndef GRAPNEL_COMMON_RUNTIME_SETTINGS_H
#define GRAPNEL_COMMON_RUNTIME_SETTINGS_H

#include "common/base/base.h"
#include <stdio.h>

/* Who reads a setting; a program refuses those that are not its own on its command line. */
enum settings_scope {
    SCOPE_ALL = 0xff,
    SCOPE_CLI = 1,
    SCOPE_SCHEDULER = 2,
    SCOPE_WORKER = 4,
    SCOPE_API = 8,
    SCOPE_SERVICES = SCOPE_SCHEDULER | SCOPE_WORKER | SCOPE_API,
};

/* One member per row of settings.def:
 *   SETTING_TEXT(name, default, scope, help)          char *name
 *   SETTING_SECRET(name, default, scope, help)        char *name; never printed, wiped on fini
 *   SETTING_INT(name, default, min, max, scope, help) int64_t name
 *   SETTING_MS(name, "30s", min, max, scope, help)    int64_t name, a duration
 *   SETTING_BYTES(name, "256KiB", min, max, scope, help) int64_t name
 *   SETTING_ENUM(name, "text", "text|json", scope, help) int name: index into the choices */
struct settings {
#define SETTING_TEXT(name, def, scope, help) char *name;
#define SETTING_SECRET(name, def, scope, help) char *name;
#define SETTING_INT(name, def, min, max, scope, help) int64_t name;
#define SETTING_MS(name, def, min, max, scope, help) int64_t name;
#define SETTING_BYTES(name, def, min, max, scope, help) int64_t name;
#define SETTING_ENUM(name, def, choices, scope, help) int name;
#include "common/runtime/settings.def"
#undef SETTING_TEXT
#undef SETTING_SECRET
#undef SETTING_INT
#undef SETTING_MS
#undef SETTING_BYTES
#undef SETTING_ENUM
};

int settings_init(struct settings *s); /* the defaults; -ENOMEM */
void settings_fini(struct settings *s);

/* Sets one by its name ("redis_url" or "redis-url"). @origin ("--redis-url", "GRAPNEL_REDIS_URL",
 * "file.conf line 3") goes into the words. -EINVAL with @diag, -ENOENT when there is no such
 * setting. */
int settings_set(struct settings *s, const char *name, const char *value, const char *origin,
                 struct diag *diag);

/* Reads the file, then the environment. -EINVAL with @diag. @file may be NULL. */
int settings_load(struct settings *s, const char *file, struct diag *diag);

/* For argument parsers and generators: row @index (0…); NULL behind the last. */
struct settings_row {
    const char *name;    /* "redis_url" */
    const char *kind;    /* "text" "secret" "number" "duration" "bytes" "choice" */
    const char *initial; /* default as text */
    const char *range;   /* "1..20000", "text|json", or "" */
    const char *help;
    unsigned scope;
};
const struct settings_row *settings_row_at(size_t index);

/* Writes docs/reference/configuration.md from the table. */
void settings_write_markdown(FILE *out);

/* The whole start of a program: parses --config, --NAME VALUE, --NAME=VALUE, --help, --version for
 * the settings in @scope, then settings_load(). Uses argp. Returns 0; prints to stderr and returns
 * -EINVAL on bad input, with @s released. --help and --version are answered and exit(0). @about:
 * one line for --help. A setting that is not in @scope is no option of this program, but may stand
 * in the file and the environment, which programs share. */
int settings_parse_argv(struct settings *s, unsigned scope, int argc, char **argv,
                        const char *about);

#endif
