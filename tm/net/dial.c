/* tm/net/dial.c - resolve, try in turn, answer once.  tm/core/eyeballs says what is tried when.
 *
 * The object lives until every request and timer of libuv is back (refs), the outcome is given at once. */
#include "tm/net/dial.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "tm/base/time.h"
#include "tm/core/eyeballs.h"

#define ADDRS_MAX     8U /* of a family */
#define UNIX_PATH_MAX sizeof((struct sockaddr_un *)NULL)->sun_path

struct attempt {
    uv_connect_t req;
    union tm_sock *sock; /* NULL: not started, or over */
};

/* A family's addresses and the question for them. */
struct found {
    uv_getaddrinfo_t resolve;
    bool is_asking;
    size_t n;
    struct sockaddr_storage addr[ADDRS_MAX];
};

struct tm_dial {
    struct tm_dial_cfg cfg;
    uv_timer_t limit;   /* of the whole */
    uv_timer_t stagger; /* to the next attempt */
    unsigned refs;      /* requests in flight and open timers */
    bool is_over;
    bool is_denied; /* the guard refused an address */
    bool is_unix;   /* the name is a unix socket's */
    int err;        /* the one to tell, of those that attempts and questions failed with */
    struct tm_eyeballs eyeballs;
    struct found of[TM_FAMILY_N];
    size_t n_started;
    struct attempt attempt[TM_FAMILY_N * ADDRS_MAX];
    char name[TM_DEST_HOST_MAX + 1];
};

bool tm_dial_may_reach(const struct tm_guard *guard, const struct sockaddr *sa)
{
    return guard == NULL || tm_guard_allows(guard, sa);
}

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
    case UV_ENOENT: /* no such unix socket */
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
    for (size_t f = 0; f < TM_FAMILY_N; f++)
        if (d->of[f].is_asking)
            (void)uv_cancel((uv_req_t *)&d->of[f].resolve);
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

/* How much an error says of why there is no connection. */
static int weight(int err)
{
    switch (tm_dial_reply(err)) {
    case TM_REPLY_NAME_UNKNOWN: /* by a family; the other may have addresses */
        return 0;
    case TM_REPLY_NET_UNREACHABLE: /* no way there for a family */
        return 1;
    case TM_REPLY_OK:
    case TM_REPLY_FAILURE:
    case TM_REPLY_DENIED:
    case TM_REPLY_HOST_UNREACHABLE:
    case TM_REPLY_REFUSED:
    case TM_REPLY_TTL_EXPIRED:
    case TM_REPLY_COMMAND_UNSUPPORTED:
    case TM_REPLY_ADDRESS_UNSUPPORTED:
        break;
    }
    return 2;
}

static void note_err(struct tm_dial *d, int err)
{
    if (d->err == 0 || weight(err) >= weight(d->err))
        d->err = err;
}

static int64_t loop_us(const struct tm_dial *d)
{
    return (int64_t)uv_now(d->cfg.loop) * TM_US_PER_MS;
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
        if (status == 0) {
            answer(d, TM_REPLY_OK, a);
        } else {
            note_err(d, status);
            tm_sock_close(a->sock);
            a->sock = NULL;
            tm_eyeballs_failed(&d->eyeballs, loop_us(d));
            try_next(d);
        }
    }
    unref(d);
}

static const char *unix_path(const struct tm_dial *d)
{
    return d->name + sizeof TM_DEST_UNIX - 1;
}

static int start_attempt(struct tm_dial *d, const struct sockaddr_storage *addr)
{
    struct attempt *a = &d->attempt[d->n_started++];
    a->sock = d->is_unix ? tm_sock_new_unix(d->cfg.loop) : tm_sock_new_tcp(d->cfg.loop);
    if (a->sock == NULL)
        return UV_ENOMEM;
    a->req.data = d;
    int rc = 0;
    if (d->is_unix)
        uv_pipe_connect(&a->req, &a->sock->pipe, unix_path(d), on_connect);
    else
        rc = uv_tcp_connect(&a->req, &a->sock->tcp, (const struct sockaddr *)addr, on_connect);
    if (rc != 0) {
        tm_sock_close(a->sock);
        a->sock = NULL;
        return rc;
    }
    d->refs++;
    return 0;
}

/* Starts what is due; when nothing is left and nothing is under way, the answer. */
static void try_next(struct tm_dial *d)
{
    enum tm_family family;
    size_t index;
    int64_t now_us = loop_us(d);
    while (tm_eyeballs_next(&d->eyeballs, now_us, &family, &index)) {
        int rc = start_attempt(d, &d->of[family].addr[index]);
        if (rc != 0) {
            note_err(d, rc);
            tm_eyeballs_failed(&d->eyeballs, now_us);
        }
    }
    int64_t next_us = tm_eyeballs_next_us(&d->eyeballs);
    bool has_addrs = d->of[TM_FAMILY_V6].n + d->of[TM_FAMILY_V4].n > 0;
    if (tm_eyeballs_is_lost(&d->eyeballs))
        answer(d, !has_addrs && d->is_denied ? TM_REPLY_DENIED : tm_dial_reply(d->err), NULL);
    else if (next_us != TM_NEVER)
        (void)uv_timer_start(&d->stagger, on_stagger,
                             (uint64_t)((next_us - now_us + TM_US_PER_MS - 1) / TM_US_PER_MS), 0);
}

static bool is_allowed(const struct tm_dial *d, const struct sockaddr *sa)
{
    const struct tm_guard *g = d->cfg.guard;
    return d->cfg.is_own && g != NULL ? tm_guard_allows_own(g, sa) : tm_dial_may_reach(g, sa);
}

static void add_addr(struct tm_dial *d, const struct sockaddr *sa, size_t len)
{
    struct found *f = &d->of[sa->sa_family == AF_INET6 ? TM_FAMILY_V6 : TM_FAMILY_V4];
    if (!is_allowed(d, sa))
        d->is_denied = true;
    else if (f->n < ADDRS_MAX)
        memcpy(&f->addr[f->n++], sa, len);
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
    struct tm_dial *d = req->data;
    enum tm_family family = req == &d->of[TM_FAMILY_V6].resolve ? TM_FAMILY_V6 : TM_FAMILY_V4;
    d->of[family].is_asking = false;
    if (!d->is_over) {
        if (status != 0)
            note_err(d, status);
        for (const struct addrinfo *a = status == 0 ? res : NULL; a != NULL; a = a->ai_next)
            add_addr(d, a->ai_addr, a->ai_addrlen);
        tm_eyeballs_found(&d->eyeballs, family, d->of[family].n, loop_us(d));
        try_next(d);
    }
    uv_freeaddrinfo(res);
    unref(d);
}

bool tm_dial_is_unix(const struct tm_dest *dest)
{
    const size_t n = sizeof TM_DEST_UNIX - 1;
    return dest->kind == TM_ADDR_NAME && dest->len > n && memcmp(dest->addr, TM_DEST_UNIX, n) == 0;
}

/* A literal address or a path: one attempt, from the loop. */
static void start_literal(struct tm_dial *d, const struct tm_dest *dest)
{
    if (dest->kind == TM_ADDR_NAME) {
        memcpy(d->name, dest->addr, dest->len);
        d->is_unix = true;
        d->is_denied = d->cfg.guard != NULL && !tm_guard_allows_unix(d->cfg.guard, unix_path(d));
        d->of[TM_FAMILY_V4].n = !d->is_denied; /* it stands for an address, that is not looked at */
    } else if (dest->kind == TM_ADDR_IPV4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(dest->port)};
        memcpy(&in.sin_addr, dest->addr, 4);
        add_addr(d, (const struct sockaddr *)&in, sizeof in);
    } else {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(dest->port)};
        memcpy(&in6.sin6_addr, dest->addr, 16);
        add_addr(d, (const struct sockaddr *)&in6, sizeof in6);
    }
    for (int f = 0; f < TM_FAMILY_N; f++)
        tm_eyeballs_found(&d->eyeballs, (enum tm_family)f, d->of[f].n, loop_us(d));
    (void)uv_timer_start(&d->stagger, on_stagger, 0, 0);
}

/* Asks for both families at once, so that one that is slow to be found does not hold up the other (RFC 8305 sec. 3). */
static int start_name(struct tm_dial *d, const struct tm_dest *dest)
{
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned)dest->port);
    memcpy(d->name, dest->addr, dest->len);
    for (size_t i = 0; i < TM_FAMILY_N; i++) {
        struct found *f = &d->of[i];
        const struct addrinfo hints = {.ai_family = i == TM_FAMILY_V6 ? AF_INET6 : AF_INET,
                                       .ai_socktype = SOCK_STREAM,
                                       .ai_flags = AI_NUMERICSERV};
        f->resolve.data = d;
        if (uv_getaddrinfo(d->cfg.loop, &f->resolve, on_resolved, d->name, port, &hints) != 0)
            return TM_ERR_NOMEM;
        f->is_asking = true;
        d->refs++;
    }
    return TM_OK;
}

int tm_dial_start(struct tm_dial **out, const struct tm_dial_cfg *cfg, const struct tm_dest *dest)
{
    *out = NULL;
    if (dest->port == 0 || dest->len == 0 || (dest->kind == TM_ADDR_IPV4 && dest->len != 4) ||
        (dest->kind == TM_ADDR_IPV6 && dest->len != 16) ||
        (dest->kind == TM_ADDR_NAME && memchr(dest->addr, '\0', dest->len) != NULL) ||
        (tm_dial_is_unix(dest) && dest->len - sizeof TM_DEST_UNIX + 1 >= UNIX_PATH_MAX))
        return TM_ERR_RANGE;
    struct tm_dial *d = calloc(1, sizeof *d);
    if (d == NULL)
        return TM_ERR_NOMEM;
    d->cfg = *cfg;
    d->limit.data = d->stagger.data = d;
    (void)uv_timer_init(cfg->loop, &d->limit);
    (void)uv_timer_init(cfg->loop, &d->stagger);
    d->refs = 2;
    tm_eyeballs_init(&d->eyeballs);
    (void)uv_timer_start(&d->limit, on_limit, cfg->limit_ms == 0 ? TM_DIAL_LIMIT_MS : cfg->limit_ms,
                         0);
    if (dest->kind != TM_ADDR_NAME || tm_dial_is_unix(dest)) {
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
