/* Carriers of the logs and connections of the capture, brought together. */
#include "audit/conform_impl.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tm/base/time.h"

/* How far the connection's beginning is from the carrier's establishment. */
static int64_t distance(const struct tm_judge *j, const struct tm_sched_carrier *c, uint32_t conn)
{
    return llabs(j->v->conns[conn].first_us - tm_judge_up_wall(j, c));
}

/* Connections with the endpoints that this side's log gives, newest first; TM_WIRE_NONE: none. */
static uint32_t candidates(const struct tm_judge *j, const struct tm_sched_carrier *c, int side)
{
    return c->has_endpoints[side] ? tm_wire_view_find(j->v, &c->client[side], &c->server[side])
                                  : TM_WIRE_NONE;
}

/* Ports are used again: of the carriers and connections with equal endpoints, those belong together that are
 * nearest to each other, mutually. */
static int match(struct tm_judge *j)
{
    const struct tm_schedule *s = j->s;
    uint32_t *nearest =
        malloc(((size_t)j->v->n_conns + 1) * sizeof *nearest); /* connection -> carrier */
    if (!nearest)
        return TM_ERR_NOMEM;
    for (uint32_t k = 0; k < j->v->n_conns; k++)
        nearest[k] = TM_WIRE_NONE;
    for (uint32_t i = 0; i < 2 * s->n_carriers; i++) {
        const struct tm_sched_carrier *c = &s->carriers[i / 2];
        for (uint32_t k = candidates(j, c, i % 2); k != TM_WIRE_NONE; k = j->v->conns[k].older) {
            if (nearest[k] == TM_WIRE_NONE ||
                distance(j, c, k) < distance(j, &s->carriers[nearest[k]], k))
                nearest[k] = i / 2;
        }
    }
    for (uint32_t i = 0; i < s->n_carriers; i++)
        j->conn_of[i] = TM_WIRE_NONE;
    for (uint32_t k = 0; k < j->v->n_conns; k++) {
        uint32_t i = nearest[k];
        if (i != TM_WIRE_NONE &&
            (j->conn_of[i] == TM_WIRE_NONE ||
             distance(j, &s->carriers[i], k) < distance(j, &s->carriers[i], j->conn_of[i])))
            j->conn_of[i] = k;
    }
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        if (j->conn_of[i] != TM_WIRE_NONE)
            j->is_claimed[j->conn_of[i]] = true;
    }
    free(nearest);
    return TM_OK;
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

/* What is left of a connection that began before the capture and carried nothing in it: its last FIN or
 * acknowledgement. */
static bool is_tail(const struct tm_wire_conn *conn)
{
    return conn->syn_us == TM_NEVER && conn->half[TM_UP].high == 0 && conn->half[TM_DOWN].high == 0;
}

int tm_judge_strangers(struct tm_judge *j)
{
    bool *used = calloc((size_t)j->s->n_carriers + 1, sizeof *used);
    if (!used)
        return TM_ERR_NOMEM;
    for (uint32_t k = 0; k < j->v->n_conns; k++) {
        const struct tm_wire_conn *conn = &j->v->conns[k];
        if (j->is_claimed[k] || is_tail(conn) || is_unestablished(j, conn, used))
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
        for (uint32_t i = 0; i < c->n_writes && c->writes[i].is_known; i++) {
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

int tm_judge_join(struct tm_judge *j)
{
    int rc = match(j);
    if (rc == TM_OK)
        measure_path(j);
    return rc;
}
