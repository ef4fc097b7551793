#include "models/measured.h"

#include <assert.h>

#include "tm/base/err.h"

static const struct {
    const char *name;
    const char *unit;
    const char *help;
} specs[] = {
    [TM_MEASURED_MSS] = {"mss_bytes", "bytes", "largest segment that both sides agreed on"},
    [TM_MEASURED_RTT_CLIENT] = {"rtt_client_us", "us", "round trip between tap and client"},
    [TM_MEASURED_RTT_SERVER] = {"rtt_server_us", "us", "round trip between tap and server"},
    [TM_MEASURED_CAPACITY_UP] = {"capacity_up_bps", "bps",
                                 "bottleneck from the client, by packet pairs"},
    [TM_MEASURED_CAPACITY_DOWN] = {"capacity_down_bps", "bps",
                                   "bottleneck from the server, by packet pairs"},
    [TM_MEASURED_LOSS_UP] = {"loss_up_ppm", "ppm", "segments lost on the way to the server"},
    [TM_MEASURED_LOSS_DOWN] = {"loss_down_ppm", "ppm", "segments lost on the way to the client"},
    [TM_MEASURED_SESSION_START] = {"session_start_ppm", "ppm",
                                   "where in the capture sessions start"},
    [TM_MEASURED_CLIENT_SESSIONS] = {"client_sessions", "count", "sessions of one user"},
    [TM_MEASURED_SERVER_CONNS] = {"server_conns", "count", "connections to one server"},
    [TM_MEASURED_TLS_HELLO] = {"tls_hello_bytes", "bytes",
                               "client's records before the server's first"},
    [TM_MEASURED_TLS_FLIGHT] = {"tls_flight_bytes", "bytes", "server's handshake records"},
    [TM_MEASURED_TLS_FINISHED] = {"tls_finished_bytes", "bytes",
                                  "client's handshake records after its hello"},
    [TM_MEASURED_TLS_PAIRS] = {"tls_pairs", "count", "exchanges after the handshake"},
    [TM_MEASURED_TLS_REQ] = {"tls_req_bytes", "bytes", "a request after the handshake"},
    [TM_MEASURED_TLS_RSP] = {"tls_rsp_bytes", "bytes", "a response after the handshake"},
    [TM_MEASURED_TLS_REQ_RECORDS] = {"tls_req_records", "count", "records of a request"},
    [TM_MEASURED_TLS_RSP_RECORDS] = {"tls_rsp_records", "count", "records of a response"},
    [TM_MEASURED_TLS_RECORD_UP] = {"tls_record_up_bytes", "bytes", "a record of the client"},
    [TM_MEASURED_TLS_RECORD_DOWN] = {"tls_record_down_bytes", "bytes", "a record of the server"},
};
static_assert(sizeof specs / sizeof specs[0] == TM_MEASURED_PARAMS, "a parameter has no spec");

const char *tm_measured_name(enum tm_measured_param p)
{
    TM_ASSERT(p < TM_MEASURED_PARAMS);
    return specs[p].name;
}

const char *tm_measured_unit(enum tm_measured_param p)
{
    TM_ASSERT(p < TM_MEASURED_PARAMS);
    return specs[p].unit;
}

const char *tm_measured_help(enum tm_measured_param p)
{
    TM_ASSERT(p < TM_MEASURED_PARAMS);
    return specs[p].help;
}
