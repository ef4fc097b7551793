#include "test/unit/audit/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVER_PORT 443

static const uint32_t ISN[2] = {0xfffffe00U, 77}; /* the client's numbers wrap inside the story */

struct story story_new(void)
{
    static const struct story STORY = {
        .writes =
            {
                {{517, 100, TM_UP, 0}, 1100, 1200, 1205, 1206, 1306, false},
                {{2000, 500, TM_DOWN, 1}, 1306, 1806, 1810, 1811, 1915, false},
                {{80, 300, TM_UP, 1}, 1915, 2215, 2216, 2216, 2316, false},
                {{400, 50000, TM_UP, 1}, 2216, 52216, 52220, 52221, 52321, false},
                {{3000, 2000, TM_DOWN, 1}, 52321, 54321, 54325, 54326, 54426, false},
            },
        .packets =
            {
                {1000, TM_UP, TM_TCP_SYN, -1, 0, -1, 0, 0},
                {1090, TM_DOWN, TM_TCP_SYN | TM_TCP_ACK, -1, 0, 0, 0, 0},
                {1091, TM_UP, TM_TCP_ACK, 0, 0, 0, 0, 0},
                {1206, TM_UP, TM_TCP_ACK, 0, 517, 0, 0, 0},
                {1300, TM_DOWN, TM_TCP_ACK, 0, 0, 517, 0, 0},
                {1910, TM_DOWN, TM_TCP_ACK, 0, 1448, 517, 0, 0},
                {1911, TM_DOWN, TM_TCP_ACK, 1448, 552, 517, 0, 0},
                {1912, TM_UP, TM_TCP_ACK, 517, 0, 2000, 0, 0},
                {2216, TM_UP, TM_TCP_ACK, 517, 80, 2000, 0, 0},
                {2316, TM_DOWN, TM_TCP_ACK, 2000, 0, 597, 0, 0},
                {52221, TM_UP, TM_TCP_ACK, 597, 400, 2000, 0, 0},
                {52320, TM_DOWN, TM_TCP_ACK, 2000, 0, 997, 0, 0},
                {54424, TM_DOWN, TM_TCP_ACK, 2000, 3000, 997, 0, 0},
                {54425, TM_UP, TM_TCP_ACK, 997, 0, 5000, 0, 0},
                {55430, TM_UP, TM_TCP_ACK | TM_TCP_FIN, 997, 0, 5000, 0, 0},
                {55530, TM_DOWN, TM_TCP_ACK | TM_TCP_FIN, 5000, 0, 998, 0, 0},
                {55531, TM_UP, TM_TCP_ACK, 998, 0, 5001, 0, 0},
            },
        .n_packets = P_N,
        .n_copies = 1,
        .open_due_us = 990,
        .up_us = 1100,
        .close_due_us = 55426,
        .end_us = 55540,
        .has_up = true,
        .has_close = true,
        .has_end = true,
        .is_planned = true,
        .has_log = {true, true},
        .cfg = {.tolerance_us = 10, .held_us = 5000},
    };
    return STORY;
}

void story_remove(struct story *s, size_t i)
{
    s->n_packets--;
    memmove(&s->packets[i], &s->packets[i + 1], (s->n_packets - i) * sizeof s->packets[0]);
}

void story_insert(struct story *s, struct story_packet p)
{
    size_t i = s->n_packets;
    if (s->n_packets == STORY_PACKETS_MAX)
        abort();
    for (; i > 0 && s->packets[i - 1].t_us > p.t_us; i--)
        s->packets[i] = s->packets[i - 1];
    s->packets[i] = p;
    s->n_packets++;
}

static void log_session(struct tm_schedlog *l, enum tm_side side)
{
    static const uint8_t ZERO[16] = {0};
    struct tm_schedlog_session session = {.side = side,
                                          .master = TM_CLIENT,
                                          .plan_mode = TM_PLAN_SEEDED,
                                          .model = "story",
                                          .digest = ZERO,
                                          .seed = ZERO,
                                          .n_users = 1,
                                          .prep_us = 2000,
                                          .wall_minus_mono_us = STORY_WALL_US};
    tm_schedlog_session(l, &session);
}

static void log_writes(struct tm_schedlog *l, const struct story *s, enum tm_side side, uint32_t k)
{
    int64_t t = (int64_t)k * STORY_STEP_US;
    for (uint32_t i = 0; i < STORY_WRITES; i++) {
        const struct story_write *w = &s->writes[i];
        if (w->is_hidden)
            continue;
        if ((w->w.dir == TM_UP) == (side == TM_CLIENT))
            tm_schedlog_write(l, k, i, &w->w, t + w->event_us, t + w->due_us, t + w->first_us,
                              t + w->last_us, 0, w->slip);
        else
            tm_schedlog_recv(l, k, i, &w->w, t + w->at_us);
    }
}

static void log_carrier(struct tm_schedlog *l, const struct story *s, enum tm_side side, uint32_t k)
{
    int64_t t = (int64_t)k * STORY_STEP_US;
    if (side == TM_CLIENT) {
        struct tm_open o = {.index = k, .ref = TM_OPEN_ORIGIN, .gap_us = 90};
        tm_schedlog_open(l, k, 0, &o, TM_SRC_SESSION, t + s->open_due_us - 90, t + s->open_due_us,
                         0);
    }
    if (s->has_up && side == TM_CLIENT)
        tm_schedlog_up(l, k, t + s->up_us, "10.0.0.1:40000", "10.0.0.2:443");
    if (s->has_up && side == TM_SERVER)
        tm_schedlog_up(l, k, t + s->up_us + 100, "10.0.0.2:443", "10.0.0.1:40000");
    log_writes(l, s, side, k);
    enum tm_dir dir = side == TM_CLIENT ? TM_UP : TM_DOWN;
    struct tm_schedlog_close closing = s->closing[dir];
    closing.due_us += t;
    closing.event_us += t;
    if (s->has_closing[dir])
        tm_schedlog_close(l, k, &closing);
    else if (s->has_close && side == TM_CLIENT)
        tm_schedlog_close(l, k,
                          &(struct tm_schedlog_close){.ref = TM_SLOG_REF_END,
                                                      .event_us = t + s->close_due_us - 1000,
                                                      .gap_us = 1000,
                                                      .due_us = t + s->close_due_us,
                                                      .server_ref = TM_SLOG_REF_FIN});
    if (s->has_end)
        tm_schedlog_end(l, k, t + s->end_us, s->is_planned, STORY_WRITES, "");
}

void story_log(const struct story *s, enum tm_side side, char *out, size_t cap)
{
    struct tm_schedlog *l = NULL;
    if (tm_schedlog_new(&l, cap) != TM_OK)
        abort();
    log_session(l, side);
    for (uint32_t k = 0; k < s->n_copies; k++)
        log_carrier(l, s, side, k);
    struct tm_view v = tm_schedlog_text(l);
    if (v.len + 64 > cap)
        abort();
    memcpy(out, v.p, v.len);
    out[v.len] = '\0';
    if (s->n_dropped > 0)
        (void)snprintf(out + v.len, cap - v.len, "{\"t\":\"dropped\",\"n\":%u}\n", s->n_dropped);
    tm_schedlog_free(l);
}

void story_copy(struct story *s)
{
    for (size_t i = 0; i < P_N; i++) {
        struct story_packet p = s->packets[i];
        p.t_us += (int64_t)s->n_copies * STORY_STEP_US;
        p.copy = (uint8_t)s->n_copies;
        story_insert(s, p);
    }
    s->n_copies++;
}

struct tm_packet story_decode(const struct story_packet *p)
{
    struct tm_packet out = {.t_us = p->t_us + STORY_WALL_US, .flags = p->flags, .ip_version = 4};
    uint8_t addr[2][16] = {{0}};
    for (int i = 0; i < 2; i++) {
        addr[i][10] = addr[i][11] = 0xff;
        addr[i][12] = 10;
        addr[i][15] = (uint8_t)(i + 1);
    }
    uint16_t port[2] = {p->port ? p->port : STORY_CLIENT_PORT, SERVER_PORT};
    memcpy(out.src, addr[p->dir], sizeof out.src);
    memcpy(out.dst, addr[!p->dir], sizeof out.dst);
    out.src_port = port[p->dir];
    out.dst_port = port[!p->dir];
    uint32_t step = 100000U * p->copy;
    out.seq = ISN[p->dir] + step + 1 + (uint32_t)p->offset;
    out.ack = p->flags & TM_TCP_ACK ? ISN[!p->dir] + step + 1 + (uint32_t)p->ack : 0;
    out.payload_len = p->len;
    return out;
}

struct tm_conform story_judge(const struct story *s)
{
    struct tm_schedule schedule = {0};
    struct tm_wire_view view = {0};
    struct tm_conform result;
    struct tm_msg msg = {""};
    char text[8192];
    for (int side = 0; side < 2; side++) {
        if (!s->has_log[side])
            continue;
        story_log(s, (enum tm_side)side, text, sizeof text);
        if (tm_schedule_add(&schedule, text, strlen(text), "story", &msg) != TM_OK) {
            (void)fprintf(stderr, "%s\n", msg.text);
            abort();
        }
    }
    struct tm_endpoint server;
    if (!tm_endpoint_parse(&server, "10.0.0.2:443") ||
        tm_wire_view_add_server(&view, &server) != TM_OK)
        abort();
    for (size_t i = 0; i < s->n_packets; i++) {
        struct tm_packet p = story_decode(&s->packets[i]);
        if (tm_wire_view_feed(&view, &p) != TM_OK)
            abort();
    }
    if (tm_conform_run(&result, &schedule, &view, &s->cfg) != TM_OK)
        abort();
    tm_wire_view_deinit(&view);
    tm_schedule_deinit(&schedule);
    return result;
}
