/* tm/core/dnsmsg.h - as much of a DNS message as a forwarder must understand.
 *
 * Queries come as datagrams and go on over a stream, each behind its length (RFC 1035 sec. 4.2.2, RFC 7766); answers come
 * back and become datagrams, cut where they are longer than the asker takes (RFC 6891 sec. 6.2.3).  Nothing behind the
 * question is understood but an OPT record that comes first.  Pure; reads nothing past len, never allocates. */
#ifndef TM_CORE_DNSMSG_H
#define TM_CORE_DNSMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"

#define TM_DNS_HEAD      12U
#define TM_DNS_QUERY_MAX 1232U  /* of one that is carried: a datagram that nothing on a path cuts */
#define TM_DNS_UDP_MIN   512U   /* what everybody takes */
#define TM_DNS_UDP_MAX   4096U  /* what anybody is sent */
#define TM_DNS_MAX       65535U /* of an answer */
#define TM_DNS_FRAME     2U     /* the length before a message on a stream */
#define TM_DNS_NOERROR   0U     /* RFC 1035 sec. 4.1.1 RCODE */
#define TM_DNS_FORMERR   1U
#define TM_DNS_SERVFAIL  2U
#define TM_DNS_NOTIMP    4U
#define TM_DNS_AAAA      28U /* RFC 3596 sec. 2.1, a type */

struct tm_dns_query {
    uint16_t id;
    uint16_t type;    /* of the records asked for */
    uint16_t udp_max; /* bytes of an answer that the asker takes, TM_DNS_UDP_MIN..MAX */
    size_t len;       /* of the header and the one question, >= 17 */
};

/* Reads a query.  TM_ERR_FORMAT: not one with exactly one question and nothing that answers it, a name that is none (compressed, longer
 * than 255 bytes), or longer than TM_DNS_QUERY_MAX; TM_ERR_UNSUPPORTED: another opcode than a query's; TM_ERR_PROTO: an answer, or shorter than a
 * header: nothing is to be said to whoever sent it. */
TM_MUST_CHECK int tm_dns_query(struct tm_dns_query *q, const uint8_t *p, size_t len);
/* Whether the message (len bytes) is an answer to the question of the query, of q->len bytes at least; identifiers are not
 * compared, letters of names without case. */
bool tm_dns_is_answer(const uint8_t *p, size_t len, const uint8_t *query,
                      const struct tm_dns_query *q);
void tm_dns_set_id(uint8_t *p, uint16_t id);
uint16_t tm_dns_get_id(const uint8_t *p);
/* Makes an answer in place, out of a query: without records, with rcode; its first q->len bytes are to be sent. */
void tm_dns_fail(uint8_t *query, uint8_t rcode);
/* Makes the answer to what was not understood: TM_DNS_HEAD bytes of it, with rcode, are to be sent. */
void tm_dns_reject(uint8_t *query, uint8_t rcode);
/* Cuts an answer in place behind the question, and says so (TC): the asker comes again over TCP.  Its first q->len bytes are to be sent. */
void tm_dns_cut(uint8_t *answer);

/* The next message of a stream: > 0: bytes to consume, *msg is the message inside; 0: more are needed; TM_ERR_PROTO: one that is
 * shorter than a header. */
TM_MUST_CHECK ssize_t tm_dns_next(struct tm_view *msg, const uint8_t *p, size_t len);

#endif
