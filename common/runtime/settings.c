/* SPDX-License-Identifier: Apache-2.0 */
#include "common/runtime/settings.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>

enum { NAME_MAX_LEN = 64, LINE_MAX_LEN = 4096, RANGE_LEN = 64, SHOWN = 48, ORIGIN_SHOWN = 72 };

enum kind { TEXT, SECRET, INT, MS, BYTES, ENUM };

struct row {
    const char *name, *initial, *choices, *help;
    enum kind kind;
    int64_t min, max;
    size_t offset;
    unsigned scope;
};

#define ROW(n, k, def, lo, hi, words, s, h)                                                        \
    {.name = #n,                                                                                   \
     .initial = (def),                                                                             \
     .choices = (words),                                                                           \
     .help = (h),                                                                                  \
     .kind = (k),                                                                                  \
     .min = (lo),                                                                                  \
     .max = (hi),                                                                                  \
     .offset = offsetof(struct settings, n),                                                       \
     .scope = (s)},
#define SETTING_TEXT(name, def, scope, help) ROW(name, TEXT, def, 0, 0, "", scope, help)
#define SETTING_SECRET(name, def, scope, help) ROW(name, SECRET, def, 0, 0, "", scope, help)
#define SETTING_INT(name, def, min, max, scope, help)                                              \
    ROW(name, INT, #def, min, max, "", scope, help)
#define SETTING_MS(name, def, min, max, scope, help) ROW(name, MS, def, min, max, "", scope, help)
#define SETTING_BYTES(name, def, min, max, scope, help)                                            \
    ROW(name, BYTES, def, min, max, "", scope, help)
#define SETTING_ENUM(name, def, choices, scope, help)                                              \
    ROW(name, ENUM, def, 0, 0, choices, scope, help)
static const struct row rows[] = {
#include "common/runtime/settings.def"
};

/* ---- one value ---- */

static int settings_set_text(char **place, const char *value, struct diag *diag)
{
    char *copy = strdup(value);

    if (!copy) {
        (void)diag_set(diag, "out of memory");
        return err_origin(-ENOMEM);
    }
    if (*place)
        explicit_bzero(*place, strlen(*place));
    free(*place);
    *place = copy;
    return 0;
}

static int set_number(const struct row *row, int64_t *place, struct span value)
{
    uint64_t bytes = 0;
    int64_t number = 0;
    int r;

    if (row->kind == MS) {
        r = parse_duration_ms(value, &number);
    } else if (row->kind == BYTES) {
        r = parse_bytes(value, &bytes);
        number = bytes <= INT64_MAX ? (int64_t)bytes : INT64_MAX;
    } else {
        r = parse_i64(value, &number);
    }
    if (r)
        return r;
    if (number < row->min || number > row->max)
        return -ERANGE;
    *place = number;
    return 0;
}

static int set_choice(const struct row *row, int *place, struct span value)
{
    const char *word = row->choices;

    for (int i = 0;; i++) {
        size_t len = strcspn(word, "|");

        if (span_equal((struct span){word, len}, value)) {
            *place = i;
            return 0;
        }
        if (!word[len])
            return -EINVAL;
        word += len + 1;
    }
}

static void write_with_unit(char *out, size_t size, int64_t value, const char *const *names,
                            const int64_t *factors, size_t n)
{
    size_t i = 0;

    while (i + 1 < n && value > 0 && value % factors[i + 1] == 0)
        i++;
    (void)snprintf(out, size, "%" PRId64 "%s", value / factors[i], names[i]);
}

/* A bound of the range, in the largest unit that fits: 60000 as 1m. */
static void write_bound(const struct row *row, char *out, size_t size, int64_t value)
{
    static const char *const ms_names[] = {"ms", "s", "m", "h", "d"};
    static const int64_t ms_factors[] = {1, 1000, 60000, 3600000, 86400000};
    static const char *const byte_names[] = {"", "KiB", "MiB", "GiB"};
    static const int64_t byte_factors[] = {1, 1 << 10, 1 << 20, 1 << 30};

    if (row->kind == MS)
        write_with_unit(out, size, value, ms_names, ms_factors, ARRAY_LEN(ms_names));
    else if (row->kind == BYTES)
        write_with_unit(out, size, value, byte_names, byte_factors, ARRAY_LEN(byte_names));
    else
        (void)snprintf(out, size, "%" PRId64, value);
}

static void write_range(const struct row *row, char out[RANGE_LEN])
{
    char low[RANGE_LEN / 3], high[RANGE_LEN / 3];

    if (row->kind == INT || row->kind == MS || row->kind == BYTES) {
        write_bound(row, low, sizeof(low), row->min);
        write_bound(row, high, sizeof(high), row->max);
        (void)snprintf(out, RANGE_LEN, "%s..%s", low, high);
    } else {
        (void)snprintf(out, RANGE_LEN, "%s", row->choices);
    }
}

static int settings_refuse(const struct row *row, const char *value, const char *origin,
                           struct diag *diag)
{
    static const char *const expected[] = {
        [INT] = "a number in ",
        [MS] = "a duration such as 250ms, 30s or 2h in ",
        [BYTES] = "a size such as 4096, 16KiB or 1MiB in ",
        [ENUM] = "one of ",
    };
    char range[RANGE_LEN];

    write_range(row, range);
    return diag_set(diag, "%s (%.*s): expected %s%s, not \"%.*s\"", row->name, ORIGIN_SHOWN, origin,
                    expected[row->kind], range, SHOWN, value);
}

static int settings_set_row(struct settings *s, const struct row *row, const char *value,
                            const char *origin, struct diag *diag)
{
    void *place = (char *)s + row->offset;
    int r;

    switch (row->kind) {
    case TEXT:
    case SECRET:
        return settings_set_text(place, value, diag);
    case INT:
    case MS:
    case BYTES:
        r = set_number(row, place, span_of(value));
        break;
    case ENUM:
        r = set_choice(row, place, span_of(value));
        break;
    default:
        unreachable();
    }
    return r ? settings_refuse(row, value, origin, diag) : 0;
}

/* ---- all of them ---- */

int settings_init(struct settings *s)
{
    struct diag diag;

    *s = (struct settings){0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int r = settings_set_row(s, &rows[i], rows[i].initial, "its default", &diag);

        if (r) {
            settings_fini(s);
            return err_trace(r);
        }
    }
    return 0;
}

void settings_fini(struct settings *s)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char **place = (char **)(void *)((char *)s + rows[i].offset);

        if ((rows[i].kind != TEXT && rows[i].kind != SECRET) || !*place)
            continue;
        explicit_bzero(*place, strlen(*place));
        free(TAKE(*place));
    }
}

static const struct row *find_row(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *a = rows[i].name, *b = name;

        while (*a && (*a == *b || (*a == '_' && *b == '-')))
            a++, b++;
        if (!*a && !*b)
            return &rows[i];
    }
    return NULL;
}

int settings_set(struct settings *s, const char *name, const char *value, const char *origin,
                 struct diag *diag)
{
    const struct row *row = find_row(name);

    if (!row) {
        (void)diag_set(diag, "%.*s (%.*s): there is no setting of this name", NAME_MAX_LEN, name,
                       ORIGIN_SHOWN, origin);
        return -ENOENT;
    }
    return settings_set_row(s, row, value, origin, diag);
}

/* ---- the file ---- */

static char *settings_trim(char *text)
{
    char *end = text + strlen(text);

    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    *end = '\0';
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

static int set_line(struct settings *s, char *line, const char *origin, struct diag *diag)
{
    char *name = settings_trim(line), *equals;
    int r;

    if (*name == '\0' || *name == '#')
        return 0;
    equals = strchr(name, '=');
    if (!equals)
        return diag_set(diag, "%.*s: expected `name = value` or a comment that begins with '#'",
                        ORIGIN_SHOWN, origin);
    *equals = '\0';
    r = settings_set(s, settings_trim(name), settings_trim(equals + 1), origin, diag);
    return r == -ENOENT ? -EINVAL : r;
}

static int settings_read_lines(struct settings *s, FILE *in, const char *path, struct diag *diag)
{
    char line[LINE_MAX_LEN + 2], origin[ORIGIN_SHOWN + 1];
    const char *shown =
        strlen(path) > 48 ? path + strlen(path) - 48 : path; /* its end tells more */
    int r = 0;

    for (unsigned number = 1; r == 0 && fgets(line, sizeof(line), in); number++) {
        (void)snprintf(origin, sizeof(origin), "%s line %u", shown, number);
        if (!strchr(line, '\n') && !feof(in))
            r = diag_set(diag, "%s: longer than %d bytes", origin, LINE_MAX_LEN);
        else
            r = set_line(s, line, origin, diag);
    }
    explicit_bzero(line, sizeof(line)); /* a key may have been in it */
    if (r == 0 && ferror(in))
        r = diag_set(diag, "%s: cannot be read: %s", shown, err_text(-errno));
    return r;
}

static int settings_load_file(struct settings *s, const char *path, struct diag *diag)
{
    FILE *in = fopen(path, "re");
    int r;

    if (!in)
        return diag_set(diag, "configuration file %.*s: %s", 100, path, err_text(-errno));
    r = settings_read_lines(s, in, path, diag);
    (void)fclose(in);
    return r;
}

/* ---- the environment ---- */

static void environment_name(const struct row *row, char out[NAME_MAX_LEN + 16])
{
    size_t len = (size_t)snprintf(out, NAME_MAX_LEN + 16, "GRAPNEL_%s", row->name);

    for (size_t i = 0; i < len; i++)
        out[i] = (char)toupper((unsigned char)out[i]);
}

static int load_environment(struct settings *s, struct diag *diag)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char name[NAME_MAX_LEN + 16];
        const char *value;
        int r;

        environment_name(&rows[i], name);
        value = getenv(name);
        if (!value)
            continue;
        r = settings_set_row(s, &rows[i], value, name, diag);
        if (r)
            return r;
    }
    return 0;
}

int settings_load(struct settings *s, const char *file, struct diag *diag)
{
    int r = 0;

    if (!file)
        file = getenv("GRAPNEL_CONFIG");
    if (file && *file)
        r = settings_load_file(s, file, diag);
    return r ? r : load_environment(s, diag);
}

/* ---- the table for others ---- */

const struct settings_row *settings_row_at(size_t index)
{
    static const char *const kinds[] = {
        [TEXT] = "text",   [SECRET] = "secret", [INT] = "number",
        [MS] = "duration", [BYTES] = "bytes",   [ENUM] = "choice",
    };
    static struct settings_row made[ARRAY_LEN(rows)];
    static char ranges[ARRAY_LEN(rows)][RANGE_LEN];
    const struct row *row;

    if (index >= ARRAY_LEN(rows))
        return NULL;
    row = &rows[index];
    write_range(row, ranges[index]);
    made[index] = (struct settings_row){
        .name = row->name,
        .kind = kinds[row->kind],
        .initial = row->initial,
        .range = ranges[index],
        .help = row->help,
        .scope = row->scope,
    };
    return &made[index];
}

static void settings_write_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            (void)fputc('\\', out);
        (void)fputc(*text, out);
    }
}

static void write_readers(FILE *out, unsigned scope)
{
    static const struct {
        unsigned scope;
        const char *name;
    } readers[] = {{SCOPE_SCHEDULER, "scheduler"},
                   {SCOPE_WORKER, "worker"},
                   {SCOPE_API, "api"},
                   {SCOPE_CLI, "cli"}};
    const char *separator = "";

    if (scope == SCOPE_ALL) {
        (void)fputs("all", out);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        if (!(scope & readers[i].scope))
            continue;
        (void)fprintf(out, "%s%s", separator, readers[i].name);
        separator = ", ";
    }
}

static void write_row(FILE *out, const struct settings_row *row)
{
    (void)fprintf(out, "| `%s` | ", row->name);
    if (*row->initial)
        (void)fprintf(out, "`%s`", row->initial);
    (void)fprintf(out, " | %s", row->kind);
    if (*row->range) {
        (void)fputs(", ", out);
        settings_write_escaped(out, row->range);
    }
    (void)fputs(" | ", out);
    write_readers(out, row->scope);
    (void)fputs(" | ", out);
    settings_write_escaped(out, row->help);
    (void)fputs(" |\n", out);
}

void settings_write_markdown(FILE *out)
{
    const struct settings_row *row;

    (void)fputs(
        "# Configuration\n"
        "\n"
        "<!-- Generated from common/runtime/settings.def by `./dev doc`. -->\n"
        "\n"
        "You can set each setting in four ways; a later one overrides an earlier one: its default; "
        "a line\n"
        "`name = value` in the file that `--config FILE` or `GRAPNEL_CONFIG` names (a line that "
        "starts with `#` is a comment);\n"
        "an environment variable, `GRAPNEL_` and the name in upper case (`GRAPNEL_REDIS_URL`); the "
        "command line, with `-` for `_`\n"
        "(`--redis-url VALUE`). A program refuses to start if a value is malformed or out of "
        "range.\n"
        "\n"
        "Durations are written `250ms`, `30s`, `5m`, `2h`, `7d` (a number without a unit is "
        "milliseconds), sizes `4096`,\n"
        "`16KiB`, `1MiB`, `1GiB`. Do not put secrets on the command line: every user of the "
        "machine "
        "can read it.\n"
        "\n"
        "| name | default | value | read by | meaning |\n"
        "|---|---|---|---|---|\n",
        out);
    for (size_t i = 0; (row = settings_row_at(i)); i++)
        write_row(out, row);
}

/* ---- the command line ---- */

enum { KEY_CONFIG = 1000, KEY_HELP, KEY_USAGE, KEY_VERSION, KEY_ROW };

struct command_line {
    const char *config;
    char *values[ARRAY_LEN(rows)]; /* NULL: not given */
    bool is_answered;              /* --help or --version */
    struct argp_option options[ARRAY_LEN(rows) + 5];
    char names[ARRAY_LEN(rows)][NAME_MAX_LEN];
    char docs[ARRAY_LEN(rows)][512];
};

static error_t settings_on_option(int key, char *value, struct argp_state *state)
{
    struct command_line *line = state->input;

    if (key >= KEY_ROW && key < KEY_ROW + (int)ARRAY_LEN(rows)) { /* above are argp's own */
        line->values[key - KEY_ROW] = value;
        return 0;
    }
    switch (key) {
    case KEY_CONFIG:
        line->config = value;
        return 0;
    case KEY_HELP:
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK);
        line->is_answered = true;
        return 0;
    case KEY_USAGE:
        argp_state_help(state, stdout, ARGP_HELP_USAGE);
        line->is_answered = true;
        return 0;
    case KEY_VERSION:
        (void)printf("%s " GRAPNEL_VERSION_TEXT "\n", state->name);
        line->is_answered = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument \"%.64s\": expected --NAME VALUE", value);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void add_row_option(struct command_line *line, struct argp_option *option, size_t index)
{
    static const char *const values[] = {
        [TEXT] = "TEXT",   [SECRET] = "TEXT", [INT] = "NUMBER",
        [MS] = "DURATION", [BYTES] = "SIZE",  [ENUM] = "WORD",
    };
    const struct row *row = &rows[index];
    char *name = line->names[index], *doc = line->docs[index], range[RANGE_LEN];

    for (size_t i = 0; i < NAME_MAX_LEN - 1 && row->name[i]; i++)
        name[i] = row->name[i] == '_' ? '-' : row->name[i];
    write_range(row, range);
    (void)snprintf(doc, sizeof(line->docs[0]), "%s%s%s%s%s%s", row->help, *row->initial ? " [" : "",
                   row->initial, *row->initial ? "]" : "", *range ? "; " : "", range);
    *option = (struct argp_option){.name = name,
                                   .key = KEY_ROW + (int)index,
                                   .arg = values[row->kind],
                                   .doc = doc,
                                   .group = 0};
}

static void add_options(struct command_line *line, unsigned scope)
{
    struct argp_option *option = line->options;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].scope & scope)
            add_row_option(line, option++, i);
    }
    *option++ = (struct argp_option){.name = "config",
                                     .key = KEY_CONFIG,
                                     .arg = "FILE",
                                     .doc = "File of `name = value` lines to read first",
                                     .group = -1};
    *option++ = (struct argp_option){
        .name = "help", .key = KEY_HELP, .doc = "Print this list and leave", .group = -1};
    *option++ = (struct argp_option){.name = "usage",
                                     .key = KEY_USAGE,
                                     .doc = "Print a short form of this list and leave",
                                     .group = -1};
    *option++ = (struct argp_option){
        .name = "version", .key = KEY_VERSION, .doc = "Print the version and leave", .group = -1};
    *option = (struct argp_option){0};
}

static int settings_apply(struct settings *s, const struct command_line *line, struct diag *diag)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char origin[NAME_MAX_LEN + 4];
        int r;

        if (!line->values[i])
            continue;
        (void)snprintf(origin, sizeof(origin), "--%s", line->names[i]);
        r = settings_set_row(s, &rows[i], line->values[i], origin, diag);
        if (r)
            return r;
        if (rows[i].kind == SECRET) /* gone from what ps shows */
            explicit_bzero(line->values[i], strlen(line->values[i]));
    }
    return 0;
}

static int load_and_apply(struct settings *s, const struct command_line *line, const char *program)
{
    struct diag diag = {""};
    int r = settings_init(s);

    if (r)
        return r;
    r = settings_load(s, line->config, &diag);
    if (r == 0)
        r = settings_apply(s, line, &diag);
    if (r) {
        (void)fprintf(stderr, "%s: %s\n", program, diag.text);
        settings_fini(s);
    }
    return r;
}

int settings_parse_argv(struct settings *s, unsigned scope, int argc, char **argv,
                        const char *about)
{
    struct command_line *line = calloc(1, sizeof(*line));
    struct argp argp = {.parser = settings_on_option, .doc = about};
    int r;

    if (!line)
        return err_origin(-ENOMEM);
    add_options(line, scope);
    argp.options = line->options;
    /* NO_EXIT: a library does not end the program over bad input, main does. */
    r = argp_parse(&argp, argc, argv, ARGP_NO_EXIT | ARGP_NO_HELP, NULL, line);
    if (line->is_answered) {
        free(line);
        exit(EXIT_SUCCESS); /* --help and --version are answered: there is nothing left to do */
    }
    r = r ? -EINVAL : load_and_apply(s, line, program_invocation_short_name);
    free(line);
    return r;
}
