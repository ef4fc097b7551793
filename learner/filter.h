/* learner/filter.h - which packets belong to a class, said in libpcap's filter language.
 *
 * A filter looks at packets from their IP header on, so it means the same whatever link they were captured
 * on: VLAN tags need no word in it, and words about the link (ether, vlan) are refused.
 * Source: pcap-filter(7). */
#ifndef TM_LEARNER_FILTER_H
#define TM_LEARNER_FILTER_H

#include <stdbool.h>

#include "learner/packet.h"
#include "tm/base/err.h"

struct tm_filter; /* opaque */

/* Compiles the text.  TM_ERR_FORMAT when libpcap refuses it, with its reason in msg; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_filter_new(struct tm_filter **out, const char *text, struct tm_msg *msg);
void tm_filter_free(struct tm_filter *f);

/* Whether a decoded packet belongs. */
bool tm_filter_match(const struct tm_filter *f, const struct tm_packet *p);

#endif
