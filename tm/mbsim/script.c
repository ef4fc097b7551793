#include "tm/mbsim/script.h"

#include <stdlib.h>

#include "tm/mbsim/line.h"

#define TRIP_MAX_NS INT64_C(1000000000)

int64_t tm_mbsim_script_guess_trip_ns(const struct tm_mbsim_trace *trace)
{
    size_t i = 0, k;
    while (i < trace->n && !trace->packets[i].is_sent)
        i++;
    for (k = i; k < trace->n && trace->packets[k].is_sent;)
        k++;
    if (k >= trace->n)
        return 0;
    const int64_t trip_ns = (trace->packets[k].t_ns - trace->packets[i].t_ns) / 2;
    return trip_ns < TRIP_MAX_NS ? trip_ns : TRIP_MAX_NS;
}

/* Packet p, whose end saw `cause` (of index n - 1 of the other's; n 0: nothing) at seen_ns of its own clock's t_ns. */
static struct tm_mbsim_cue cue(size_t n_seen, int64_t since_ns, int64_t t_ns)
{
    return (struct tm_mbsim_cue){.cause = n_seen > 0 ? (uint32_t)(n_seen - 1) : TM_MBSIM_NO_CAUSE,
                                 .gap_ns = t_ns - since_ns};
}

static void fill(struct tm_mbsim_script *client, struct tm_mbsim_script *server,
                 const struct tm_mbsim_trace *trace, int64_t trip_ns, uint32_t size_bytes)
{
    const struct tm_mbsim_packet *p = trace->packets;
    const int64_t zero_ns = p[0].t_ns;
    int64_t received_ns = zero_ns; /* the last one, at the client */
    size_t at = 0,
           n_reached =
               0; /* the trace's packets before `at` that were sent have reached the server */
    int64_t reached_ns = zero_ns; /* the last one of these, at the server */
    for (size_t i = 0; i < trace->n; i++) {
        struct tm_mbsim_cue c;
        if (p[i].is_sent) {
            c = cue(server->n, received_ns, p[i].t_ns);
        } else {
            for (; at < i && p[at].t_ns <= p[i].t_ns - 2 * trip_ns; at++) {
                n_reached += p[at].is_sent;
                reached_ns = p[at].is_sent ? p[at].t_ns + trip_ns : reached_ns;
            }
            c = cue(n_reached, reached_ns, p[i].t_ns - trip_ns);
            received_ns = p[i].t_ns;
        }
        c.size_bytes = p[i].size_bytes > 0 ? p[i].size_bytes : size_bytes;
        c.size_bytes = c.size_bytes < TM_MBSIM_SIZE_MAX ? c.size_bytes : TM_MBSIM_SIZE_MAX;
        struct tm_mbsim_script *s = p[i].is_sent ? client : server;
        s->cues[s->n++] = c;
    }
}

int tm_mbsim_script_make(struct tm_mbsim_script *client, struct tm_mbsim_script *server,
                         const struct tm_mbsim_trace *trace, int64_t trip_ns, uint32_t size_bytes)
{
    *client = *server = (struct tm_mbsim_script){.n = 0};
    if (trace->n == 0 || trace->n >= UINT32_MAX)
        return TM_ERR_RANGE;
    client->cues = calloc(trace->n, sizeof *client->cues);
    server->cues = calloc(trace->n, sizeof *server->cues);
    if (!client->cues || !server->cues) {
        tm_mbsim_script_deinit(client);
        tm_mbsim_script_deinit(server);
        return TM_ERR_NOMEM;
    }
    fill(client, server, trace, trip_ns, size_bytes);
    return TM_OK;
}

void tm_mbsim_script_deinit(struct tm_mbsim_script *s)
{
    free(s->cues);
    *s = (struct tm_mbsim_script){.n = 0};
}
