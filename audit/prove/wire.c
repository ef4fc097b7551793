#include "audit/prove/wire.h"

#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX (1U << 24)

static int add(struct tm_proof_events *e, const struct tm_proof_event *event)
{
    if (e->n == e->cap) {
        uint32_t cap = e->cap > 0 ? 2 * e->cap : 4096;
        struct tm_proof_event *v = cap <= EVENTS_MAX ? realloc(e->v, cap * sizeof *v) : NULL;
        if (v == NULL)
            return cap > EVENTS_MAX ? TM_ERR_LIMIT : TM_ERR_NOMEM;
        e->v = v;
        e->cap = cap;
    }
    e->v[e->n++] = *event;
    return TM_OK;
}

static bool is_at(const uint8_t addr[TM_ADDR_LEN], uint16_t port, const struct tm_endpoint *e)
{
    return port == e->port && memcmp(addr, e->addr, TM_ADDR_LEN) == 0;
}

static bool is_control(const struct tm_proof_wire *w, uint16_t port)
{
    for (uint32_t i = 0; i < w->n_control_ports; i++) {
        if (w->control_ports[i] == port)
            return true;
    }
    return false;
}

static void count_hello(struct tm_proof_wire *w, const char *ja4)
{
    for (uint32_t i = 0; i < w->n_ja4; i++) {
        if (strcmp(w->ja4[i].text, ja4) == 0) {
            w->ja4[i].n++;
            return;
        }
    }
    if (w->n_ja4 == TM_PROOF_JA4S_MAX) {
        w->n_strange++;
        return;
    }
    memcpy(w->ja4[w->n_ja4].text, ja4, TM_JA4_LEN);
    w->ja4[w->n_ja4++].n = 1;
}

/* A connection's first bytes are those of a ClientHello; a later packet that looks like one is not worth telling apart. */
static void look_at_hello(struct tm_proof_wire *w, const struct tm_packet *p)
{
    char ja4[TM_JA4_LEN];
    bool may_be = p->payload_cap_len > 5 && p->payload[0] == 22 && p->payload[5] == 1;
    if (may_be && tm_ja4(ja4, (struct tm_view){p->payload, p->payload_cap_len}) == TM_OK)
        count_hello(w, ja4);
}

int tm_proof_wire_feed(struct tm_proof_wire *w, const struct tm_packet *p)
{
    bool is_up = is_at(p->dst, p->dst_port, &w->server);
    w->n_fed++;
    if (!is_up && !is_at(p->src, p->src_port, &w->server))
        return TM_OK;
    bool is_controls = is_control(w, is_up ? p->src_port : p->dst_port);
    bool is_syn = is_up && (p->flags & TM_TCP_SYN) != 0;
    const struct tm_proof_event event = {.t_us = p->t_us,
                                         .bytes = p->payload_len,
                                         .dir = is_up ? TM_UP : TM_DOWN,
                                         .kind = is_syn               ? TM_PROOF_OPEN
                                                 : p->payload_len > 0 ? TM_PROOF_DATA
                                                                      : TM_PROOF_BARE};
    if (!is_controls) {
        w->first_us = w->first_us == 0 ? p->t_us : w->first_us;
        w->last_us = p->t_us;
        w->n_opened += is_syn;
        if (is_up && p->payload_len > 0)
            look_at_hello(w, p);
    }
    return add(&w->phase[is_controls ? TM_TRIAL_CONTROL : TM_TRIAL_MODEL], &event);
}

int tm_proof_wire_counts(struct tm_proof_wire *w, enum tm_trial_phase_kind phase,
                         const struct tm_trial_phase *p)
{
    int rc = TM_OK;
    for (uint32_t i = 1; rc == TM_OK && i < p->n_counts; i++) {
        for (unsigned dir = 0; rc == TM_OK && dir < 2; dir++) {
            uint64_t n = p->counts[i].bytes[dir] - p->counts[i - 1].bytes[dir];
            const struct tm_proof_event event = {.t_us = p->counts[i].at_us,
                                                 .bytes = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX,
                                                 .dir = (uint8_t)dir,
                                                 .kind = TM_PROOF_DATA};
            rc = n > 0 ? add(&w->phase[phase], &event) : TM_OK;
        }
    }
    return rc;
}

void tm_proof_wire_deinit(struct tm_proof_wire *w)
{
    for (unsigned k = 0; k < TM_TRIAL_PHASES; k++)
        free(w->phase[k].v);
    *w = (struct tm_proof_wire){0};
}
