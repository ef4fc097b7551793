/* tm/app/client_doors.c - see client_doors.h. */
#include "tm/app/client_doors.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tm/app/forward.h"
#include "tm/app/udpforward.h"
#include "tm/base/log.h"

/* ---- At the server ---- */

int tm_client_doors_remotes(struct tm_client_doors *d, const struct tm_options *o,
                            struct tm_msg *msg)
{
    for (size_t i = 0; i < o->n_list; i++) {
        struct tm_forward_remote f;
        if (o->list[i].opt != TM_OPT_REMOTE)
            continue;
        if (d->n_remotes == TM_LISTENERS_MAX)
            return tm_msg_set(msg, TM_ERR_LIMIT, "-R: more than %u", TM_LISTENERS_MAX);
        int rc = tm_forward_parse_remote(&f, o->list[i].text, msg);
        if (rc != TM_OK)
            return rc;
        d->remote_text[d->n_remotes] = o->list[i].text;
        d->remote[d->n_remotes++] = (struct tm_tunnel_remote){.bind = f.bind, .dest = f.dest};
    }
    return TM_OK;
}

static const char *why_not(enum tm_reply reply)
{
    switch (reply) {
    case TM_REPLY_DENIED:
        return "the server does not permit it (its --permit-listen)";
    case TM_REPLY_REFUSED:
        return "another program, or another session of this client, has that address there";
    case TM_REPLY_ADDRESS_UNSUPPORTED:
        return "the server has no such address";
    case TM_REPLY_COMMAND_UNSUPPORTED:
        return "the server is of a release that cannot";
    case TM_REPLY_OK:
    case TM_REPLY_FAILURE:
    case TM_REPLY_NET_UNREACHABLE:
    case TM_REPLY_HOST_UNREACHABLE:
    case TM_REPLY_TTL_EXPIRED:
    case TM_REPLY_NAME_UNKNOWN:
        break;
    }
    return "the server cannot, or has too many listeners";
}

void tm_client_doors_on_remote(void *user, size_t index, enum tm_reply reply, uint16_t port)
{
    const struct tm_client_doors *d = user;
    if (reply == TM_REPLY_OK)
        tm_log(TM_LOG_INFO, "-R %s: the server listens, port %u", d->remote_text[index],
               (unsigned)port);
    else
        tm_log(TM_LOG_WARN, "-R %s: nobody listens there: %s", d->remote_text[index],
               why_not(reply));
}

/* ---- Here ---- */

/* Opens local[n_local]; cfg: everything but where. */
static int open_door(struct tm_client_doors *d, struct tm_local_cfg *cfg, const struct tm_door *at,
                     enum tm_opt opt, struct tm_msg *msg)
{
    struct sockaddr_storage sa;
    struct tm_msg why;
    bool is_unix = at->path[0] != '\0';
    if (d->n_local == TM_CLIENT_DOORS_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT, "--%s: too many doors", tm_options_info(opt)->name);
    int rc = is_unix ? TM_OK : tm_address_resolve(&sa, &at->at, msg);
    if (rc != TM_OK)
        return rc;
    cfg->path = is_unix ? at->path : NULL;
    cfg->addr = is_unix ? NULL : (const struct sockaddr *)&sa;
    rc = tm_local_open(&d->local[d->n_local], cfg, &why);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "%.300s; stop the program that has it, or choose another --%s",
                          why.text, tm_options_info(opt)->name);
    if (d->n_local == 0)
        tm_door_print(d->where, at, tm_local_port(d->local[0]));
    d->forward[d->n_local++] = NULL;
    return TM_OK;
}

static int open_handed(struct tm_client_doors *d, struct tm_local_cfg *cfg,
                       const struct tm_activation *a, struct tm_msg *msg)
{
    int rc = TM_OK;
    for (size_t i = 0; i < a->n; i++) {
        cfg->take_fd = a->fd[i];
        if (rc != TM_OK)
            (void)close(a->fd[i]);
        else
            rc = tm_local_open(&d->local[d->n_local], cfg, msg);
        if (rc == TM_OK)
            d->forward[d->n_local++] = NULL;
    }
    if (rc == TM_OK)
        (void)snprintf(d->where, sizeof d->where, "%zu %s of systemd, port %u", a->n,
                       a->n == 1 ? "socket" : "sockets", tm_local_port(d->local[0]));
    return rc;
}

static int open_forward(struct tm_client_doors *d, const char *text,
                        struct tm_tunnel_client *tunnel, struct tm_msg *msg)
{
    struct tm_forward f;
    int rc = tm_forward_parse(&f, text, msg);
    if (rc != TM_OK)
        return rc;
    struct tm_local_cfg cfg = {.tunnel = tunnel, .kind = TM_LOCAL_FORWARD, .dest = f.dest};
    rc = open_door(d, &cfg, &f.bind, TM_OPT_FORWARD, msg);
    if (rc == TM_OK)
        d->forward[d->n_local - 1] = text;
    return rc;
}

static int open_proxies(struct tm_client_doors *d, const struct tm_options *o,
                        const struct tm_activation *a, struct tm_tunnel_client *tunnel,
                        struct tm_msg *msg)
{
    struct tm_local_cfg cfg = {.tunnel = tunnel,
                               .kind = TM_LOCAL_SOCKS,
                               .reply = o->v[TM_OPT_SOCKS_REPLY].num == 0 ? TM_SOCKS_REPLY_EARLY
                                                                          : TM_SOCKS_REPLY_EXACT};
    struct tm_door at;
    int rc = a->n > 0 ? open_handed(d, &cfg, a, msg) : TM_OK;
    if (rc == TM_OK && a->n == 0 && (o->v[TM_OPT_SOCKS].given || !o->v[TM_OPT_DYNAMIC].given)) {
        rc = tm_door_parse(&at, o->v[TM_OPT_SOCKS].text, msg);
        if (rc == TM_OK)
            rc = open_door(d, &cfg, &at, TM_OPT_SOCKS, msg);
    }
    cfg.take_fd = -1;
    for (size_t i = 0; i < o->n_list && rc == TM_OK; i++) {
        if (o->list[i].opt != TM_OPT_DYNAMIC)
            continue;
        rc = tm_door_parse_dynamic(&at, o->list[i].text, msg);
        if (rc == TM_OK)
            rc = open_door(d, &cfg, &at, TM_OPT_DYNAMIC, msg);
    }
    return rc;
}

/* Those of datagrams are others' (tm/app/client_udp.h). */
static bool is_forward(const struct tm_opt_item *item)
{
    return item->opt == TM_OPT_FORWARD && !tm_udpforward_is(item->text);
}

int tm_client_doors_open(struct tm_client_doors *d, const struct tm_options *o,
                         const struct tm_activation *a, struct tm_tunnel_client *tunnel,
                         struct tm_msg *msg)
{
    int rc = open_proxies(d, o, a, tunnel, msg);
    d->n_proxies = d->n_local;
    for (size_t i = 0; i < o->n_list && rc == TM_OK; i++)
        if (is_forward(&o->list[i]))
            rc = open_forward(d, o->list[i].text, tunnel, msg);
    return rc;
}

/* ---- Changes ---- */

static bool is_same_bind(const char *a, const char *b)
{
    struct tm_forward x, y;
    return tm_forward_parse(&x, a, NULL) == TM_OK && tm_forward_parse(&y, b, NULL) == TM_OK &&
           strcmp(x.bind.path, y.bind.path) == 0 && strcmp(x.bind.at.host, y.bind.at.host) == 0 &&
           x.bind.at.port == y.bind.at.port;
}

/* The door among the first n that is to be that of this forward: it listens there; n: none. */
static size_t find(const struct tm_client_doors *d, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (d->forward[i] != NULL && is_same_bind(d->forward[i], text))
            return i;
    return n;
}

static void close_from(struct tm_client_doors *d, size_t n)
{
    while (d->n_local > n)
        tm_local_close(d->local[--d->n_local]);
}

/* The door stays open; it may lead elsewhere. */
static const char *lead(struct tm_local *local, const char *text)
{
    struct tm_forward f;
    if (tm_forward_parse(&f, text, NULL) == TM_OK)
        tm_local_set_dest(local, &f.dest);
    return text;
}

/* New ones are opened before anything else changes, so that an error changes nothing. */
int tm_client_doors_change(struct tm_client_doors *d, const struct tm_options *fresh,
                           struct tm_tunnel_client *tunnel, struct tm_msg *msg)
{
    size_t n_old = d->n_local;
    const char *kept[TM_CLIENT_DOORS_MAX] = {NULL}; /* the new text of an old door */
    int rc = TM_OK;
    for (size_t i = 0; i < fresh->n_list && rc == TM_OK; i++) {
        const char *text = fresh->list[i].text;
        if (!is_forward(&fresh->list[i]))
            continue;
        size_t at = find(d, n_old, text);
        if (at == n_old || kept[at] != NULL)
            rc = open_forward(d, text, tunnel, msg);
        else
            kept[at] = text;
    }
    if (rc != TM_OK) {
        close_from(d, n_old);
        return rc;
    }
    size_t n = 0;
    for (size_t i = 0; i < d->n_local; i++) {
        bool is_old = d->forward[i] != NULL && i < n_old;
        if (is_old && kept[i] == NULL) {
            tm_local_close(d->local[i]);
            continue;
        }
        d->local[n] = d->local[i];
        d->forward[n++] = is_old ? lead(d->local[i], kept[i]) : d->forward[i];
    }
    d->n_local = n;
    return TM_OK;
}

void tm_client_doors_close(struct tm_client_doors *d)
{
    close_from(d, 0);
}
