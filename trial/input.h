/* trial/input.h - files to traces and machines: the rim of tm-sim. */
#ifndef TM_TRIAL_INPUT_H
#define TM_TRIAL_INPUT_H

#include "models/maybenot/ready/ready.h"
#include "tm/mbsim/trace.h"

#define TM_TRIAL_TEXT_MAX ((size_t)1 << 30) /* of a trace or a file of machines */

/* Which packets of a capture count. */
enum tm_trial_take {
    TM_TRIAL_PAYLOAD, /* those with TCP payload, by its size: what a tunnel that ends TCP carries */
    TM_TRIAL_IP,      /* all of TCP, by their IP size: what a tunnel of packets carries */
};

/* A trace as text (tm/mbsim/trace.h) or a capture (learner/pcap_source.h), told by content; "-" is standard input, as text.  Of a capture,
 * the TCP packets from and to one address, the client: the source of the first packet, or its destination when that is a SYN with ACK.
 * Sorted, its first packet at 0.  Adds to *out.  TM_ERR_IO, TM_ERR_FORMAT (also of no packets at all),
 * TM_ERR_LIMIT, TM_ERR_NOMEM, those of captures; msg names the file. */
TM_MUST_CHECK int tm_trial_load_trace(struct tm_mbsim_trace *out, const char *path,
                                      enum tm_trial_take take, struct tm_msg *msg);

/* Machines of one end. */
struct tm_trial_machines { /* {0} has none */
    struct tm_mb_machine **machines;
    size_t n, cap;
};

/* One machine string a line; empty lines and those that begin with # are passed over.  Errors as above, msg names file and line.  *out is to
 * be deinited in any case. */
TM_MUST_CHECK int tm_trial_load_machines(struct tm_trial_machines *out, const char *path,
                                         struct tm_msg *msg);
void tm_trial_machines_deinit(struct tm_trial_machines *m);

#endif
