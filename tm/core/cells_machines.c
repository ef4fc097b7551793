/* tm/core/cells_machines.c - the machines of both ends: checked, told, and those that came taken or refused. */
#include "tm/core/cells_int.h"

#include <stdlib.h>
#include <string.h>

#define PPM 1000000U

/* Empties *take_set. */
static int start(struct tm_session *s, struct tm_mb_set *take_set, int64_t now_us)
{
    struct tm_cells *cs = s->cells;
    const struct tm_mb_framework_cfg cfg = {.max_padding_frac = (double)cs->max_padding_ppm / PPM,
                                            .max_blocking_frac =
                                                (double)cs->max_blocking_ppm / PPM};
    uint8_t seed[TM_SEED_LEN] = {0};
    uint8_t own[TM_SEED_LEN];
    memcpy(seed, s->cfg.seed, sizeof s->cfg.seed);
    tm_rng_child(own, seed, TM_RNG_MACHINES, (uint64_t)s->cfg.side);
    int rc = tm_padder_start(cs->padder, take_set, &cfg, own, now_us);
    cs->is_told = rc == TM_OK;
    return rc;
}

int tm_cells_begin(struct tm_session *s)
{
    const struct tm_cells_cfg *cfg = s->cfg.cells;
    struct tm_mb_set other;
    s->cells->max_padding_ppm = cfg->max_padding_ppm;
    s->cells->max_blocking_ppm = cfg->max_blocking_ppm;
    int rc = tm_mb_set_parse(&other, (const char *)cfg->server.p, cfg->server.len, NULL);
    tm_mb_set_free(&other);
    if (rc != TM_OK)
        return rc;
    return tm_mb_set_parse(&s->cells->own, (const char *)cfg->client.p, cfg->client.len, NULL);
}

void tm_cells_tell(struct tm_session *s)
{
    const struct tm_cells_cfg *cfg = s->cfg.cells;
    struct tm_message m = {.kind = TM_MSG_MACHINES,
                           .u.machines = {.max_padding_ppm = cfg->max_padding_ppm,
                                          .max_blocking_ppm = cfg->max_blocking_ppm,
                                          .text_len = (uint32_t)cfg->server.len}};
    tm_session_say(s, &m);
    for (size_t at = 0; at < cfg->server.len; at += m.u.part.len) {
        size_t left = cfg->server.len - at;
        m = (struct tm_message){.kind = TM_MSG_MACHINES_PART};
        m.u.part = (struct tm_view){cfg->server.p + at,
                                    left < TM_MACHINES_PART_MAX ? left : TM_MACHINES_PART_MAX};
        tm_session_say(s, &m);
    }
    s->cells->told_bytes = s->control.tx.end;
}

int tm_cells_acked(struct tm_session *s, int64_t now_us)
{
    struct tm_cells *cs = s->cells;
    if (s->cfg.side != TM_CLIENT || cs->is_told || s->control.tx.base < cs->told_bytes)
        return TM_OK;
    return start(s, &cs->own, now_us);
}

/* The client hears of it and ends the session; nothing but control is sent until then. */
static void refuse(struct tm_session *s, const char *why)
{
    s->cells->refused = why;
    tm_session_say(s, &(struct tm_message){.kind = TM_MSG_FAIL, .u.code = TM_FAIL_MACHINES});
}

static int whole(struct tm_session *s, int64_t now_us)
{
    struct tm_cells *cs = s->cells;
    struct tm_mb_set set;
    int rc = tm_mb_set_parse(&set, cs->text, cs->text_len, NULL);
    free(cs->text);
    cs->text = NULL;
    if (rc == TM_OK)
        rc = start(s, &set, now_us);
    if (rc == TM_ERR_NOMEM)
        return rc;
    if (rc == TM_ERR_LIMIT)
        refuse(s, "the client's machines are more than this server runs");
    else if (rc != TM_OK)
        refuse(s, "the client's machines are malformed");
    return TM_OK;
}

static int on_announced(struct tm_session *s, const struct tm_message *m, int64_t now_us)
{
    struct tm_cells *cs = s->cells;
    if (cs->is_announced)
        return TM_ERR_PROTO;
    cs->is_announced = true;
    cs->max_padding_ppm = m->u.machines.max_padding_ppm;
    cs->max_blocking_ppm = m->u.machines.max_blocking_ppm;
    if (m->u.machines.text_len > TM_MB_SET_TEXT_MAX) {
        refuse(s, "the client's machines are more than this server runs");
        return TM_OK;
    }
    cs->text_cap = m->u.machines.text_len;
    cs->text = malloc(cs->text_cap + 1);
    if (!cs->text)
        return TM_ERR_NOMEM;
    return cs->text_cap == 0 ? whole(s, now_us) : TM_OK;
}

int tm_cells_heard(struct tm_session *s, const struct tm_message *m, int64_t now_us)
{
    struct tm_cells *cs = s->cells;
    if (!cs || s->cfg.side != TM_SERVER)
        return TM_ERR_PROTO;
    if (m->kind == TM_MSG_MACHINES)
        return on_announced(s, m, now_us);
    if (cs->refused)
        return TM_OK; /* the rest of what was too long */
    if (!cs->text || m->u.part.len > cs->text_cap - cs->text_len)
        return TM_ERR_PROTO;
    memcpy(cs->text + cs->text_len, m->u.part.p, m->u.part.len);
    cs->text_len += (uint32_t)m->u.part.len;
    return cs->text_len == cs->text_cap ? whole(s, now_us) : TM_OK;
}
