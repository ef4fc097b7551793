#include "learner/provenance.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/err.h"

static void add_text(struct tm_prov_sheet *s, const char *key, const char *value)
{
    size_t i = s->n_lines;
    TM_ASSERT(i < TM_PROV_LINES_MAX);
    (void)snprintf(s->key[i], sizeof s->key[i], "%s", key);
    (void)snprintf(s->value[i], sizeof s->value[i], "%s", value);
    s->line[i] = (struct tm_provenance){s->key[i], s->value[i]};
    s->n_lines++;
}

static void add_number(struct tm_prov_sheet *s, const char *key, uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    add_text(s, key, text);
}

static void add_key(struct tm_prov_sheet *s, const struct tm_fit_cfg *fit)
{
    char net[16];
    (void)snprintf(net, sizeof net, "pair/%u", fit->server_bits);
    switch (fit->key) {
    case TM_USER_CLIENT:
        add_text(s, "option.key", "client");
        return;
    case TM_USER_PAIR:
        add_text(s, "option.key", "pair");
        return;
    case TM_USER_NET:
        add_text(s, "option.key", net);
        return;
    }
}

static void add_join(struct tm_prov_sheet *s, enum tm_join join)
{
    switch (join) {
    case TM_JOIN_FOLLOWING:
        add_text(s, "option.join", "following");
        return;
    case TM_JOIN_ALL:
        add_text(s, "option.join", "all");
        return;
    case TM_JOIN_NONE:
        add_text(s, "option.join", "none");
        return;
    }
}

static void add_ports(struct tm_prov_sheet *s, const struct tm_options *o)
{
    char ports[TM_OPTIONS_PORTS_MAX * 6 + 1] = "";
    size_t len = 0;
    for (size_t i = 0; i < o->world.n_ports; i++)
        len += (size_t)snprintf(ports + len, sizeof ports - len, "%s%u", i > 0 ? "," : "",
                                o->ports[i]);
    add_text(s, "option.port", ports);
}

static void add_options(struct tm_prov_sheet *s, const struct tm_options *o)
{
    const struct tm_group_cfg *g = &o->fit.group;
    add_text(s, "option.conn_end", o->fit.end == TM_END_CLOSE ? "close" : "payload");
    add_number(s, "option.min_rtts", o->fit.min_rtts);
    add_number(s, "option.no_server_think", o->fit.is_server_think_zero);
    add_number(s, "option.tails", o->world.exchange.is_tail_pair);
    add_key(s, &o->fit);
    add_join(s, o->join);
    add_number(s, "option.points", o->fit.max_points);
    add_number(s, "option.rre_gap_us", (uint64_t)g->rre_gap_us);
    add_number(s, "option.inter_conn_us", (uint64_t)g->inter_conn_us);
    add_number(s, "option.session_gap_us", (uint64_t)g->session_gap_us);
    add_number(s, "option.session_length_us", (uint64_t)g->session_length_us);
    add_number(s, "option.away_us", (uint64_t)g->away_us);
    add_number(s, "option.max_conns", g->max_conns);
    add_number(s, "option.max_rres", g->max_rres);
    add_number(s, "option.max_pairs", o->world.exchange.max_pairs);
    add_number(s, "option.gap_credit_bytes", o->world.exchange.gap_credit_bytes);
    add_number(s, "option.min_packets", o->world.min_packets);
    add_number(s, "option.max_flows", o->world.flow.max_flows);
}

static void add_reading(struct tm_prov_sheet *s, const struct tm_reading_counts *r)
{
    static const char *const key[TM_PACKET_KINDS] = {
        [TM_PACKET_TCP] = "frames.tcp",         [TM_PACKET_NOT_IP] = "frames.not_ip",
        [TM_PACKET_NOT_TCP] = "frames.not_tcp", [TM_PACKET_FRAGMENT] = "frames.fragment",
        [TM_PACKET_CUT] = "frames.cut",         [TM_PACKET_BAD] = "frames.bad",
    };
    add_number(s, "captures", r->n_captures);
    add_number(s, "captures.damaged", r->n_damaged);
    add_number(s, "recordings", r->n_recordings);
    add_number(s, "frames", r->n_frames);
    for (size_t k = 0; k < TM_PACKET_KINDS; k++)
        add_number(s, key[k], r->n_kind[k]);
    add_number(s, "frames.other_link", r->n_link);
    add_number(s, "frames.no_time", r->n_untimed);
    add_number(s, "frames.early", r->n_early);
    add_number(s, "datagrams.joined", r->defrag.n_whole);
    add_number(s, "datagrams.overlapping", r->defrag.n_overlap);
    add_number(s, "datagrams.incomplete", r->defrag.n_lost);
}

static void add_world(struct tm_prov_sheet *s, const struct tm_world_counts *w)
{
    add_number(s, "packets", w->n_packets);
    add_number(s, "packets.other_ports", w->n_other_packets);
    add_number(s, "packets.retransmitted", w->n_retrans);
    add_number(s, "connections", w->n_conns);
    add_number(s, "connections.cut_parts", w->n_pseudo);
    add_number(s, "connections.no_opening", w->n_no_syn);
    add_number(s, "connections.no_end", w->n_no_end);
    add_number(s, "connections.ended_early", w->n_evicted);
    add_number(s, "dropped.few_packets", w->n_short);
    add_number(s, "dropped.no_exchange", w->n_empty);
    add_number(s, "dropped.port_of_client", w->n_foreign);
    add_number(s, "bytes.up", w->bytes[TM_UP]);
    add_number(s, "bytes.down", w->bytes[TM_DOWN]);
    add_number(s, "bytes.inferred", w->inferred);
    add_number(s, "bytes.uncounted", w->uncounted);
    add_number(s, "tls", w->n_tls);
    add_number(s, "tls.followed", w->n_tls_followed);
    add_number(s, "tls.cut_by_snapshot", w->n_tls_cut);
    add_number(s, "tls.lost", w->n_tls_lost);
}

/* How the deck of a joint model came to be. */
static void add_deck(struct tm_prov_sheet *s, const struct tm_class *class)
{
    const struct tm_recombine_report *r = &class->made.recombined;
    struct tm_weld_report w;
    tm_joint_sum_welds(&class->made, &w);
    add_number(s, "joint.connections", class->deck.n_conns);
    add_number(s, "joint.dropped", r->n_dropped + class->made.n_taken_out);
    add_number(s, "joint.parents_median", r->parents_median);
    add_number(s, "joint.parents_p5", r->parents_p5);
    add_number(s, "joint.share_p95_percent", r->share_p95);
    add_number(s, "joint.rounds", r->rounds);
    add_number(s, "joint.welds", w.n_needed + w.n_decoys);
    add_number(s, "joint.pooled_sizes", class->made.pooled.n_sizes);
    add_number(s, "joint.pooled_pauses", class->made.pooled.n_pauses);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct tm_provenance *)a)->key, ((const struct tm_provenance *)b)->key);
}

static void add_pooling(struct tm_prov_sheet *s, const struct tm_finish *f)
{
    struct tm_pool_count sum = {0};
    for (size_t kind = 0; kind < TM_SAMPLES_KINDS; kind++) {
        sum.n_pooled += f->pooled[kind].n_pooled;
        sum.n_dropped += f->pooled[kind].n_dropped;
    }
    add_number(s, "option.k", f->o->pool.k);
    add_number(s, "users", f->n_users);
    add_number(s, "values.pooled", sum.n_pooled);
    add_number(s, "values.dropped", sum.n_dropped);
}

void tm_prov_fill(struct tm_prov_sheet *sheet, const struct tm_finish *f)
{
    sheet->n_lines = 0;
    add_text(sheet, "tool", "tm-learn " TM_VERSION);
    if (f->class->filter)
        add_text(sheet, "option.class", "by filter"); /* which may hold addresses */
    else
        add_ports(sheet, f->o);
    add_options(sheet, f->o);
    add_reading(sheet, &f->reading);
    add_world(sheet, &f->world);
    add_pooling(sheet, f);
    add_number(sheet, "sessions", f->class->group.n_sessions);
    add_number(sheet, "sessions.away", f->class->group.n_away);
    add_number(sheet, "rres", f->class->group.n_rres);
    if (f->o->kind == TM_MODEL_JOINT)
        add_deck(sheet, f->class);
    qsort(sheet->line, sheet->n_lines, sizeof *sheet->line, by_key);
}
