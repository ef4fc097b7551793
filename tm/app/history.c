#include "tm/app/history.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

static uint64_t grown(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

void tm_history_note(struct tm_history *h, const struct tm_session_stats *s)
{
    const struct tm_history_totals now = {s->wire_tx_bytes, s->wire_rx_bytes, s->payload_tx_bytes,
                                          s->payload_rx_bytes};
    h->second[h->n++ % TM_HISTORY_SECONDS] = (struct tm_history_totals){
        grown(now.wire_tx, h->total.wire_tx), grown(now.wire_rx, h->total.wire_rx),
        grown(now.payload_tx, h->total.payload_tx), grown(now.payload_rx, h->total.payload_rx)};
    h->total = now;
}

size_t tm_history_write(const struct tm_history *h, uint64_t since, char *out, size_t cap)
{
    uint64_t first = h->n > TM_HISTORY_SECONDS ? h->n - TM_HISTORY_SECONDS : 0;
    size_t len = 0;
    int n = snprintf(out, cap, "{\"next\":%" PRIu64 ",\"seconds\":[", h->n);
    for (uint64_t i = since > first ? since : first; n >= 0 && i < h->n; i++) {
        const struct tm_history_totals *s = &h->second[i % TM_HISTORY_SECONDS];
        len += (size_t)n;
        if (len >= cap)
            return 0;
        n = snprintf(out + len, cap - len, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
                     out[len - 1] == '[' ? "" : ",", s->wire_tx, s->wire_rx, s->payload_tx,
                     s->payload_rx);
    }
    len += n >= 0 ? (size_t)n : cap;
    if (len + 3 > cap)
        return 0;
    out[len++] = ']';
    out[len++] = '}';
    out[len] = '\0';
    return len;
}
