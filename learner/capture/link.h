/* learner/capture/link.h - link types of capture files by number: which the decoder knows, and
 * names of others for messages.  Source: pcap-linktype(7). */
#ifndef TM_LEARNER_CAPTURE_LINK_H
#define TM_LEARNER_CAPTURE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "learner/packet.h"

/* False when tm_packet_decode has no such link type. */
bool tm_link_of(uint32_t link_type, enum tm_link *out);

/* The name after LINKTYPE_ of the more usual ones, else "unknown"; static storage. */
const char *tm_link_name(uint32_t link_type);

#endif
