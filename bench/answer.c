/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/answer.h"

#include "bench/tally.h"

static const char answer_ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

void answer_status(struct buf *ret, int status)
{
    if (status == 200)
        buf_add(ret, answer_ok, sizeof(answer_ok) - 1);
    else
        buf_printf(ret, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n\r\n", status,
                   status < 300 ? "OK" : "Failed");
}

static bool write_stats(struct receiver *r, struct span path, FILE *out)
{
    if (span_equal(path, SPAN("/stats")))
        tally_write_json(&r->tally, r->now_us, out);
    else if (span_equal(path, SPAN("/stats/paths")))
        tally_write_paths_json(&r->tally, out);
    else if (span_equal(path, SPAN("/stats/seconds")))
        tally_write_seconds_json(&r->tally, r->now_us, out);
    else
        return false;
    return true;
}

static void answer_get(struct receiver *r, struct span path, struct buf *ret)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    bool is_known = out && write_stats(r, path, out);

    if (out && fclose(out))
        is_known = false;
    if (!is_known) {
        answer_status(ret, 404);
    } else {
        buf_printf(
            ret, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
            len);
        buf_add(ret, text, len);
    }
    free(text);
}

bool answer_control(struct receiver *r, const struct request *request, struct buf *ret)
{
    if (request->method.len == 3) { /* GET: nobody delivers by it */
        answer_get(r, request->path, ret);
        return true;
    }
    if (request->path.len != 6)
        return false;
    if (span_equal(request->path, SPAN("/reset"))) {
        tally_clear(&r->tally, r->now_us);
        answer_status(ret, 200);
        return true;
    }
    if (span_equal(request->path, SPAN("/flush"))) {
        answer_status(ret, journal_flush(&r->journal) ? 500 : 200);
        return true;
    }
    return false;
}
