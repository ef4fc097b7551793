/* tm/net/udpnames.c - see udpnames.h. */
#include "tm/net/udpnames.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct name {
    uv_getaddrinfo_t req;
    struct tm_udpnames *names;
    bool is_asking;
    char text[TM_DEST_HOST_MAX + 1]; /* "": free */
    uint64_t used_ms, until_ms;      /* of its last use; the answer is good */
    size_t n;
    struct sockaddr_storage addr[TM_UDPNAMES_ADDRS];
};

struct tm_udpnames {
    uv_loop_t *loop;
    tm_udpnames_fn fn;
    void *user;
    bool is_over;
    size_t n_asking;
    size_t n_max;
    struct name name[];
};

struct tm_udpnames *tm_udpnames_new(uv_loop_t *loop, size_t n_max, tm_udpnames_fn fn, void *user)
{
    struct tm_udpnames *names = calloc(1, sizeof *names + n_max * sizeof names->name[0]);
    if (names == NULL)
        return NULL;
    names->loop = loop;
    names->fn = fn;
    names->user = user;
    names->n_max = n_max;
    return names;
}

static void names_free(struct tm_udpnames *names)
{
    if (names->is_over && names->n_asking == 0)
        free(names);
}

void tm_udpnames_free(struct tm_udpnames *names)
{
    if (names == NULL)
        return;
    names->is_over = true;
    for (size_t i = 0; i < names->n_max; i++)
        if (names->name[i].is_asking)
            (void)uv_cancel((uv_req_t *)&names->name[i].req);
    names_free(names);
}

static void on_address(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
    struct name *e = req->data;
    struct tm_udpnames *names = e->names;
    e->is_asking = false;
    names->n_asking--;
    e->n = 0;
    for (const struct addrinfo *a = status == 0 ? res : NULL; a != NULL; a = a->ai_next)
        if ((a->ai_family == AF_INET || a->ai_family == AF_INET6) && e->n < TM_UDPNAMES_ADDRS)
            memcpy(&e->addr[e->n++], a->ai_addr, a->ai_addrlen);
    e->until_ms = uv_now(names->loop) + (e->n > 0 ? TM_UDPNAMES_MS : TM_UDPNAMES_NONE_MS);
    uv_freeaddrinfo(res);
    if (!names->is_over)
        names->fn(names->user);
    else
        names_free(names);
}

/* Its entry, or the one that it may have; NULL: all are being asked for. */
static struct name *entry(struct tm_udpnames *names, const char *text)
{
    struct name *best = NULL;
    for (size_t i = 0; i < names->n_max; i++) {
        struct name *e = &names->name[i];
        if (strcmp(e->text, text) == 0)
            return e;
        if (!e->is_asking && (best == NULL || e->used_ms < best->used_ms))
            best = e;
    }
    return best;
}

static bool ask(struct tm_udpnames *names, struct name *e, const char text[TM_DEST_HOST_MAX + 1])
{
    static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    memcpy(e->text, text, sizeof e->text); /* which has as much room */
    e->names = names;
    e->req.data = e;
    e->n = 0;
    e->is_asking = uv_getaddrinfo(names->loop, &e->req, on_address, e->text, NULL, &hints) == 0;
    names->n_asking += e->is_asking;
    return e->is_asking;
}

enum tm_udpnames_state tm_udpnames_get(struct tm_udpnames *names, const struct tm_dest *dest,
                                       const struct sockaddr_storage **addr, size_t *n)
{
    char text[TM_DEST_HOST_MAX + 1] = {0};
    uint64_t now_ms = uv_now(names->loop);
    memcpy(text, dest->addr, dest->len);
    struct name *e = strlen(text) == dest->len ? entry(names, text) : NULL;
    if (e == NULL)
        return TM_UDPNAMES_NONE;
    e->used_ms = now_ms;
    bool is_it = strcmp(e->text, text) == 0;
    if (is_it && e->is_asking)
        return TM_UDPNAMES_ASKING;
    if (!is_it || now_ms >= e->until_ms)
        return ask(names, e, text) ? TM_UDPNAMES_ASKING : TM_UDPNAMES_NONE;
    *addr = e->addr;
    *n = e->n;
    return e->n > 0 ? TM_UDPNAMES_KNOWN : TM_UDPNAMES_NONE;
}
