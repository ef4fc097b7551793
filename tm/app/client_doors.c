/* tm/app/client_doors.c - see client_doors.h. */
#include "tm/app/client_doors.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Opens local[n_local]; cfg: everything but where. */
static int open_door(struct tm_client_doors *d, struct tm_local_cfg *cfg,
                     const struct tm_address *at, enum tm_opt opt, struct tm_msg *msg)
{
    struct sockaddr_storage sa;
    struct tm_msg why;
    if (d->n_local == TM_CLIENT_DOORS_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT, "--%s: too many doors", tm_options_info(opt)->name);
    int rc = tm_address_resolve(&sa, at, msg);
    if (rc != TM_OK)
        return rc;
    cfg->addr = (const struct sockaddr *)&sa;
    rc = tm_local_open(&d->local[d->n_local], cfg, &why);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "%.300s; stop the program that has it, or choose another --%s",
                          why.text, tm_options_info(opt)->name);
    d->forward[d->n_local++] = NULL;
    return TM_OK;
}

static int open_forward(struct tm_client_doors *d, const char *text,
                        struct tm_tunnel_client *tunnel, struct tm_msg *msg)
{
    struct tm_address_forward f;
    struct tm_local_cfg cfg = {.tunnel = tunnel, .kind = TM_LOCAL_FORWARD};
    int rc = tm_address_parse_forward(&f, text, msg);
    if (rc == TM_OK)
        rc = tm_address_dest(&cfg.dest, &f.dest);
    if (rc == TM_OK)
        rc = open_door(d, &cfg, &f.bind, TM_OPT_FORWARD, msg);
    if (rc == TM_OK)
        d->forward[d->n_local - 1] = text;
    return rc;
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

static int open_proxy(struct tm_client_doors *d, const struct tm_options *o,
                      const struct tm_activation *a, struct tm_tunnel_client *tunnel,
                      struct tm_msg *msg)
{
    struct tm_address at;
    struct tm_local_cfg cfg = {.tunnel = tunnel,
                               .kind = TM_LOCAL_SOCKS,
                               .reply = o->v[TM_OPT_SOCKS_REPLY].num == 0 ? TM_SOCKS_REPLY_EARLY
                                                                          : TM_SOCKS_REPLY_EXACT};
    if (a->n > 0)
        return open_handed(d, &cfg, a, msg);
    int rc = tm_address_parse(&at, o->v[TM_OPT_SOCKS].text, msg);
    if (rc == TM_OK)
        rc = open_door(d, &cfg, &at, TM_OPT_SOCKS, msg);
    if (rc == TM_OK)
        tm_address_print(d->where, at.host, tm_local_port(d->local[0]));
    return rc;
}

int tm_client_doors_open(struct tm_client_doors *d, const struct tm_options *o,
                         const struct tm_activation *a, struct tm_tunnel_client *tunnel,
                         struct tm_msg *msg)
{
    int rc = open_proxy(d, o, a, tunnel, msg);
    d->n_proxies = d->n_local;
    for (size_t i = 0; i < o->n_list && rc == TM_OK; i++)
        if (o->list[i].opt == TM_OPT_FORWARD)
            rc = open_forward(d, o->list[i].text, tunnel, msg);
    return rc;
}

/* ---- Changes ---- */

static bool is_same_bind(const char *a, const char *b)
{
    struct tm_address_forward x, y;
    return tm_address_parse_forward(&x, a, NULL) == TM_OK &&
           tm_address_parse_forward(&y, b, NULL) == TM_OK &&
           strcmp(x.bind.host, y.bind.host) == 0 && x.bind.port == y.bind.port;
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
    struct tm_address_forward f;
    struct tm_dest dest;
    if (tm_address_parse_forward(&f, text, NULL) == TM_OK &&
        tm_address_dest(&dest, &f.dest) == TM_OK)
        tm_local_set_dest(local, &dest);
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
        if (fresh->list[i].opt != TM_OPT_FORWARD)
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
