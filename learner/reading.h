/* learner/reading.h - captures on the command line -> connections: the loop over files, with
 * progress and warnings. */
#ifndef TM_LEARNER_READING_H
#define TM_LEARNER_READING_H

#include <stddef.h>
#include <stdint.h>

#include "learner/filter.h"
#include "learner/packet.h"
#include "learner/world.h"
#include "tm/base/err.h"

/* Sums over the captures read. */
struct tm_reading_counts {
    uint64_t n_captures;
    uint64_t n_damaged; /* of these, cut or damaged before their end */
    uint64_t n_frames;
    uint64_t n_kind[TM_PACKET_KINDS];
};

/* Called with one capture's finished connections before they are forgotten; `index` counts from
 * 0.  A negative code ends the reading and is returned. */
typedef int (*tm_reading_fn)(void *ctx, const struct tm_world *w, size_t index);

/* Worlds that are filled in one pass; each takes the packets that its filter matches. */
struct tm_reading_set {
    struct tm_world *const *world;
    struct tm_filter *const *filter; /* of each world; NULL: all packets */
    size_t n;
};

/* Reads all captures, one world each.  All are opened once before the first is read, so that a
 * wrong name costs no time.  A capture damaged in the middle is used up to there, with a warning on
 * stderr.  Errors as tm_pcap_open, tm_world_packet and `each`. */
TM_MUST_CHECK int tm_reading_run(char *const *traces, size_t n_traces, struct tm_world *w,
                                 tm_reading_fn each, void *ctx, struct tm_reading_counts *counts,
                                 struct tm_msg *msg);
/* The same with several worlds; `each` is called for each of them in turn. */
TM_MUST_CHECK int tm_reading_run_set(char *const *traces, size_t n_traces,
                                     const struct tm_reading_set *set, tm_reading_fn each,
                                     void *ctx, struct tm_reading_counts *counts,
                                     struct tm_msg *msg);

#endif
