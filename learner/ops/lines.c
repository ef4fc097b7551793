#include "learner/ops/lines.h"

#include <inttypes.h>

#include "models/schedfile.h"

static void add_source(struct tm_text *t, const struct tm_sample_head *h)
{
    uint8_t digest[TM_DIGEST_LEN];
    if (h->schedule) {
        tm_text_add(t, "\"schedule\":");
        tm_text_json(t, h->schedule_name);
        tm_text_add(t, ",\"users\":%" PRIu32, h->schedule->n_users);
    } else {
        tm_model_digest(h->model, digest);
        tm_text_add(t, "\"model\":");
        tm_text_json(t, h->model->name);
        tm_text_add(t, ",\"kind\":\"%s\",\"digest\":\"", tm_model_kind_name(h->model->kind));
        tm_text_hex(t, digest, TM_DIGEST_LEN);
        tm_text_add(t, "\",\"seed\":%" PRIu64 ",\"users\":%" PRIu32 ",\"pace_us\":%" PRId64,
                    h->seed, h->n_users, h->pace_us);
    }
    tm_text_add(t, ",\"connections\":%" PRIu64 ",\"rtt_us\":%" PRId64 ",\"rate_bps\":%" PRIu64,
                h->n_conns, h->path.rtt_us, h->path.rate_bps);
}

/* The absolute index of the write that write i refers to; -1: the connection's start. */
static long ref_of(const struct tm_plan *p, size_t i)
{
    return p->w[i].ref_back > 0 ? (long)i - p->w[i].ref_back : -1;
}

const char *tm_lines_dir_name(uint8_t dir)
{
    return dir == TM_UP ? "up" : "down";
}

void tm_lines_add_closing(struct tm_text *t, const struct tm_close *c, size_t n_writes)
{
    if (c->how == TM_CLOSE_RESET)
        tm_text_add(t, ",\"how\":\"reset\"");
    if (c->back > 0)
        tm_text_add(t, ",\"ref\":%zu", n_writes - c->back);
    if (c->server_back > 0)
        tm_text_add(t, ",\"server_ref\":%zu,\"server_gap\":%" PRIu32, n_writes - c->server_back,
                    c->server_gap_us);
}

void tm_lines_sample_head(struct tm_text *t, const struct tm_sample_head *h)
{
    tm_text_add(t, "{\"schema_version\":1,");
    add_source(t, h);
    tm_text_add(t, ",\"mss\":%" PRIu32 "}\n", h->path.mss);
}

void tm_lines_sample_conn(struct tm_text *t, const struct tm_timed_conn *c)
{
    const struct tm_plan *p = &c->plan;
    tm_text_add(t,
                "{\"c\":%" PRIu64 ",\"user\":%" PRIu32 ",\"session\":%" PRIu32 ",\"rre\":%" PRIu32
                ",\"index\":%" PRIu64,
                c->number, c->user, c->open.session, c->open.rre, c->open.index);
    tm_text_add(t, ",\"open_us\":%" PRId64 ",\"close_us\":%" PRId64 ",\"end_us\":%" PRId64,
                c->open_us, c->close_us, c->end_us);
    tm_text_add(t, ",\"up_bytes\":%" PRIu64 ",\"down_bytes\":%" PRIu64 ",\"writes\":[",
                tm_plan_bytes(p, TM_UP), tm_plan_bytes(p, TM_DOWN));
    for (size_t i = 0; i < p->n_writes; i++)
        tm_text_add(t,
                    "%s{\"dir\":\"%s\",\"size\":%" PRIu32 ",\"ref\":%ld,\"gap_us\":%" PRIu32
                    ",\"first_us\":%" PRId64 ",\"last_us\":%" PRId64 "}",
                    i > 0 ? "," : "", tm_lines_dir_name(p->w[i].dir), p->w[i].size, ref_of(p, i),
                    p->w[i].gap_us, c->time[i].first_us, c->time[i].last_us);
    tm_text_add(t, "],\"close_gap_us\":%" PRId64, p->close_gap_us);
    tm_lines_add_closing(t, &p->close, p->n_writes);
    tm_text_add(t, "}\n");
}

void tm_lines_schedule_head(struct tm_text *t, const struct tm_sample_head *h)
{
    tm_text_add(t, "{\"t\":\"schedule\",\"v\":%d,", TM_SCHEDULE_FILE_VERSION);
    add_source(t, h);
    tm_text_add(t, "}\n");
}

const char *tm_lines_open_ref_name(enum tm_open_ref ref)
{
    switch (ref) {
    case TM_OPEN_ORIGIN:
        return "origin";
    case TM_OPEN_PREV:
        return "prev";
    case TM_OPEN_ENDED:
        return "ended";
    case TM_OPEN_OVER:
        return "over";
    }
    return "origin";
}

void tm_lines_schedule_conn(struct tm_text *t, const struct tm_timed_conn *c)
{
    const struct tm_plan *p = &c->plan;
    tm_text_add(t,
                "{\"t\":\"open\",\"c\":%" PRIu64 ",\"user\":%" PRIu32 ",\"session\":%" PRIu32
                ",\"ref\":\"%s\",\"gap\":%" PRId64 ",\"at\":%" PRId64 "}\n",
                c->number, c->user, c->open.session, tm_lines_open_ref_name(c->open.ref),
                c->open.gap_us, c->open_us);
    for (size_t i = 0; i < p->n_writes; i++)
        tm_text_add(t,
                    "{\"t\":\"data\",\"c\":%" PRIu64 ",\"i\":%zu,\"dir\":\"%s\",\"size\":%" PRIu32
                    ",\"ref\":%ld,\"gap\":%" PRIu32 ",\"at\":%" PRId64 "}\n",
                    c->number, i, tm_lines_dir_name(p->w[i].dir), p->w[i].size, ref_of(p, i),
                    p->w[i].gap_us, c->time[i].first_us);
    tm_text_add(t, "{\"t\":\"close\",\"c\":%" PRIu64 ",\"gap\":%" PRId64, c->number,
                p->close_gap_us);
    tm_lines_add_closing(t, &p->close, p->n_writes);
    tm_text_add(t, ",\"at\":%" PRId64 "}\n", c->close_us);
}
