/* learner/ops/pcap_bytes.h - packets as the bytes of a capture file: pcap with microseconds, link type raw IP, headers only.
 *
 * Payload is all zeros and left out, as by a snapshot length; the lengths that IP and the capture record give are those of the
 * full packets, and so are the checksums. */
#ifndef TM_LEARNER_OPS_PCAP_BYTES_H
#define TM_LEARNER_OPS_PCAP_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "learner/ops/tap.h"

#define TM_PCAP_FILE_HEADER_LEN 24U
#define TM_PCAP_PACKET_LEN_MAX  60U /* record header, IPv4, TCP with one option */
#define TM_PCAP_BASE_US         (INT64_C(1000000000) * 1000000) /* when every sample begins: 2001-09-09 */
#define TM_PCAP_END_US          ((INT64_C(1) << 32) * 1000000) /* what the format can say: 2106 */

void tm_pcap_bytes_header(uint8_t out[TM_PCAP_FILE_HEADER_LEN]);
/* How many bytes of `out` were written; 0 when the packet comes at or after TM_PCAP_END_US.  `id` counts packets (IPv4's identification); mss goes
 * into SYNs. */
size_t tm_pcap_bytes_packet(uint8_t out[TM_PCAP_PACKET_LEN_MAX], const struct tm_tap_packet *p,
                            uint64_t id, uint32_t mss);

#endif
