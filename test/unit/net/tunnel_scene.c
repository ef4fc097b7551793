/* test/unit/net/tunnel_scene.c */
#include "test/unit/net/tunnel_scene.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/mix.h"
#include "test/support/check.h"

const uint8_t scene_client_id[TM_CLIENT_ID_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};
static const struct tm_ticket_key key = {.prefix = "same prefix here", .key = {42}};

/* ---- Sockets ---- */

static void nonblocking(int fd)
{
    CHECK_INT(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

int scene_listen(struct sockaddr_in *addr)
{
    socklen_t len = sizeof *addr;
    *addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(fd, (struct sockaddr *)addr, sizeof *addr), 0);
    CHECK_INT(listen(fd, 256), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)addr, &len), 0);
    nonblocking(fd);
    return fd;
}

int scene_connect(const struct sockaddr_in *addr)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(connect(fd, (const struct sockaddr *)addr, sizeof *addr), 0);
    nonblocking(fd);
    return fd;
}

int scene_accept(struct scene *s, int listener)
{
    int fd = -1;
    SCENE_UNTIL(s, 20, (fd = accept(listener, NULL, NULL)) >= 0)
    {
    }
    CHECK(fd >= 0);
    if (fd >= 0)
        nonblocking(fd);
    return fd;
}

ssize_t scene_read(struct scene *s, int fd, void *buf, size_t cap)
{
    ssize_t n = -1;
    SCENE_UNTIL(s, 20, (n = recv(fd, buf, cap, 0)) >= 0 || errno != EAGAIN)
    {
    }
    return n >= 0 ? n : -errno;
}

/* ---- The relay ---- */

static void relay_close(struct relay_conn *c, bool is_reset)
{
    const struct linger now = {.l_onoff = 1};
    int fd[2] = {c->client, c->server};
    for (int i = 0; i < 2; i++) {
        if (is_reset)
            (void)setsockopt(fd[i], SOL_SOCKET, SO_LINGER, &now, sizeof now);
        (void)close(fd[i]);
    }
    c->client = c->server = -1;
}

static void relay_accept(struct relay *r)
{
    int fd = accept(r->listener, NULL, NULL);
    if (fd < 0)
        return;
    size_t i = 0; /* ended connections are kept for inspection as long as there is room */
    while (i < r->n_conns && (r->n_conns < RELAY_MAX || r->conn[i].client >= 0))
        i++;
    CHECK(i < RELAY_MAX);
    int up = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (i == RELAY_MAX || connect(up, (struct sockaddr *)&r->server, sizeof r->server) != 0) {
        (void)close(fd);
        (void)close(up);
        return;
    }
    nonblocking(fd);
    nonblocking(up);
    r->conn[i] = (struct relay_conn){.client = fd, .server = up};
    r->n_conns += i == r->n_conns;
}

/* Copies what there is from one side to the other; false when the connection broke. */
static bool relay_copy(struct relay_conn *c, bool is_up)
{
    uint8_t buf[65536];
    int from = is_up ? c->client : c->server;
    int to = is_up ? c->server : c->client;
    bool *end = is_up ? &c->is_up_end : &c->is_down_end;
    ssize_t n = *end ? -1 : recv(from, buf, sizeof buf, 0);
    if (n < 0)
        return *end || errno == EAGAIN;
    if (n == 0) {
        *end = true;
        (void)shutdown(to, SHUT_WR);
        return true;
    }
    if (is_up && c->n_captured < CAPTURE_MAX) {
        size_t room = CAPTURE_MAX - c->n_captured;
        size_t take = (size_t)n < room ? (size_t)n : room;
        memcpy(c->captured + c->n_captured, buf, take);
        c->n_captured += take;
    }
    *(is_up ? &c->up : &c->down) += (uint64_t)n;
    for (ssize_t off = 0; off < n;) {
        ssize_t sent = send(to, buf + off, (size_t)(n - off), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return false;
        off += sent > 0 ? sent : 0; /* both ends always read, so this ends */
    }
    return true;
}

static void relay_step(struct relay *r)
{
    relay_accept(r);
    for (size_t i = 0; i < r->n_conns; i++) {
        struct relay_conn *c = &r->conn[i];
        if (c->client < 0)
            continue;
        bool ok = relay_copy(c, true) && relay_copy(c, false);
        bool kill = r->kill_after != 0 && r->kills_left > 0 && c->up + c->down >= r->kill_after;
        if (kill) {
            r->kills_left--;
            r->n_killed++;
        }
        if (kill || !ok || (c->is_up_end && c->is_down_end))
            relay_close(c, !ok || (kill && r->n_killed % 2 == 0));
    }
}

/* ---- Callbacks of the tunnel ends ---- */

static void on_state(void *user, const struct tm_tunnel_report *r)
{
    struct scene *s = user;
    s->n_up += r->state == TM_TUNNEL_UP;
    s->n_failed += r->state == TM_TUNNEL_FAILED;
    s->n_played += r->state == TM_TUNNEL_PLAYED;
    if (r->state == TM_TUNNEL_TROUBLE || r->state == TM_TUNNEL_FAILED) {
        s->n_trouble += r->state == TM_TUNNEL_TROUBLE;
        s->last_err = r->err;
        (void)snprintf(s->last_text, sizeof s->last_text, "%s", r->text);
    }
}

static int lookup(void *user, enum tm_token_kind kind, const uint8_t id[TM_CLIENT_ID_LEN],
                  uint8_t secret[TM_SECRET_LEN])
{
    struct scene *s = user;
    memset(secret, 7, TM_SECRET_LEN);
    if (s->cfg.revoked)
        return TM_ERR_CLOSED;
    return kind == s->cfg.kind && memcmp(id, scene_client_id, TM_CLIENT_ID_LEN) == 0 ? TM_OK
                                                                                     : TM_ERR_AUTH;
}

static const struct tm_model *find_model(void *user, const uint8_t *digest, size_t len)
{
    struct scene *s = user;
    const struct tm_model *m = s->cfg.model;
    uint8_t ours[TM_DIGEST_LEN];
    size_t n = m->kind == TM_MODEL_MIX ? m->u.mix.n_parts : 1;
    for (size_t i = 0; i < n; i++) {
        const struct tm_model *part = m->kind == TM_MODEL_MIX ? m->u.mix.part[i].model : m;
        bool is_known = !s->cfg.unknown_model || i + 1 < n;
        tm_model_digest(part, ours);
        if (is_known && memcmp(ours, digest, len) == 0)
            return part;
    }
    return NULL;
}

static const struct tm_schedfile *find_schedule(void *user,
                                                const uint8_t digest[TM_TOKEN_DIGEST_LEN])
{
    struct scene *s = user;
    uint8_t ours[TM_DIGEST_LEN];
    if (!s->cfg.has_server_schedule)
        return NULL;
    tm_schedfile_digest(s->cfg.schedule, ours);
    return memcmp(ours, digest, TM_TOKEN_DIGEST_LEN) == 0 ? s->cfg.schedule : NULL;
}

static int join(void *user, const struct tm_tunnel_join *j, uint8_t *reply, size_t cap)
{
    struct scene *s = user;
    s->n_joins++;
    CHECK_MEM(j->id, scene_client_id, TM_CLIENT_ID_LEN);
    memcpy(s->join_exporter, j->exporter, TM_TLS_EXPORTER_LEN);
    if (j->request.len == 5 && memcmp(j->request.p, "admit", 5) == 0) {
        CHECK(cap >= 7);
        memcpy(reply, "welcome", 7);
        return 7;
    }
    return TM_ERR_AUTH;
}

static FILE *open_log(void *user, const uint8_t client_id[TM_CLIENT_ID_LEN],
                      const uint8_t session_id[TM_SESSION_ID_LEN])
{
    struct scene *s = user;
    (void)client_id;
    (void)session_id;
    return s->cfg.server_log_path == NULL ? NULL : fopen(s->cfg.server_log_path, "w");
}

static void on_stopped(void *user)
{
    struct scene *s = user;
    s->n_stopped++;
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

/* ---- Life ---- */

static void start_server(struct scene *s)
{
    int fd = scene_listen(&s->relay.server);
    if (s->cfg.no_server) {
        (void)close(fd);
        return;
    }
    const struct tm_tunnel_server_cfg cfg = {
        .loop = &s->loop,
        .listen_fds = &fd,
        .n_listen_fds = 1,
        .key = key,
        .lookup = lookup,
        .model = find_model,
        .schedule = find_schedule,
        .join = join,
        .open_log = open_log,
        .stream_log = s->cfg.stream_log,
        .user = s,
        .decoy = s->cfg.no_decoy ? NULL : (struct sockaddr *)&s->decoy_addr,
        .permit = s->cfg.permit,
        .replay_path = s->cfg.replay_path,
        .idle_s = s->cfg.idle_s,
        .left_s = s->cfg.left_s,
        .grace_us = s->cfg.grace_us,
        .wall_us = s->cfg.wall_us[TM_SERVER],
    };
    struct tm_msg msg = {{0}};
    CHECK_INT(tm_tunnel_server_new(&s->server, &cfg, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    s->n_started++;
}

static uint32_t n_users(const struct scene_cfg *cfg)
{
    if (cfg->schedule != NULL)
        return cfg->schedule->n_users;
    return cfg->model->kind == TM_MODEL_MIX ? tm_mix_users(&cfg->model->u.mix) : 2;
}

struct tm_tunnel_client *scene_new_client(struct scene *s)
{
    struct tm_tunnel_client *client = NULL;
    struct tm_tunnel_client_cfg cfg = {
        .loop = &s->loop,
        /* without a server there is nothing for the relay to stand before */
        .server = (struct sockaddr *)(s->cfg.no_server ? &s->relay.server : &s->relay.addr),
        .sni = "www.example.org",
        .kind = s->cfg.kind,
        .key = key,
        .session = {.master = s->cfg.master,
                    .plan_mode = s->cfg.plan_mode,
                    .model = s->cfg.model,
                    .is_schedule = s->cfg.schedule != NULL,
                    .schedule = s->cfg.schedule,
                    .seed = {9, 9, 9},
                    .n_users = n_users(&s->cfg),
                    .pace_ms = 20,
                    .prep_us = TM_PREP_US,
                    .grace_us = s->cfg.grace_us},
        .schedule_log = s->cfg.client_log,
        .on_state = on_state,
        .user = s,
        .wall_us = s->cfg.wall_us[TM_CLIENT],
        .remotes = s->cfg.remotes,
        .n_remotes = s->cfg.n_remotes,
        .on_remote = s->cfg.on_remote,
        .remote_user = s,
    };
    memcpy(cfg.client_id, scene_client_id, TM_CLIENT_ID_LEN);
    memset(cfg.secret, s->cfg.wrong_secret ? 8 : 7, TM_SECRET_LEN);
    struct tm_msg msg = {{0}};
    CHECK_INT(tm_tunnel_client_new(&client, &cfg, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    s->n_started++;
    return client;
}

struct tm_local *scene_new_forward(struct scene *s, struct tm_tunnel_client *client,
                                   struct sockaddr_in *addr)
{
    struct tm_local *local = NULL;
    *addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct tm_local_cfg cfg = {.tunnel = client,
                               .kind = TM_LOCAL_FORWARD,
                               .addr = (struct sockaddr *)addr,
                               .dest = {.kind = TM_ADDR_IPV4, .len = 4}};
    memcpy(cfg.dest.addr, &s->dest_addr.sin_addr, 4);
    cfg.dest.port = ntohs(s->dest_addr.sin_port);
    CHECK_INT(tm_local_open(&local, &cfg, NULL), TM_OK);
    addr->sin_port = htons(tm_local_port(local));
    return local;
}

void scene_stop_client(struct scene *s, struct tm_tunnel_client *client)
{
    tm_tunnel_client_stop(client, on_stopped, s);
}

void scene_start(struct scene *s, const struct scene_cfg *cfg)
{
    memset(s, 0, sizeof *s);
    s->cfg = *cfg;
    CHECK_INT(uv_loop_init(&s->loop), 0);
    CHECK_INT(uv_timer_init(&s->loop, &s->tick), 0);
    CHECK_INT(uv_timer_start(&s->tick, on_tick, 1, 1), 0);
    s->dest = scene_listen(&s->dest_addr);
    s->decoy = scene_listen(&s->decoy_addr);
    s->relay.listener = scene_listen(&s->relay.addr);
    start_server(s);
    s->client = scene_new_client(s);
    s->forward = scene_new_forward(s, s->client, &s->forward_addr);
}

void scene_step(struct scene *s)
{
    (void)uv_run(&s->loop, UV_RUN_ONCE);
    relay_step(&s->relay);
}

void scene_stop(struct scene *s)
{
    tm_local_close(s->forward);
    if (s->client != NULL)
        scene_stop_client(s, s->client);
    if (s->server != NULL)
        tm_tunnel_server_stop(s->server, on_stopped, s);
    SCENE_UNTIL(s, 20, s->n_stopped == s->n_started)
    {
    }
    CHECK_INT(s->n_stopped, s->n_started);
    uv_close((uv_handle_t *)&s->tick, NULL);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT); /* returns only if nothing was left behind */
    CHECK_INT(uv_loop_close(&s->loop), 0);
    for (size_t i = 0; i < s->relay.n_conns; i++) {
        if (s->relay.conn[i].client >= 0)
            relay_close(&s->relay.conn[i], false);
    }
    (void)close(s->relay.listener);
    (void)close(s->dest);
    (void)close(s->decoy);
}
