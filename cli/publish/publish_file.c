/* SPDX-License-Identifier: Apache-2.0 */
/* publish_file.c: lines → batches → Redis → what became of each line.
 *
 * A batch is read, sent and answered before the next: memory is bounded, and the resume file says
 * how many lines are dealt with, which is a whole number of batches. A line that is refused is
 * dealt with, too: it would be refused again. Anything else that goes wrong ends the run at that
 * batch. */
#include "cli/publish/publish_file.h"
#include "admin/event/event_line.h"
#include "cli/lines.h"
#include "cli/publish/resume.h"
#include "common/base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum {
    BATCH_LINES = 256,
    BATCH_BYTES = 4 * 1024 * 1024,
    LINE_EXTRA_BYTES = 16 * 1024, /* what a line may hold besides its data */
    JSON_LINE_MAX = 4096,
    PROGRESS_MS = 200,
};

struct line {
    uint64_t number;
    char *text;      /* owned; the event points into it */
    char words[160]; /* why it is no event; "": it is one */
    char key[RESUME_KEY_SIZE];
};

struct run {
    struct cli *cli;
    struct grapnel *g;
    struct lines input;
    struct resume resume;
    /* The batch in hand: lines, and an event and a receipt for each of them. */
    struct line lines[BATCH_LINES];
    struct grapnel_event events[BATCH_LINES];
    struct grapnel_receipt receipts[BATCH_LINES];
    size_t n, bytes;
    bool is_at_end;
    uint64_t accepted, duplicates, refused; /* lines */
    bool has_progress;                      /* standard error is a terminal */
    int64_t progress_ms;
};

static int fail_words(struct run *run, const struct diag *diag)
{
    return cli_fail(run->cli, EXIT_FAILED, "%s", diag->text);
}

/* --- reading a batch -------------------------------------------------------------------------- */

static struct line *publish_file_add_line(struct run *run)
{
    struct line *line = &run->lines[run->n];

    line->number = run->input.number;
    line->text = NULL;
    line->words[0] = '\0';
    run->events[run->n] = (struct grapnel_event){0};
    run->n++;
    return line;
}

/* The library refuses its empty event with the others, so that the batch stays one; the words are
 * ours. */
static void publish_file_refuse(struct line *line, const char *words)
{
    (void)snprintf(line->words, sizeof(line->words), "%.159s", words);
}

static int publish_file_take_line(struct run *run, const char *text, size_t len)
{
    struct line *line = publish_file_add_line(run);
    struct grapnel_event *event = &run->events[line - run->lines];
    struct diag diag;

    line->text = malloc(len + 1);
    if (!line->text)
        return -ENOMEM;
    memcpy(line->text, text, len);
    line->text[len] = '\0';
    run->bytes += len;
    if (event_line_parse(line->text, len, event, &diag)) {
        publish_file_refuse(line, diag.text);
        return 0;
    }
    if (run->resume.fd >= 0 && !event->idempotency_key) {
        resume_key(&run->resume, line->number, line->key);
        event->idempotency_key = line->key;
    }
    return 0;
}

static bool publish_file_is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!strchr(" \t\r", text[i]) || !text[i])
            return false;
    return true;
}

/* One line of input. 0, or an exit status. */
static int publish_file_read_line(struct run *run)
{
    char *text = NULL, words[96];
    size_t len = 0;
    bool is_done;
    struct diag diag = {""};
    int r = lines_next(&run->input, &text, &len);

    if (r < 0)
        return cli_fail(run->cli, EXIT_FAILED, "the input cannot be read: %s", strerrordesc_np(-r));
    if (r == LINES_END) {
        run->is_at_end = true;
        return resume_end(&run->resume, &diag) ? fail_words(run, &diag) : 0;
    }
    if (resume_pass(&run->resume, r ? SPAN("") : (struct span){text, len}, &is_done, &diag))
        return fail_words(run, &diag);
    if (is_done || (!r && publish_file_is_blank(text, len)))
        return 0;
    if (r == LINES_TOO_LONG) {
        (void)snprintf(words, sizeof(words), "longer than %zu bytes", run->input.line_max);
        publish_file_refuse(publish_file_add_line(run), words);
        return 0;
    }
    if (publish_file_take_line(run, text, len))
        return cli_fail(run->cli, EXIT_FAILED, "out of memory");
    return 0;
}

static int publish_file_read_batch(struct run *run)
{
    int status = 0;

    run->bytes = 0;
    while (!status && !run->is_at_end && run->n < BATCH_LINES && run->bytes < BATCH_BYTES)
        status = publish_file_read_line(run);
    return status;
}

static void publish_file_free_batch(struct run *run)
{
    for (size_t i = 0; i < run->n; i++)
        free(run->lines[i].text);
    run->n = 0;
}

/* --- sending it ------------------------------------------------------------------------------- */

/* The first receipt that neither accepts nor refuses; NULL when there is none. */
static const struct grapnel_receipt *find_broken(const struct run *run)
{
    for (size_t i = 0; i < run->n; i++)
        if (run->receipts[i].result != GRAPNEL_OK && run->receipts[i].result != GRAPNEL_REFUSED)
            return &run->receipts[i];
    return NULL;
}

static void send_batch(struct run *run)
{
    (void)grapnel_publish_batch(run->g, run->events, run->n, run->receipts);
    for (size_t i = 0; i < run->n; i++)
        if (*run->lines[i].words)
            (void)snprintf(run->receipts[i].error, sizeof(run->receipts[i].error), "%s",
                           run->lines[i].words);
}

/* --- telling ---------------------------------------------------------------------------------- */

static void show_progress(struct run *run, bool is_last)
{
    int64_t now_ms = clock_mono_ms();

    if (!run->has_progress || (!is_last && now_ms - run->progress_ms < PROGRESS_MS))
        return;
    run->progress_ms = now_ms;
    (void)fprintf(stderr, "\r%" PRIu64 " accepted, %" PRIu64 " refused%s",
                  run->accepted + run->duplicates, run->refused, is_last ? "\n" : "");
}

static void tell_refused(const struct run *run, const struct line *line, const char *words)
{
    (void)fprintf(stderr, "%sline %" PRIu64 ": %s\n", run->has_progress ? "\r\033[K" : "",
                  line->number, words);
}

static int print_line(const struct run *run, const struct line *line,
                      const struct grapnel_receipt *receipt)
{
    struct buf json;
    int status;

    buf_init(&json, JSON_LINE_MAX);
    buf_printf(&json, "{\"line\":%" PRIu64, line->number);
    buf_add_text(&json, receipt->result ? ",\"error\":" : ",\"eventId\":");
    buf_add_json_string(&json, span_of(receipt->result ? receipt->error : receipt->event_id));
    if (!receipt->result)
        buf_add_text(&json, receipt->is_duplicate ? ",\"duplicate\":true" : ",\"duplicate\":false");
    buf_add_char(&json, '}');
    status = cli_print_json(run->cli, &json);
    buf_fini(&json);
    return status;
}

static int publish_file_tell_batch(struct run *run)
{
    int status = 0;

    for (size_t i = 0; i < run->n && !status; i++) {
        const struct grapnel_receipt *receipt = &run->receipts[i];

        if (receipt->result == GRAPNEL_REFUSED) {
            run->refused++;
            tell_refused(run, &run->lines[i], receipt->error);
        } else if (receipt->is_duplicate) {
            run->duplicates++;
        } else {
            run->accepted++;
        }
        if (run->cli->is_json)
            status = print_line(run, &run->lines[i], receipt);
    }
    show_progress(run, false);
    return status;
}

/* The batch in hand did not get through. Some of its lines may be in Redis. */
static int publish_file_tell_broken(const struct run *run, const struct grapnel_receipt *receipt)
{
    uint64_t first = run->lines[0].number, last = run->lines[run->n - 1].number;

    if (run->has_progress)
        (void)fputc('\n', stderr);
    if (run->resume.fd >= 0)
        (void)fprintf(stderr, "Run it again with the same --resume to go on; nothing is published "
                              "twice.\n");
    return cli_fail(run->cli, cli_status_of(receipt->result),
                    "%s (what was before line %" PRIu64 " is dealt with; of lines %" PRIu64
                    " to %" PRIu64 " it is not known)",
                    receipt->error, first, first, last);
}

static int tell_end(struct run *run)
{
    struct buf json;
    int status = EXIT_DONE;

    show_progress(run, true);
    if (run->cli->is_json) {
        buf_init(&json, JSON_LINE_MAX);
        buf_printf(&json,
                   "{\"accepted\":%" PRIu64 ",\"duplicates\":%" PRIu64 ",\"refused\":%" PRIu64 "}",
                   run->accepted, run->duplicates, run->refused);
        status = cli_print_json(run->cli, &json);
        buf_fini(&json);
    } else if (!run->has_progress) {
        (void)printf("%" PRIu64 " accepted, %" PRIu64 " duplicates, %" PRIu64 " refused\n",
                     run->accepted, run->duplicates, run->refused);
    }
    return run->refused ? EXIT_FAILED : status;
}

/* --- the run ---------------------------------------------------------------------------------- */

static int publish_batch(struct run *run)
{
    const struct grapnel_receipt *broken;
    struct diag diag = {""};
    int status;

    send_batch(run);
    broken = find_broken(run);
    if (broken)
        return publish_file_tell_broken(run, broken);
    status = publish_file_tell_batch(run);
    if (!status && resume_save(&run->resume, &diag))
        status = fail_words(run, &diag);
    return status;
}

static int publish_all(struct run *run)
{
    int status = 0;

    while (!status && !run->is_at_end) {
        status = publish_file_read_batch(run);
        if (!status)
            status = publish_batch(run);
        publish_file_free_batch(run);
    }
    return status ? status : tell_end(run);
}

static int publish_file_with_input(struct run *run, int fd, const char *resume)
{
    size_t line_max = (size_t)run->cli->settings.event_bytes_max + LINE_EXTRA_BYTES;
    struct diag diag = {""};
    int status;

    if (resume_open(&run->resume, resume, &diag))
        return fail_words(run, &diag);
    if (lines_init(&run->input, fd, line_max))
        status = cli_fail(run->cli, EXIT_FAILED, "out of memory");
    else
        status = publish_all(run);
    lines_fini(&run->input);
    resume_close(&run->resume);
    return status;
}

int publish_file(struct cli *cli, struct grapnel *g, const char *path, const char *resume)
{
    struct run *run = calloc(1, sizeof(*run));
    int fd = STDIN_FILENO, status;
    bool is_file = path && strcmp(path, "-") != 0;

    if (!run)
        return cli_fail(cli, EXIT_FAILED, "out of memory");
    run->cli = cli;
    run->g = g;
    run->has_progress = isatty(STDERR_FILENO);
    if (is_file)
        fd = open(path, O_RDONLY | O_CLOEXEC);
    status = fd < 0 ? cli_fail(cli, EXIT_FAILED, "%s: %s", path, strerrordesc_np(errno))
                    : publish_file_with_input(run, fd, resume);
    if (is_file && fd >= 0)
        (void)close(fd);
    free(run);
    return status;
}
