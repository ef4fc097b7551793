/* tm/app/summary.c - see summary.h. */
#include "tm/app/summary.h"

#include <inttypes.h>

#include "tm/base/time.h"

unsigned tm_summary_useful_permille(const struct tm_session_stats *s)
{
    uint64_t wire = s->wire_tx_bytes + s->wire_rx_bytes;
    uint64_t payload = s->payload_tx_bytes + s->payload_rx_bytes;
    /* Beyond 2^54 bytes the product would overflow; then the quotient is exact enough. */
    if (wire == 0)
        return 0;
    return (unsigned)(wire < UINT64_C(1) << 54 ? payload * 1000 / wire : payload / (wire / 1000));
}

void tm_summary_line(char out[TM_SUMMARY_LINE_MAX], const struct tm_summary *m)
{
    unsigned useful = tm_summary_useful_permille(&m->s);
    snprintf(out, TM_SUMMARY_LINE_MAX,
             "wire %" PRIu64 " B sent, %" PRIu64 " B received; payload %" PRIu64 " B sent, %" PRIu64
             " B received; useful share %u.%u %%; carriers %u opened, %u died; %" PRId64 ".%" PRId64
             " s",
             m->s.wire_tx_bytes, m->s.wire_rx_bytes, m->s.payload_tx_bytes, m->s.payload_rx_bytes,
             useful / 10, useful % 10, m->s.carriers_opened, m->s.carriers_died,
             m->run_us / TM_US_PER_S, m->run_us % TM_US_PER_S / 100000);
}

void tm_summary_json(FILE *out, const struct tm_summary *m, const char *extra)
{
    const struct tm_session_stats *s = &m->s;
    const struct {
        const char *name;
        uint64_t value;
    } members[] = {
        {"wire_tx_bytes", s->wire_tx_bytes},
        {"wire_rx_bytes", s->wire_rx_bytes},
        {"payload_tx_bytes", s->payload_tx_bytes},
        {"payload_rx_bytes", s->payload_rx_bytes},
        {"handshake_tx_bytes", s->handshake_tx_bytes},
        {"record_tx_bytes", s->record_tx_bytes},
        {"plan_tx_bytes", s->plan_tx_bytes},
        {"ack_tx_bytes", s->ack_tx_bytes},
        {"control_tx_bytes", s->control_tx_bytes},
        {"resent_tx_bytes", s->resent_tx_bytes},
        {"pad_tx_bytes", s->pad_tx_bytes},
        {"carriers_opened", s->carriers_opened},
        {"carriers_ended", s->carriers_ended},
        {"carriers_died", s->carriers_died},
        {"carriers_live", s->carriers_live},
        {"streams_live", s->streams_live},
    };
    unsigned useful = tm_summary_useful_permille(s);
    fprintf(out, "{\"schema_version\":1,\"program\":\"%s\",\"seconds\":%" PRId64 ".%06" PRId64,
            m->program, m->run_us / TM_US_PER_S, m->run_us % TM_US_PER_S);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        fprintf(out, ",\"%s\":%" PRIu64, members[i].name, members[i].value);
    fprintf(out, ",\"useful_share\":%u.%03u%s}\n", useful / 1000, useful % 1000,
            extra != NULL ? extra : "");
}
