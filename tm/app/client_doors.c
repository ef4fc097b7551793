/* tm/app/client_doors.c - see client_doors.h. */
#include "tm/app/client_doors.h"

#include <stdio.h>
#include <string.h>

#include "tm/app/forward.h"
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
    d->n_local++;
    return TM_OK;
}

static int open_proxy(struct tm_client_doors *d, const struct tm_options *o,
                      struct tm_tunnel_client *tunnel, const struct tm_door *at, enum tm_opt opt,
                      struct tm_msg *msg)
{
    struct tm_local_cfg cfg = {.tunnel = tunnel,
                               .kind = TM_LOCAL_SOCKS,
                               .reply = o->v[TM_OPT_SOCKS_REPLY].num == 0 ? TM_SOCKS_REPLY_EARLY
                                                                          : TM_SOCKS_REPLY_EXACT};
    return open_door(d, &cfg, at, opt, msg);
}

static int open_proxies(struct tm_client_doors *d, const struct tm_options *o,
                        struct tm_tunnel_client *tunnel, struct tm_msg *msg)
{
    struct tm_door at;
    int rc = TM_OK;
    if (o->v[TM_OPT_SOCKS].given || !o->v[TM_OPT_DYNAMIC].given) {
        rc = tm_door_parse(&at, o->v[TM_OPT_SOCKS].text, msg);
        if (rc == TM_OK)
            rc = open_proxy(d, o, tunnel, &at, TM_OPT_SOCKS, msg);
    }
    for (size_t i = 0; i < o->n_list && rc == TM_OK; i++) {
        if (o->list[i].opt != TM_OPT_DYNAMIC)
            continue;
        rc = tm_door_parse_dynamic(&at, o->list[i].text, msg);
        if (rc == TM_OK)
            rc = open_proxy(d, o, tunnel, &at, TM_OPT_DYNAMIC, msg);
    }
    return rc;
}

int tm_client_doors_open(struct tm_client_doors *d, const struct tm_options *o,
                         struct tm_tunnel_client *tunnel, struct tm_msg *msg)
{
    int rc = open_proxies(d, o, tunnel, msg);
    for (size_t i = 0; i < o->n_list && rc == TM_OK; i++) {
        struct tm_forward f;
        if (o->list[i].opt != TM_OPT_FORWARD)
            continue;
        rc = tm_forward_parse(&f, o->list[i].text, msg);
        if (rc != TM_OK)
            break;
        struct tm_local_cfg cfg = {.tunnel = tunnel, .kind = TM_LOCAL_FORWARD, .dest = f.dest};
        rc = open_door(d, &cfg, &f.bind, TM_OPT_FORWARD, msg);
    }
    return rc;
}

void tm_client_doors_close(struct tm_client_doors *d)
{
    for (size_t i = 0; i < d->n_local; i++)
        tm_local_close(d->local[i]);
    d->n_local = 0;
}
