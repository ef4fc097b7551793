/* tm/app/server_impl.h - the inside of tm-server run, for the files that make it up: server_run.c its life, server_asked.c what the
 * tunnel asks of it. */
#ifndef TM_APP_SERVER_IMPL_H
#define TM_APP_SERVER_IMPL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <uv.h>

#include "tm/app/account.h"
#include "tm/app/activation.h"
#include "tm/app/models.h"
#include "tm/app/panel.h"
#include "tm/app/server_rules.h"
#include "tm/app/server_run.h"
#include "tm/app/server_state.h"
#include "tm/app/service.h"
#include "tm/app/summary.h"
#include "tm/net/tunnel_server.h"

struct server {
    uv_loop_t loop;
    uv_async_t quit;
    uv_fs_event_t watch;      /* on clients/ */
    uv_fs_event_t watch_keys; /* on the state directory */
    struct tm_service service;
    struct tm_tunnel_server *tunnel; /* owned */
    struct tm_panel *panel;          /* owned: status, metrics, page */
    struct tm_account *account;      /* owned; NULL: nobody counts */
    struct tm_server_state state;
    struct tm_models models;
    struct tm_schedfile schedule; /* that clients have too; empty: none */
    uint8_t schedule_digest[TM_DIGEST_LEN];
    struct tm_server_rules rules;
    uint8_t seed[TM_SEED_LEN]; /* from --seed */
    struct tm_options *o;
    FILE *summary_file;             /* owned; NULL: not wanted */
    FILE *stream_log;               /* owned; NULL: not wanted */
    unsigned n_logs;                /* schedule logs begun */
    struct tm_activation listeners; /* owned until the tunnel takes them: systemd's, or our own */
    bool is_activated;
    uint16_t port; /* listened on */
    uint64_t start_ns;
    bool ready, failed;
    struct tm_summary summary; /* taken when the server stops */
    struct tm_tunnel_server_stats stats;
    const struct tm_server_role *role; /* NULL: a server of its own */
    struct tm_msg *msg;
};

/* Sets what the tunnel asks: lookup, model, schedule, join, open_log, supply, used, and user. */
void tm_server_asked_fill(struct tm_tunnel_server_cfg *cfg, struct server *s);

#endif
