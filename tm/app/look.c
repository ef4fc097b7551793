#include "tm/app/look.h"

#include <stdio.h>

#include <uv.h>

#include "tm/net/tunnel_watch.h"

static int64_t run_us(const struct tm_look_at *at)
{
    return (int64_t)((uv_hrtime() - at->start_ns) / 1000);
}

static void look_at_client(const struct tm_look_at *at, struct tm_look *out)
{
    struct tm_tunnel_watch w;
    tm_tunnel_client_watch(*at->client, &w);
    struct tm_status_source src = tm_status_source_new("tm-client", TM_CLIENT, run_us(at), &w);
    tm_status_add_session(&src, &w.control, 0);
    tm_status_fill(&out->status, &src);
    tm_control_demand_note(out->status.note, sizeof out->status.note, w.control.cfg);
    out->shown = w.control;
    out->total = w.total;
}

static void look_at_server(const struct tm_look_at *at, struct tm_look *out)
{
    struct tm_tunnel_watch w;
    struct tm_status_source src = tm_status_source_new("tm-server", TM_SERVER, run_us(at), &w);
    tm_tunnel_server_watch(*at->server, &w, tm_status_add_session, &src);
    tm_status_fill(&out->status, &src);
    if (at->note != NULL)
        (void)snprintf(out->status.note, sizeof out->status.note, "%s", at->note);
    out->shown = src.shown;
    out->total = w.total;
    tm_tunnel_server_stats(*at->server, &out->stats);
}

bool tm_look_take(const struct tm_look_at *at, struct tm_look *out)
{
    *out = (struct tm_look){0};
    if (at->client != NULL && *at->client != NULL)
        look_at_client(at, out);
    else if (at->server != NULL && *at->server != NULL)
        look_at_server(at, out);
    else
        return false;
    return true;
}

void tm_look_count(const struct tm_look_at *at, struct tm_session_stats *out)
{
    struct tm_tunnel_server_stats stats = {0};
    *out = (struct tm_session_stats){0};
    if (at->client != NULL && *at->client != NULL) {
        tm_tunnel_client_stats(*at->client, out);
    } else if (at->server != NULL && *at->server != NULL) {
        tm_tunnel_server_stats(*at->server, &stats);
        *out = stats.total;
    }
}

bool tm_look_has_time(const struct tm_look_at *at)
{
    if (at->client != NULL && *at->client != NULL)
        return tm_tunnel_client_has_time(*at->client);
    return at->server == NULL || *at->server == NULL || tm_tunnel_server_has_time(*at->server);
}
