/* models/maybenot/set.h - the machines of one end, as text that may come from a peer: one machine string a line.
 *
 * A line may end in CR LF; empty lines, and those that begin with #, are passed over.  What is read is limited before anything runs:
 * bytes of text, machines, and states of all machines together. */
#ifndef TM_MODELS_MAYBENOT_SET_H
#define TM_MODELS_MAYBENOT_SET_H

#include "models/maybenot/machine.h"

#define TM_MB_SET_MAX        16U
#define TM_MB_SET_TEXT_MAX   65536U
#define TM_MB_SET_STATES_MAX 4096U

/* Owned; {0} has none. */
struct tm_mb_set {
    struct tm_mb_machine *machine[TM_MB_SET_MAX];
    size_t n;
};

/* Sets *out, to be freed in any case; after an error it is empty.  TM_ERR_LIMIT: more than the limits above allow; otherwise as
 * tm_mb_machine_parse; msg says which machine (the first is 1) and why. */
TM_MUST_CHECK int tm_mb_set_parse(struct tm_mb_set *out, const char *text, size_t len,
                                  struct tm_msg *msg);
void tm_mb_set_free(struct tm_mb_set *set);

/* SHA-256 of the rules that both ends of a session compare: how machines are run, and what stands in cells. */
void tm_mb_rules_digest(uint8_t out[32]);

#endif
