/* tm/mbsim/report.h - what machines cost: a run with them against one without, of the same trace over the same path. */
#ifndef TM_MBSIM_REPORT_H
#define TM_MBSIM_REPORT_H

#include "tm/mbsim/event.h"

/* Of one direction. */
struct tm_mbsim_cost {
    uint64_t n_packets; /* of the application that left, those sent again included */
    uint64_t n_padding; /* that left */
    /* By how much later than without machines the k-th packet of the application arrived; 0 when none did. */
    double mean_ns;
    int64_t p50_ns, p95_ns, max_ns;
    uint64_t n_arrived; /* compared: arrived in both runs */
};

struct tm_mbsim_report {
    struct tm_mbsim_cost up, down;
    int64_t plain_ns,
        defended_ns; /* from the first packet that left to the last one of the application that arrived */
    bool is_cut; /* the run with machines ended before all packets had arrived */
};

/* Both logs hold at least the packets.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mbsim_report_make(struct tm_mbsim_report *out,
                                       const struct tm_mbsim_log *defended,
                                       const struct tm_mbsim_log *plain);
/* Of several traces: counts are added, times are weighted means by what was compared, but for max_ns. */
void tm_mbsim_report_add(struct tm_mbsim_report *sum, const struct tm_mbsim_report *r);

#endif
