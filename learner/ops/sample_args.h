/* learner/ops/sample_args.h - the options of a sample: how much of it, and over which path. */
#ifndef TM_LEARNER_OPS_SAMPLE_ARGS_H
#define TM_LEARNER_OPS_SAMPLE_ARGS_H

#include <argp.h>

/* --connections, --seed, --users, --rtt, --rate and --mss, for the `children` of a command's argp.  Its input is the struct tm_sample_head
 * to fill (learner/ops/lines.h); members that no option sets stay as they are. */
extern const struct argp tm_sample_argp;

#endif
