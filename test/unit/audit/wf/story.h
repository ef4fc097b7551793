/* test/unit/audit/wf/story.h - made visits with known answers. */
#ifndef TM_TEST_AUDIT_WF_STORY_H
#define TM_TEST_AUDIT_WF_STORY_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/features/trace.h"
#include "tm/base/rng.h"

enum story_wire {
    STORY_PLAIN,  /* a page is so many objects of its own sizes, at its own pace */
    STORY_CHANCE, /* the same, but each visit is to a page drawn anew, whatever its label says */
    STORY_COVER   /* every visit is a draw of the same random cover */
};

#define STORY_PACKETS_MAX 600U
/* Packets of one visit of 4 s to `page`, at most STORY_PACKETS_MAX; how many. */
uint32_t story_visit(struct tm_trace_packet *out, enum story_wire wire, uint32_t page,
                     uint32_t n_pages, struct tm_rng *rng);
/* `loads` visits to each of n_pages pages ("page 0", ...), in turn, and n_other visits to other pages, each different. */
void story_visits(struct tm_trace_set *set, enum story_wire wire, uint32_t n_pages, uint32_t loads,
                  uint32_t n_other, uint64_t seed);

#endif
