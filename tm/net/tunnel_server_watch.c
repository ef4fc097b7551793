/* tm/net/tunnel_server_watch.c - what the server's end tells of its sessions. */
#include "tm/net/tunnel_server_impl.h"

void tm_tunnel_server_used(struct tm_server_session *s, const struct tm_session_stats *stats)
{
    const struct tm_tunnel_server_cfg *cfg = &s->server->cfg;
    uint64_t bytes = stats->wire_tx_bytes + stats->wire_rx_bytes;
    if (cfg->used == NULL || s->kind != TM_TOKEN_CARRIER || bytes == s->counted_bytes)
        return;
    cfg->used(cfg->user, s->client_id, bytes - s->counted_bytes);
    s->counted_bytes = bytes;
}

void tm_tunnel_server_count(struct tm_tunnel_server *t)
{
    for (struct tm_server_session *s = t->sessions; s != NULL; s = s->next) {
        struct tm_session_stats stats;
        tm_session_get_stats(tm_front_session(s->front), &stats);
        tm_tunnel_server_used(s, &stats);
    }
}

void tm_tunnel_server_stats(const struct tm_tunnel_server *t, struct tm_tunnel_server_stats *out)
{
    struct tm_gate_stats gate;
    *out = t->stats;
    tm_gate_get_stats(t->gate, &gate);
    out->strangers_live = gate.n_live;
    out->accepted = gate.accepted;
    out->refused = t->admit.refused;
    out->strangers = gate.strangers - t->admit.refused;
    out->decoy_failed = gate.decoy_failed;
    for (const struct tm_server_session *s = t->sessions; s != NULL; s = s->next) {
        struct tm_session_stats stats;
        tm_session_get_stats(tm_front_session(s->front), &stats);
        tm_session_stats_add(&out->total, &stats);
        out->total.carriers_live += stats.carriers_live;
        out->total.streams_live += stats.streams_live;
        out->total.last_rx_us = tm_max_us(out->total.last_rx_us, stats.last_rx_us);
        out->carriers_live += stats.carriers_live;
    }
}

bool tm_tunnel_server_has_time(const struct tm_tunnel_server *t)
{
    int64_t next_us = TM_NEVER;
    for (const struct tm_server_session *s = t->sessions; s != NULL; s = s->next)
        next_us = tm_min_us(next_us, tm_session_next_us(s->front->session));
    return next_us > tm_now_us() + TM_TUNNEL_SPARE_US;
}

void tm_tunnel_server_watch(struct tm_tunnel_server *t, struct tm_tunnel_watch *out,
                            tm_tunnel_watch_fn fn, void *user)
{
    struct tm_tunnel_server_stats stats;
    int64_t now_us = tm_now_us();
    *out = (struct tm_tunnel_watch){.now_us = now_us};
    tm_tally_view(t->tally, now_us, &out->tally);
    out->total = tm_tally_total(t->tally);
    tm_wire_get_stats(tm_wirepoll_wire(t->wirepoll), &out->wire);
    tm_pulse_get_stats(t->pulse, &out->clocks);
    tm_tunnel_server_stats(t, &stats);
    out->stats = stats.total;
    for (const struct tm_server_session *s = t->sessions; s != NULL; s = s->next) {
        struct tm_session_control c;
        if (s->kind != TM_TOKEN_CARRIER || s->is_over)
            continue;
        tm_session_get_control(s->front->session, now_us, &c);
        fn(user, &c, s->front->n_lanes > 0 ? 0 : now_us - s->seen_us);
    }
}

void tm_tunnel_server_each(const struct tm_tunnel_server *t, tm_tunnel_session_fn fn, void *user)
{
    for (const struct tm_server_session *s = t->sessions; s != NULL; s = s->next) {
        struct tm_session_stats stats;
        tm_session_get_stats(tm_front_session(s->front), &stats);
        fn(user, s->client_id, &stats);
    }
}
