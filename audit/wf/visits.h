/* audit/wf/visits.h - which page a client visited when: what an observer trains on, and is asked for.
 *
 *   # comment
 *   from_us,until_us,client,page
 *   1763710000000000,1763710003200000,192.0.2.17,start
 *   1763710010000000,1763710018500000,192.0.2.17,-
 *
 * A visit is what the client's address sent and received from from_us on (since 1970), before until_us; the page "-" is any that
 * nobody watches for, the others are the watched ones.  Two visits of one client do not overlap.  Empty lines and those that begin with # say
 * nothing; the first other line is the head above.  Pure: text in, structure out. */
#ifndef TM_AUDIT_WF_VISITS_H
#define TM_AUDIT_WF_VISITS_H

#include <stddef.h>
#include <stdint.h>

#include "audit/features/names.h"
#include "learner/packet.h"
#include "tm/base/err.h"

#define TM_VISIT_OTHER UINT32_MAX
#define TM_VISITS_MAX  100000U

struct tm_visit {
    int64_t from_us, until_us; /* from_us < until_us */
    uint8_t client[TM_ADDR_LEN];
    uint32_t page; /* index into tm_visits.names, TM_VISIT_OTHER: "-" */
    uint32_t line; /* where it stands in its file */
};

struct tm_visits {      /* empty: {0} */
    struct tm_visit *v; /* owned; sorted by client, from_us */
    size_t n, cap;
    char **names; /* owned: watched pages, in order of appearance */
    uint32_t n_names, cap_names;
    struct tm_names index;
};

/* Reads the lines of `text` (len bytes) into an empty *v; `name` is for messages, which name the line and say what is wrong with it.
 * After an error only deinit may follow.  TM_ERR_FORMAT, TM_ERR_NOMEM, TM_ERR_LIMIT: more than TM_VISITS_MAX. */
TM_MUST_CHECK int tm_visits_parse(struct tm_visits *v, const char *text, size_t len,
                                  const char *name, struct tm_msg *msg);
/* Sets every visit to the same length from its beginning.  TM_ERR_RANGE with a message that names the line: a client's next
 * visit begins before. */
TM_MUST_CHECK int tm_visits_cut(struct tm_visits *v, int64_t window_us, const char *name,
                                struct tm_msg *msg);
/* The visit of the client at that time, or NULL; borrowed. */
const struct tm_visit *tm_visits_find(const struct tm_visits *v, const uint8_t client[TM_ADDR_LEN],
                                      int64_t t_us);
void tm_visits_deinit(struct tm_visits *v);

#endif
