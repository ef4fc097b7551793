/* test/support/tunnel_gen.h - scenes of flows and carriers as a tunnel of some kind would make them, and their captures.
 *
 * Flows fetch like browsers: a request up, an answer down in segments, a pause.  What carries them:
 *
 *   one-to-one   each flow on a carrier of its own, every segment with 30 bytes more       undefended
 *   shuffled     every segment on the tunnel's carrier with the lowest rate at that time   MUFFLER's shuffling (sec. III-E)
 *   scheduled    carriers send as flows do, but others than those that there are           payload-independent */
#ifndef TM_TEST_SUPPORT_TUNNEL_GEN_H
#define TM_TEST_SUPPORT_TUNNEL_GEN_H

#include <stdint.h>

#include "audit/correlate/scene.h"

enum tunnel_gen_kind { TUNNEL_ONE_TO_ONE, TUNNEL_SHUFFLED, TUNNEL_SCHEDULED };

struct tunnel_gen_cfg {
    enum tunnel_gen_kind kind;
    uint32_t n_flows, n_tunnels; /* flow i belongs to tunnel i % n_tunnels */
    uint32_t n_carriers;         /* of each tunnel; not for one-to-one */
    int64_t span_us;             /* flows begin within it */
    int64_t jitter_us;           /* of a segment on its way to the other observer */
    uint64_t seed;
};

/* Carries the flows that are in the scene, of tunnels as cfg says (span_us and n_flows are those of a schedule's own), and finishes it. */
void tunnel_gen_carry(struct tm_scene *s, const struct tunnel_gen_cfg *cfg);
/* A finished scene; free with tm_scene_deinit.  Out of memory ends the process. */
void tunnel_gen_scene(struct tm_scene *out, const struct tunnel_gen_cfg *cfg);
/* Writes entry.pcap, exit.pcap and labels.csv of a scene into the directory.  0, or -1. */
int tunnel_gen_write(const struct tm_scene *s, const char *dir);

#endif
