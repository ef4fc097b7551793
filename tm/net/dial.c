/* tm/net/dial.c - resolve, try in turn, answer once.
 *
 * The object lives until every request and timer of libuv is back (refs), the outcome is given at once. */
#include "tm/net/dial.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#define ADDRS_MAX 16U

struct attempt {
    uv_connect_t req;
    union tm_sock *sock; /* NULL: not started, or over */
};

struct tm_dial {
    struct tm_dial_cfg cfg;
    uv_getaddrinfo_t resolve;
    uv_timer_t limit;   /* of the whole */
    uv_timer_t stagger; /* to the next attempt */
    unsigned refs;      /* requests in flight and open timers */
    bool is_over;
    bool is_denied; /* the guard refused an address */
    int err;        /* of the last attempt that failed */
    size_t n_addrs, n_started, n_live;
    struct sockaddr_storage addr[ADDRS_MAX];
    struct attempt attempt[ADDRS_MAX];
    char name[TM_DEST_HOST_MAX + 1];
};

enum tm_reply tm_dial_reply(int uv_err)
{
    switch (uv_err) {
    case UV_ECONNREFUSED:
        return TM_REPLY_REFUSED;
    case UV_ENETUNREACH:
    case UV_ENETDOWN:
    case UV_EAFNOSUPPORT:
    case UV_EADDRNOTAVAIL:
        return TM_REPLY_NET_UNREACHABLE;
    case UV_EHOSTUNREACH:
        return TM_REPLY_HOST_UNREACHABLE;
    case UV_EAI_NONAME:
    case UV_EAI_NODATA:
    case UV_EAI_AGAIN:
    case UV_EAI_FAIL:
    case UV_EAI_ADDRFAMILY:
        return TM_REPLY_NAME_UNKNOWN;
    case UV_ETIMEDOUT:
        return TM_REPLY_TTL_EXPIRED;
    case UV_EACCES:
    case UV_EPERM:
        return TM_REPLY_DENIED;
    default:
        return TM_REPLY_FAILURE;
    }
}

static void unref(struct tm_dial *d)
{
    if (--d->refs == 0)
        free(d);
}

static void on_timer_closed(uv_handle_t *h)
{
    unref(h->data);
}

/* Ends everything that is under way but attempt `keep` (or none, when it is NULL). */
static void finish(struct tm_dial *d, const struct attempt *keep)
{
    d->is_over = true;
    (void)uv_cancel((uv_req_t *)&d->resolve);
    for (size_t i = 0; i < d->n_started; i++) {
        struct attempt *a = &d->attempt[i];
        if (a != keep && a->sock != NULL) {
            tm_sock_close(a->sock);
            a->sock = NULL;
        }
    }
    uv_close((uv_handle_t *)&d->limit, on_timer_closed);
    uv_close((uv_handle_t *)&d->stagger, on_timer_closed);
}

static void answer(struct tm_dial *d, enum tm_reply reply, struct attempt *winner)
{
    union tm_sock *sock = winner == NULL ? NULL : winner->sock;
    finish(d, winner);
    d->cfg.done(d->cfg.user, reply, sock);
}

static void try_next(struct tm_dial *d);

static void on_stagger(uv_timer_t *timer)
{
    try_next(timer->data);
}

static void on_limit(uv_timer_t *timer)
{
    answer(timer->data, TM_REPLY_TTL_EXPIRED, NULL);
}

static void on_connect(uv_connect_t *req, int status)
{
    struct tm_dial *d = req->data;
    struct attempt *a = (struct attempt *)req;
    if (!d->is_over) {
        d->n_live--;
        if (status == 0) {
            answer(d, TM_REPLY_OK, a);
        } else {
            d->err = status;
            tm_sock_close(a->sock);
            a->sock = NULL;
            try_next(d);
        }
    }
    unref(d);
}

static int start_attempt(struct tm_dial *d)
{
    size_t i = d->n_started++;
    struct attempt *a = &d->attempt[i];
    a->sock = tm_sock_new_tcp(d->cfg.loop);
    if (a->sock == NULL)
        return UV_ENOMEM;
    a->req.data = d;
    int rc =
        uv_tcp_connect(&a->req, &a->sock->tcp, (const struct sockaddr *)&d->addr[i], on_connect);
    if (rc != 0) {
        tm_sock_close(a->sock);
        a->sock = NULL;
        return rc;
    }
    d->refs++;
    d->n_live++;
    return 0;
}

/* The next address; when none is left and nothing is under way, the answer. */
static void try_next(struct tm_dial *d)
{
    while (d->n_started < d->n_addrs) {
        int rc = start_attempt(d);
        if (rc == 0) {
            if (d->n_started < d->n_addrs)
                (void)uv_timer_start(&d->stagger, on_stagger, TM_DIAL_STAGGER_MS, 0);
            return;
        }
        d->err = rc;
    }
    if (d->n_live > 0)
        return;
    answer(d, d->n_addrs == 0 && d->is_denied ? TM_REPLY_DENIED : tm_dial_reply(d->err), NULL);
}

static void add_addr(struct tm_dial *d, const struct sockaddr *sa, size_t len)
{
    if (d->cfg.guard != NULL && !tm_guard_allows(d->cfg.guard, sa))
        d->is_denied = true;
    else if (d->n_addrs < ADDRS_MAX)
        memcpy(&d->addr[d->n_addrs++], sa, len);
}

/* The resolver's list with the families alternating, beginning with its first choice (RFC 8305 sec. 4). */
static void add_interleaved(struct tm_dial *d, const struct addrinfo *list)
{
    const struct addrinfo *next[2] = {list, list};
    int family[2] = {list->ai_family, list->ai_family == AF_INET ? AF_INET6 : AF_INET};
    for (unsigned turn = 0; next[0] != NULL || next[1] != NULL; turn ^= 1) {
        while (next[turn] != NULL && next[turn]->ai_family != family[turn])
            next[turn] = next[turn]->ai_next;
        if (next[turn] != NULL) {
            add_addr(d, next[turn]->ai_addr, next[turn]->ai_addrlen);
            next[turn] = next[turn]->ai_next;
        }
    }
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
    struct tm_dial *d = req->data;
    if (!d->is_over) {
        d->err = status;
        if (status == 0 && res != NULL)
            add_interleaved(d, res);
        try_next(d);
    }
    uv_freeaddrinfo(res);
    unref(d);
}

/* A literal address: one attempt, from the loop. */
static void start_literal(struct tm_dial *d, const struct tm_dest *dest)
{
    if (dest->kind == TM_ADDR_IPV4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(dest->port)};
        memcpy(&in.sin_addr, dest->addr, 4);
        add_addr(d, (const struct sockaddr *)&in, sizeof in);
    } else {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(dest->port)};
        memcpy(&in6.sin6_addr, dest->addr, 16);
        add_addr(d, (const struct sockaddr *)&in6, sizeof in6);
    }
    (void)uv_timer_start(&d->stagger, on_stagger, 0, 0);
}

static int start_name(struct tm_dial *d, const struct tm_dest *dest)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned)dest->port);
    memcpy(d->name, dest->addr, dest->len);
    d->resolve.data = d;
    if (uv_getaddrinfo(d->cfg.loop, &d->resolve, on_resolved, d->name, port, &hints) != 0)
        return TM_ERR_NOMEM;
    d->refs++;
    return TM_OK;
}

int tm_dial_start(struct tm_dial **out, const struct tm_dial_cfg *cfg, const struct tm_dest *dest)
{
    *out = NULL;
    if (dest->port == 0 || dest->len == 0 || (dest->kind == TM_ADDR_IPV4 && dest->len != 4) ||
        (dest->kind == TM_ADDR_IPV6 && dest->len != 16) ||
        (dest->kind == TM_ADDR_NAME && memchr(dest->addr, '\0', dest->len) != NULL))
        return TM_ERR_RANGE;
    struct tm_dial *d = calloc(1, sizeof *d);
    if (d == NULL)
        return TM_ERR_NOMEM;
    d->cfg = *cfg;
    d->limit.data = d->stagger.data = d;
    (void)uv_timer_init(cfg->loop, &d->limit);
    (void)uv_timer_init(cfg->loop, &d->stagger);
    d->refs = 2;
    (void)uv_timer_start(&d->limit, on_limit, cfg->limit_ms == 0 ? TM_DIAL_LIMIT_MS : cfg->limit_ms,
                         0);
    if (dest->kind != TM_ADDR_NAME) {
        start_literal(d, dest);
    } else if (start_name(d, dest) != TM_OK) {
        finish(d, NULL);
        return TM_ERR_NOMEM;
    }
    *out = d;
    return TM_OK;
}

void tm_dial_cancel(struct tm_dial *d)
{
    finish(d, NULL);
}
