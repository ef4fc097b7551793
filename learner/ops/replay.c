#include "learner/ops/replay.h"

#include <inttypes.h>

#include "learner/ops/lines.h"
#include "models/schedfile.h"
#include "tm/base/err.h"
#include "tm/base/time.h"

struct tm_open tm_replay_open(const struct tm_replay_source *s, struct tm_replay_place *at)
{
    size_t i = at->next++;
    TM_ASSERT(s->conn && i < s->deck->n_conns);
    const struct tm_replay_conn *c = &s->conn[i];
    bool is_first = i == 0 || s->deck->conn[i].user != s->deck->conn[i - 1].user;
    struct tm_open open = {.ref = TM_OPEN_ORIGIN, .gap_us = c->start_us - s->origin_us};
    if (!is_first && c->start_us >= at->all_ended_us) {
        open.ref = TM_OPEN_ENDED;
        open.gap_us = c->start_us - at->all_ended_us;
        if (s->pace_us > 0 && open.gap_us > s->pace_us)
            open.gap_us = s->pace_us;
    } else if (!is_first) {
        open.ref = TM_OPEN_PREV;
        open.gap_us = c->start_us - s->conn[i - 1].start_us;
    }
    at->all_ended_us = is_first ? c->end_us : tm_max_us(at->all_ended_us, c->end_us);
    return open;
}

void tm_replay_add_head(struct tm_text *t, const struct tm_replay_source *s)
{
    const struct tm_deck *d = s->deck;
    tm_text_add(t,
                "{\"t\":\"schedule\",\"v\":%d,\"kind\":\"replay\",\"users\":%" PRIu32
                ",\"connections\":%zu,\"pace_us\":%" PRId64 "}\n",
                TM_SCHEDFILE_VERSION, d->n_conns > 0 ? d->conn[d->n_conns - 1].user + 1 : 0,
                d->n_conns, s->pace_us);
}

void tm_replay_add_conn(struct tm_text *t, const struct tm_replay_source *s, size_t i,
                        const struct tm_open *open)
{
    const struct tm_deck_conn *d = &s->deck->conn[i];
    char server[TM_ADDR_TEXT_LEN];
    tm_packet_addr_text(s->conn[i].server, server);
    tm_text_add(t,
                "{\"t\":\"open\",\"c\":%zu,\"user\":%" PRIu32 ",\"ref\":\"%s\",\"gap\":%" PRId64
                ",\"at\":%" PRId64 ",\"server\":\"%s\",\"port\":%u}\n",
                i, d->user, tm_lines_open_ref_name(open->ref), open->gap_us,
                s->conn[i].start_us - s->origin_us, server, s->conn[i].server_port);
    for (uint32_t k = 0; k < d->n_writes; k++) {
        const struct tm_write *w = &s->deck->w[d->first + k];
        tm_text_add(t,
                    "{\"t\":\"data\",\"c\":%zu,\"i\":%" PRIu32 ",\"dir\":\"%s\",\"size\":%" PRIu32
                    ",\"ref\":%ld,\"gap\":%" PRIu32 "}\n",
                    i, k, tm_lines_dir_name(w->dir), w->size,
                    w->ref_back > 0 ? (long)k - w->ref_back : -1L, w->gap_us);
    }
    tm_text_add(t, "{\"t\":\"close\",\"c\":%zu,\"gap\":%" PRIu32, i, d->close_gap_us);
    tm_lines_add_closing(t, &d->close, d->n_writes);
    tm_text_add(t, ",\"at\":%" PRId64 "}\n", s->conn[i].end_us - s->origin_us);
}
