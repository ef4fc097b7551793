/* learner/reading.h - captures on the command line -> connections: the loop over files, with
 * progress and warnings. */
#ifndef TM_LEARNER_READING_H
#define TM_LEARNER_READING_H

#include <stddef.h>
#include <stdint.h>

#include "learner/capture/defrag.h"
#include "learner/filter.h"
#include "learner/joint/collect.h"
#include "learner/packet.h"
#include "learner/world.h"
#include "tm/base/err.h"

/* Which captures are one recording, that is one world: users, sessions, connections and round trips
 * span the files of a recording and nothing else. */
enum tm_join {
    TM_JOIN_FOLLOWING, /* files that start when another has ended, by less than a day: the parts
                        * that tcpdump -C or -G, dumpcap -b or editcap write; read one after the
                        * other in the order of time */
    TM_JOIN_ALL,       /* all of them, their packets merged by time */
    TM_JOIN_NONE,      /* each for itself */
};

/* The longest pause between two parts of a recording.  Longer ones between sessions are not learned
 * either, unless asked for (tm_group_cfg, away_us). */
#define TM_JOIN_GAP_US INT64_C(86400000000)

/* Sums over the captures read. */
struct tm_reading_counts {
    uint64_t n_captures;
    uint64_t n_damaged;    /* of these, cut or damaged before their end */
    uint64_t n_recordings; /* worlds that they formed */
    uint64_t n_frames;
    uint64_t n_kind[TM_PACKET_KINDS];
    uint64_t n_link;    /* of interfaces whose link type is not known */
    uint64_t n_untimed; /* without a time */
    uint64_t n_early;   /* with an earlier time than a frame before */
    struct tm_defrag_counts defrag;
};

/* Called with one recording's finished connections before they are forgotten; `index` counts from
 * 0.  A negative code ends the reading and is returned. */
typedef int (*tm_reading_fn)(void *ctx, const struct tm_world *w, size_t index);

typedef void (*tm_reading_packet_fn)(void *ctx, const struct tm_packet *p);

/* What is read, and into what. */
struct tm_reading {
    char *const *traces; /* files, directories (learner/capture/inputs.h), pipes, "-" */
    size_t n_traces;
    enum tm_join join;
    struct tm_world *const *world;   /* filled in one pass; each takes what its filter matches */
    struct tm_filter *const *filter; /* of each world; NULL: all packets.  NULL: no world has one */
    size_t n_worlds;
    struct tm_collect *const
        *collect;             /* of each world, fed the same packets; NULL: none have one */
    tm_reading_packet_fn see; /* gets every packet as it is read; NULL: nobody */
    void *see_ctx;
};

/* Reads all captures.  All files are opened once before the first is read, so that a wrong name
 * costs no time.  A capture damaged in the middle is used up to there, with a warning on stderr; so
 * are captures with frames that cannot be used, or with times that go back.  `each` is called for
 * each world in turn.  Errors as tm_inputs_find, tm_world_packet and `each`. */
TM_MUST_CHECK int tm_reading_run(const struct tm_reading *r, tm_reading_fn each, void *ctx,
                                 struct tm_reading_counts *counts, struct tm_msg *msg);

#endif
