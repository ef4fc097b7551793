/* Carriers of the logs and connections of the capture, brought together. */
#include "audit/conform_impl.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tm/base/time.h"

/* The unclaimed connection of the carrier's endpoints whose beginning is nearest to its establishment. */
static uint32_t find_conn(const struct tm_judge *j, const struct tm_sched_carrier *c)
{
    uint32_t best = TM_WIRE_NONE;
    int64_t best_distance = TM_NEVER;
    for (int side = 0; side < 2; side++) {
        if (!c->has_endpoints[side])
            continue;
        uint32_t k = tm_wire_view_find(j->v, &c->client[side], &c->server[side]);
        for (; k != TM_WIRE_NONE; k = j->v->conns[k].older) {
            int64_t distance = llabs(j->v->conns[k].first_us - tm_judge_up_wall(j, c));
            if (!j->is_claimed[k] && distance < best_distance) {
                best = k;
                best_distance = distance;
            }
        }
    }
    return best;
}

static void match(struct tm_judge *j)
{
    for (uint32_t k = 0; k < j->s->n_carriers; k++) {
        const struct tm_sched_carrier *c = &j->s->carriers[k];
        j->conn_of[k] = c->is_known ? find_conn(j, c) : TM_WIRE_NONE;
        if (j->conn_of[k] != TM_WIRE_NONE)
            j->is_claimed[j->conn_of[k]] = true;
    }
}

/* A connection that no carrier has, but that the log opened without seeing it established. */
static bool is_unestablished(struct tm_judge *j, const struct tm_wire_conn *conn, bool *used)
{
    for (uint32_t k = 0; k < j->s->n_carriers; k++) {
        const struct tm_sched_carrier *c = &j->s->carriers[k];
        if (used[k] || !c->has_open || c->has_up[TM_CLIENT] || c->has_up[TM_SERVER])
            continue;
        if (conn->syn_us >= tm_judge_wall(j, TM_CLIENT, c->open_due_us) - j->cfg->tolerance_us) {
            used[k] = true;
            return true;
        }
    }
    return false;
}

int tm_judge_strangers(struct tm_judge *j)
{
    bool *used = calloc((size_t)j->s->n_carriers + 1, sizeof *used);
    if (!used)
        return TM_ERR_NOMEM;
    for (uint32_t k = 0; k < j->v->n_conns; k++) {
        const struct tm_wire_conn *conn = &j->v->conns[k];
        if (j->is_claimed[k] || is_unestablished(j, conn, used))
            continue;
        j->r->n_strangers++;
        if (j->cfg->does_ignore_strangers)
            continue;
        char client[TM_ENDPOINT_TEXT_LEN];
        char server[TM_ENDPOINT_TEXT_LEN];
        tm_endpoint_text(&conn->client, client);
        tm_endpoint_text(&conn->server, server);
        tm_judge_differ(j, TM_DIFF_STRANGER, -1, -1, 0, 1,
                        "connection %s -> %s is in no log (%" PRIu64 " bytes up, %" PRIu64 " down)",
                        client, server, conn->half[TM_UP].high, conn->half[TM_DOWN].high);
    }
    free(used);
    return TM_OK;
}

/* How far behind the sender's log the capture saw first bytes, at least: tells where it was taken. */
static void measure_path(struct tm_judge *j)
{
    for (int d = 0; d < 2; d++)
        j->r->path_us[d] = TM_NEVER;
    for (uint32_t k = 0; k < j->s->n_carriers; k++) {
        const struct tm_sched_carrier *c = &j->s->carriers[k];
        if (j->conn_of[k] == TM_WIRE_NONE)
            continue;
        const struct tm_wire_conn *conn = &j->v->conns[j->conn_of[k]];
        uint64_t offset[2] = {0, 0};
        for (uint32_t i = 0; i < tm_sched_carrier_prefix(c); i++) {
            const struct tm_sched_write *w = &c->writes[i];
            unsigned d = w->w.dir;
            const struct tm_wire_run *run = tm_wire_half_at(&conn->half[d], offset[d]);
            if (w->is_sent && run)
                j->r->path_us[d] =
                    tm_min_us(j->r->path_us[d],
                              run->t_us - tm_judge_wall(j, tm_judge_sender(d), w->first_us));
            offset[d] += w->w.size;
        }
    }
}

void tm_judge_join(struct tm_judge *j)
{
    match(j);
    measure_path(j);
}
