/* tm/app/panel.c - see panel.h. */
#include "tm/app/panel.h"

#include <stdlib.h>
#include <string.h>

#include "tm/app/innerdoor.h"
#include "tm/app/metrics.h"
#include "tm/app/ui.h"
#include "tm/base/log.h"
#include "tm/net/statsock.h"
#include "tm/net/webdoor.h"

struct tm_panel {
    struct tm_panel_cfg cfg;
    struct tm_statsock *statsock; /* owned */
    struct tm_webdoor *metrics;   /* owned; NULL: not asked for */
    struct tm_innerdoor door;     /* where it is */
    char *text;                   /* owned: its last answer, TM_WEBDOOR_BODY_MAX bytes */
    struct tm_ui *ui;             /* owned; NULL: not asked for */
};

static bool has_time(void *user)
{
    const struct tm_panel *p = user;
    return tm_look_has_time(&p->cfg.look);
}

static size_t on_status(void *user, char *out, size_t cap)
{
    struct tm_panel *p = user;
    struct tm_look look;
    return tm_look_take(&p->cfg.look, &look) ? tm_status_write(&look.status, out, cap) : 0;
}

/* ---- Metrics ---- */

struct client_list {
    size_t n;
    struct tm_metrics_client client[TM_METRICS_CLIENTS_MAX];
};

/* One row for each client, however many sessions it has. */
static void add_client(void *user, const uint8_t client_id[TM_CLIENT_ID_LEN],
                       const struct tm_session_stats *stats)
{
    struct client_list *list = user;
    size_t i = 0;
    while (i < list->n && memcmp(list->client[i].id, client_id, TM_CLIENT_ID_LEN) != 0)
        i++;
    if (i == TM_METRICS_CLIENTS_MAX)
        return;
    struct tm_metrics_client *c = &list->client[i];
    if (i == list->n) {
        *c = (struct tm_metrics_client){0};
        memcpy(c->id, client_id, TM_CLIENT_ID_LEN);
        list->n++;
    }
    c->sessions++;
    c->carriers += stats->carriers_live;
    c->streams += stats->streams_live;
    c->tx_bytes += stats->wire_tx_bytes;
    c->rx_bytes += stats->wire_rx_bytes;
}

static size_t write_metrics(struct tm_panel *p, enum tm_metrics_form form)
{
    struct tm_look look;
    struct tm_vitals vitals;
    struct client_list list = {0};
    if (!tm_look_take(&p->cfg.look, &look))
        return 0;
    tm_vitals_take(&vitals);
    bool is_server = p->cfg.look.server != NULL;
    if (is_server && p->cfg.o->v[TM_OPT_METRICS_CLIENTS].given)
        tm_tunnel_server_each(*p->cfg.look.server, add_client, &list);
    const struct tm_metrics_source src = {.status = &look.status,
                                          .total = look.total,
                                          .vitals = &vitals,
                                          .server = is_server ? &look.stats : NULL,
                                          .clients = list.client,
                                          .n_clients = list.n};
    return tm_metrics_write(&src, form, p->text, TM_WEBDOOR_BODY_MAX);
}

static void on_metrics(void *user, const struct tm_http_ask *ask, struct tm_webdoor_answer *a)
{
    static const char path[] = "/metrics";
    static const char nothing[] = "here is only /metrics\n";
    struct tm_panel *p = user;
    enum tm_metrics_form form =
        ask->wants_openmetrics ? TM_METRICS_OPENMETRICS : TM_METRICS_PROMETHEUS;
    if (ask->path.len != sizeof path - 1 || memcmp(ask->path.p, path, sizeof path - 1) != 0) {
        a->status = TM_HTTP_NOT_FOUND;
        a->body = (struct tm_view){(const uint8_t *)nothing, sizeof nothing - 1};
        return;
    }
    a->headers = "Vary: Accept\r\n";
    size_t len = write_metrics(p, form);
    if (len == 0) {
        a->status = TM_HTTP_UNAVAILABLE;
        return;
    }
    a->type = tm_metrics_type(form);
    a->body = (struct tm_view){(const uint8_t *)p->text, len};
}

static int open_metrics(struct tm_panel *p, struct tm_msg *msg)
{
    const char *text = p->cfg.o->v[TM_OPT_METRICS].text;
    struct tm_webdoor_cfg cfg = {.answer = on_metrics, .is_ready = has_time, .user = p};
    struct tm_msg why;
    uint16_t port;
    if (text == NULL)
        return TM_OK;
    p->text = malloc(TM_WEBDOOR_BODY_MAX);
    if (p->text == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    int rc = tm_innerdoor_parse(&p->door, text, true, &why);
    if (rc == TM_OK)
        rc = tm_innerdoor_open(&cfg.take_fd, &port, &p->door, &why);
    if (rc != TM_OK) {
        p->door = (struct tm_innerdoor){0}; /* what is there is not ours to remove */
        return tm_msg_set(msg, rc, "--metrics: %.400s", why.text);
    }
    cfg.is_tcp = p->door.path[0] == '\0';
    rc = tm_webdoor_open(&p->metrics, p->cfg.loop, &cfg);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "--metrics: %s", tm_strerror(rc));
    if (cfg.is_tcp)
        tm_log(TM_LOG_INFO, "metrics on port %u of this machine", (unsigned)port);
    return TM_OK;
}

/* ---- Life ---- */

static void open_status(struct tm_panel *p)
{
    struct tm_msg why;
    const struct tm_statsock_cfg cfg = {
        .dir = p->cfg.dir, .answer = on_status, .is_ready = has_time, .user = p};
    if (tm_statsock_open(&p->statsock, p->cfg.loop, &cfg, &why) != TM_OK)
        tm_log(TM_LOG_WARN, "no status: %s", why.text);
}

int tm_panel_open(struct tm_panel **out, const struct tm_panel_cfg *cfg, struct tm_msg *msg)
{
    struct tm_panel *p = calloc(1, sizeof *p);
    *out = NULL;
    if (p == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    p->cfg = *cfg;
    open_status(p);
    int rc = open_metrics(p, msg);
    if (rc == TM_OK && cfg->o->v[TM_OPT_UI].text != NULL)
        rc = tm_ui_open(&p->ui, cfg, msg);
    if (rc != TM_OK) {
        tm_panel_close(p);
        return rc;
    }
    *out = p;
    return TM_OK;
}

void tm_panel_close(struct tm_panel *p)
{
    if (p == NULL)
        return;
    tm_statsock_close(p->statsock);
    tm_webdoor_close(p->metrics);
    tm_innerdoor_remove(&p->door);
    tm_ui_close(p->ui);
    free(p->text);
    free(p);
}
