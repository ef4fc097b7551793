/* tm/app/summary.c - see summary.h. */
#include "tm/app/summary.h"

#include <inttypes.h>
#include <string.h>

#include "tm/base/time.h"

#define WIDE(m)                                                                                    \
    {                                                                                              \
#m, offsetof(struct tm_session_stats, m), true                                             \
    }
#define NARROW(m)                                                                                  \
    {                                                                                              \
#m, offsetof(struct tm_session_stats, m), false                                            \
    }
static const struct tm_summary_member MEMBERS[] = {
    WIDE(wire_tx_bytes),    WIDE(wire_rx_bytes),      WIDE(payload_tx_bytes),
    WIDE(payload_rx_bytes), WIDE(handshake_tx_bytes), WIDE(record_tx_bytes),
    WIDE(plan_tx_bytes),    WIDE(ack_tx_bytes),       WIDE(control_tx_bytes),
    WIDE(resent_tx_bytes),  WIDE(pad_tx_bytes),       NARROW(carriers_opened),
    NARROW(carriers_ended), NARROW(carriers_died),    NARROW(carriers_live),
    NARROW(streams_live),
};

const struct tm_summary_member *tm_summary_member(size_t i)
{
    return i < sizeof MEMBERS / sizeof MEMBERS[0] ? &MEMBERS[i] : NULL;
}

uint64_t tm_summary_get(const struct tm_session_stats *s, const struct tm_summary_member *m)
{
    uint64_t wide;
    uint32_t narrow;
    if (m->is_wide)
        memcpy(&wide, (const char *)s + m->at, sizeof wide);
    else
        memcpy(&narrow, (const char *)s + m->at, sizeof narrow);
    return m->is_wide ? wide : narrow;
}

unsigned tm_summary_permille(uint64_t part, uint64_t whole)
{
    /* Beyond 2^54 bytes the product would overflow; then the quotient is exact enough. */
    if (whole == 0)
        return 0;
    return (unsigned)(whole < UINT64_C(1) << 54 ? part * 1000 / whole : part / (whole / 1000));
}

unsigned tm_summary_useful_permille(const struct tm_session_stats *s)
{
    return tm_summary_permille(s->payload_tx_bytes + s->payload_rx_bytes,
                               s->wire_tx_bytes + s->wire_rx_bytes);
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
    const struct tm_summary_member *member;
    unsigned useful = tm_summary_useful_permille(&m->s);
    fprintf(out, "{\"schema_version\":1,\"program\":\"%s\",\"seconds\":%" PRId64 ".%06" PRId64,
            m->program, m->run_us / TM_US_PER_S, m->run_us % TM_US_PER_S);
    for (size_t i = 0; (member = tm_summary_member(i)) != NULL; i++)
        fprintf(out, ",\"%s\":%" PRIu64, member->name, tm_summary_get(&m->s, member));
    fprintf(out, ",\"useful_share\":%u.%03u%s}\n", useful / 1000, useful % 1000,
            extra != NULL ? extra : "");
}
