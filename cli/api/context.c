/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/api/context.h"
#include "cli/commands.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONTEXT_PATH_MAX = 4096 };

static const char *context_env(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static int context_path(char *ret, struct diag *diag)
{
    const char *whole = context_env("GRAPNEL_CONTEXTS"), *config = context_env("XDG_CONFIG_HOME"),
               *home = context_env("HOME");
    int n;

    if (whole)
        n = snprintf(ret, CONTEXT_PATH_MAX, "%s", whole);
    else if (config)
        n = snprintf(ret, CONTEXT_PATH_MAX, "%s/grapnel/contexts.json", config);
    else if (home)
        n = snprintf(ret, CONTEXT_PATH_MAX, "%s/.config/grapnel/contexts.json", home);
    else
        return diag_set(diag, "contexts: neither GRAPNEL_CONTEXTS nor HOME is set");
    return n < CONTEXT_PATH_MAX ? 0 : diag_set(diag, "contexts: the path is too long");
}

static json_t *context_empty(void)
{
    return json_pack("{s:n, s:{}}", "current", "contexts");
}

int context_load(json_t **ret, struct diag *diag)
{
    char path[CONTEXT_PATH_MAX];
    json_error_t error;
    json_t *file;
    int r = context_path(path, diag);

    if (r)
        return r;
    if (access(path, F_OK) && (errno == ENOENT || errno == ENOTDIR)) {
        *ret = context_empty();
        return *ret ? 0 : -ENOMEM;
    }
    file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!file)
        return diag_set(diag, "%.100s: %.80s", path, error.text);
    if (!json_is_object(json_object_get(file, "contexts"))) {
        json_decref(file);
        return diag_set(diag, "%.100s: contexts: expected an object", path);
    }
    *ret = file;
    return 0;
}

/* The folders above @path; one that exists is none of our business. */
static void context_make_folders(char *path)
{
    for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        (void)mkdir(path, 0700);
        *at = '/';
    }
}

static int context_write_file(const json_t *file, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), r = 0;

    if (fd < 0)
        return -errno;
    if (fchmod(fd, 0600) || json_dumpfd(file, fd, JSON_INDENT(2)) || write(fd, "\n", 1) != 1 ||
        fsync(fd))
        r = errno ? -errno : -EIO;
    (void)close(fd);
    return r;
}

int context_save(const json_t *file, struct diag *diag)
{
    char path[CONTEXT_PATH_MAX], beside[CONTEXT_PATH_MAX + 16];
    int r = context_path(path, diag);

    if (r)
        return r;
    context_make_folders(path);
    (void)snprintf(beside, sizeof(beside), "%s.%d", path, (int)getpid());
    r = context_write_file(file, beside);
    if (!r && rename(beside, path))
        r = -errno;
    if (!r)
        return 0;
    (void)unlink(beside);
    return diag_set(diag, "%.100s: %s", path, strerrordesc_np(-r));
}

int context_write(const char *name, const char *url, const char *key, struct diag *diag)
{
    json_t *file, *entry;
    int r = context_load(&file, diag);

    if (r)
        return r;
    entry = json_pack("{s:s, s:s}", "url", url, "key", key);
    if (json_object_set_new(json_object_get(file, "contexts"), name, entry))
        r = -ENOMEM;
    if (!r && !json_is_string(json_object_get(file, "current")))
        r = json_object_set_new(file, "current", json_string(name)) ? -ENOMEM : 0;
    r = r ? r : context_save(file, diag);
    json_decref(file);
    return r;
}

int context_remove(const char *name, struct diag *diag)
{
    json_t *file;
    const char *current;
    int r = context_load(&file, diag);

    if (r)
        return r;
    current = json_string_value(json_object_get(file, "current"));
    if (current && strcmp(current, name) == 0)
        (void)json_object_set_new(file, "current", json_null());
    if (json_object_del(json_object_get(file, "contexts"), name) == 0)
        r = context_save(file, diag);
    json_decref(file);
    return r;
}

static int context_copy(char *ret, size_t size, const char *name, const char *value,
                        struct diag *diag)
{
    if (strlen(value) >= size)
        return diag_set(diag, "%s: too long", name);
    memcpy(ret, value, strlen(value) + 1);
    return 0;
}

static const char *context_member(const json_t *entry, const char *name)
{
    const char *text = json_string_value(json_object_get(entry, name));

    return text ? text : "";
}

static int context_from_file(struct context *ret, const char *name, struct diag *diag)
{
    json_t *file = NULL, *entry;
    int r = context_load(&file, diag);

    if (r)
        return r;
    name = name ? name : json_string_value(json_object_get(file, "current"));
    entry = name ? json_object_get(json_object_get(file, "contexts"), name) : NULL;
    if (!name)
        r = diag_set(diag, "no API is named; expected --api URL, GRAPNEL_API_URL or a context "
                           "(`grapnel context list')");
    else if (!entry)
        r = diag_set(diag, "context: %.64s not found; see `grapnel context list'", name);
    r = r ? r : context_copy(ret->url, sizeof(ret->url), "url", context_member(entry, "url"), diag);
    r = r ? r : context_copy(ret->key, sizeof(ret->key), "key", context_member(entry, "key"), diag);
    r = r ? r
          : context_copy(ret->tenant, sizeof(ret->tenant), "tenant",
                         context_member(entry, "tenant"), diag);
    json_decref(file);
    return r;
}

static int context_check_url(struct context *c, struct diag *diag)
{
    size_t len = strlen(c->url);

    while (len && c->url[len - 1] == '/')
        c->url[--len] = '\0';
    if (strncmp(c->url, "http://", 7) != 0 && strncmp(c->url, "https://", 8) != 0)
        return diag_set(diag, "api: expected http://… or https://…");
    return 0;
}

int context_resolve(struct context *ret, const struct context_options *o, struct diag *diag)
{
    const char *url = o->api ? o->api : o->context ? NULL : context_env("GRAPNEL_API_URL");
    const char *key = o->key ? o->key : o->context ? NULL : context_env("GRAPNEL_API_KEY");
    int r;

    *ret = (struct context){"", "", ""};
    if (url)
        r = context_copy(ret->url, sizeof(ret->url), "api", url, diag);
    else
        r = context_from_file(ret, o->context, diag);
    if (!r && key)
        r = context_copy(ret->key, sizeof(ret->key), "key", key, diag);
    return r ? r : context_check_url(ret, diag);
}

static bool context_is_option(const char *word, const char *option)
{
    size_t len = strlen(option);

    return strncmp(word, option, len) == 0 && (word[len] == '\0' || word[len] == '=');
}

bool context_is_named(int argc, char **argv)
{
    json_t *file = NULL;
    bool has_current;

    for (int i = 1; i < argc; i++)
        if (context_is_option(argv[i], "--api") || context_is_option(argv[i], "--context"))
            return true;
    if (context_env("GRAPNEL_API_URL"))
        return true;
    if (context_load(&file, NULL))
        return false;
    has_current = json_is_string(json_object_get(file, "current"));
    json_decref(file);
    return has_current;
}
