/* tm/app/client_udp.c - see client_udp.h. */
#include "tm/app/client_udp.h"

#include <stdlib.h>
#include <string.h>

#include "tm/app/udpforward.h"
#include "tm/net/dnsdoor.h"
#include "tm/net/udpdoor.h"

#define DNS_PORT 53

struct tm_client_udp {
    struct tm_dnsdoor *dns; /* NULL: no --dns */
    char dns_at[TM_ADDRESS_TEXT_MAX];
    size_t n_forwards;
    struct tm_udpdoor *forward[TM_OPTIONS_LIST_MAX];
};

int tm_client_udp_resolver(struct tm_dest *dest, const struct tm_options *o, struct tm_msg *msg)
{
    const char *text = o->v[TM_OPT_RESOLVER].text;
    struct tm_address a;
    *dest = (struct tm_dest){
        .kind = TM_ADDR_NAME, .len = sizeof TM_DEST_RESOLVER - 1, .port = DNS_PORT};
    memcpy(dest->addr, TM_DEST_RESOLVER, dest->len);
    if (text == NULL)
        return TM_OK;
    int rc = tm_address_parse(&a, text, msg);
    if (rc != TM_OK)
        return rc;
    rc = tm_address_dest(dest, &a);
    return rc == TM_OK ? rc
                       : tm_msg_set(msg, rc, "--resolver %s: a host and a port are needed", text);
}

/* What to say when a port cannot be had. */
static int complain(struct tm_msg *msg, int rc, const struct tm_msg *why, enum tm_opt opt)
{
    return tm_msg_set(msg, rc,
                      "%.300s; stop the program that has it, or choose another --%s (ports below "
                      "1024 need root or CAP_NET_BIND_SERVICE)",
                      why->text, tm_options_info(opt)->name);
}

static int open_dns(struct tm_client_udp *u, const struct tm_options *o, struct tm_front *front,
                    struct tm_msg *msg)
{
    const char *text = o->v[TM_OPT_DNS].text;
    struct sockaddr_storage sa;
    struct tm_address at;
    struct tm_dest dest;
    struct tm_msg why;
    if (text == NULL)
        return TM_OK;
    int rc = tm_client_udp_resolver(&dest, o, msg);
    if (rc == TM_OK)
        rc = tm_address_parse(&at, text, msg);
    if (rc == TM_OK)
        rc = tm_address_resolve(&sa, &at, msg);
    if (rc != TM_OK)
        return rc;
    rc = tm_dnsdoor_open(&u->dns, front, (const struct sockaddr *)&sa, &dest, &why);
    if (rc != TM_OK)
        return complain(msg, rc, &why, TM_OPT_DNS);
    tm_address_print(u->dns_at, at.host, tm_dnsdoor_port(u->dns));
    return TM_OK;
}

static int open_forward(struct tm_client_udp *u, const char *text, struct tm_front *front,
                        struct tm_msg *msg)
{
    struct tm_forward f;
    struct sockaddr_storage sa;
    struct tm_msg why;
    int rc = tm_udpforward_parse(&f, text, msg);
    if (rc == TM_OK)
        rc = tm_address_resolve(&sa, &f.bind.at, msg);
    if (rc != TM_OK)
        return rc;
    rc = tm_udpdoor_open(&u->forward[u->n_forwards], front, (const struct sockaddr *)&sa, &f.dest,
                         &why);
    if (rc != TM_OK)
        return complain(msg, rc, &why, TM_OPT_FORWARD);
    u->n_forwards++;
    return TM_OK;
}

int tm_client_udp_open(struct tm_client_udp **out, const struct tm_options *o,
                       struct tm_tunnel_client *tunnel, struct tm_msg *msg)
{
    struct tm_front *front = tm_tunnel_client_front(tunnel);
    struct tm_client_udp *u = calloc(1, sizeof *u);
    *out = u;
    if (u == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    int rc = open_dns(u, o, front, msg);
    for (size_t i = 0; i < o->n_list && rc == TM_OK; i++)
        if (o->list[i].opt == TM_OPT_FORWARD && tm_udpforward_is(o->list[i].text))
            rc = open_forward(u, o->list[i].text, front, msg);
    return rc; /* what is open is closed with the rest */
}

void tm_client_udp_say(const struct tm_client_udp *u, FILE *out)
{
    if (u->dns != NULL)
        fprintf(out, ", names at %s", u->dns_at);
    if (u->n_forwards > 0)
        fprintf(out, ", %zu UDP forwards", u->n_forwards);
}

void tm_client_udp_close(struct tm_client_udp *u)
{
    if (u == NULL)
        return;
    tm_dnsdoor_close(u->dns);
    for (size_t i = 0; i < u->n_forwards; i++)
        tm_udpdoor_close(u->forward[i]);
    free(u);
}
