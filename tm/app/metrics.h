/* tm/app/metrics.h - what a running program has to tell, as OpenMetrics text or as Prometheus's older text.
 *
 * Counters count since the program started and never fall; gauges are of now.  Bytes, seconds, `_total`, `_info`, one `# EOF`, as OpenMetrics has it; the
 * older form differs in names of families and has no units.  No label holds a destination, an address or a name of a person; those of clients are in it only
 * when the caller gives them.  Source: OpenMetrics 1.0.0; Prometheus text format 0.0.4.  Pure. */
#ifndef TM_APP_METRICS_H
#define TM_APP_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "tm/app/status.h"
#include "tm/app/vitals.h"
#include "tm/net/tunnel_server.h"

enum tm_metrics_form { TM_METRICS_PROMETHEUS, TM_METRICS_OPENMETRICS };

#define TM_METRICS_CLIENTS_MAX 256U

struct tm_metrics_client {
    uint8_t id[TM_CLIENT_ID_LEN];
    uint64_t sessions, carriers, streams, tx_bytes, rx_bytes; /* of its live sessions */
};

struct tm_metrics_source {
    const struct tm_status *status;
    const struct tm_tally_total *total; /* NULL: nothing was counted */
    const struct tm_vitals *vitals;
    const struct tm_tunnel_server_stats *server; /* NULL: of a client */
    const struct tm_metrics_client *clients;     /* TM_METRICS_CLIENTS_MAX at most */
    size_t n_clients;
};

/* The content type of a form. */
const char *tm_metrics_type(enum tm_metrics_form form);
/* Returns the length without the NUL; 0 when cap is too small. */
size_t tm_metrics_write(const struct tm_metrics_source *src, enum tm_metrics_form form, char *out,
                        size_t cap);

#endif
