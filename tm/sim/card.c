#include "tm/sim/card.h"

#include "tm/sim/cwnd.h"

static uint64_t scaled(uint64_t n, int64_t to_us, int64_t from_us)
{
    return from_us > 0 ? (uint64_t)((double)n * (double)to_us / (double)from_us + 0.5) : 0;
}

static unsigned permille(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (unsigned)((double)part * 1000 / (double)whole + 0.5) : 0;
}

int64_t tm_card_direct_us(const struct tm_card_cfg *cfg, uint64_t up_bytes, uint64_t down_bytes,
                          bool whole)
{
    return 2 * cfg->rtt_us + tm_cwnd_span_us(up_bytes, cfg->rtt_us, cfg->line_bps) +
           tm_cwnd_span_us(whole ? down_bytes : 0, cfg->rtt_us, cfg->line_bps);
}

uint64_t tm_card_capacity_bps(const struct tm_card *card, enum tm_dir dir)
{
    return scaled(card->delivered_bytes[dir] * 8, 1000000, card->backlog_us);
}

uint64_t tm_card_month_bytes(const struct tm_card *card, bool with_headers)
{
    uint64_t n = card->wire_bytes[TM_UP] + card->wire_bytes[TM_DOWN];
    if (with_headers)
        n += card->header_bytes[TM_UP] + card->header_bytes[TM_DOWN];
    return scaled(n, TM_CARD_MONTH_US, card->counted_us);
}

unsigned tm_card_useful_permille(const struct tm_card *card)
{
    return permille(card->payload_bytes[TM_UP] + card->payload_bytes[TM_DOWN],
                    card->backlog_wire_bytes[TM_UP] + card->backlog_wire_bytes[TM_DOWN]);
}

unsigned tm_card_filled_permille(const struct tm_card *card)
{
    return permille(card->payload_bytes[TM_UP] + card->payload_bytes[TM_DOWN],
                    card->free_bytes[TM_UP] + card->free_bytes[TM_DOWN]);
}

static const struct tm_swing *swing_of(const struct tm_model *m)
{
    switch (m->kind) {
    case TM_MODEL_SWING:
        return &m->u.swing;
    case TM_MODEL_JOINT:
        return &m->u.joint.swing;
    case TM_MODEL_CONSTANT:
    case TM_MODEL_MIX:
        break;
    }
    return NULL;
}

static unsigned cut_permille(const struct tm_model *m, uint64_t pace_us, enum tm_swing_param param)
{
    const struct tm_swing *s = swing_of(m);
    if (!s || pace_us == 0)
        return 0;
    const struct tm_dist *d = &s->param[param];
    if (d->n_points == 0) /* what a model without samples plays (models/model.h) */
        return (param == TM_SWING_INTER_RRE ? UINT64_C(2000000) : UINT64_C(300000000)) > pace_us
                   ? 1000
                   : 0;
    uint64_t kept = 0;
    for (size_t i = 0; i < d->n_points && d->pt[i].value <= pace_us; i++)
        kept = d->pt[i].cum;
    return permille(tm_dist_total(d) - kept, tm_dist_total(d));
}

unsigned tm_card_cut_permille(const struct tm_card_cfg *cfg, enum tm_swing_param param)
{
    const struct tm_model *m = cfg->model;
    uint64_t pace_us = cfg->pace_ms * UINT64_C(1000);
    unsigned most = 0;
    if (m->kind != TM_MODEL_MIX)
        return cut_permille(m, pace_us, param);
    for (size_t i = 0; i < m->u.mix.n_parts; i++) {
        unsigned cut = cut_permille(m->u.mix.part[i].model, pace_us, param);
        most = cut > most ? cut : most;
    }
    return most;
}

bool tm_card_is_lively(const struct tm_card *card)
{
    return card->counted_us > 0 &&
           tm_rhythm_wait_us(&card->rhythm[TM_UP], 950) <= TM_CARD_PROMISE_US &&
           tm_rhythm_wait_us(&card->rhythm[TM_DOWN], 950) <= TM_CARD_PROMISE_US;
}
