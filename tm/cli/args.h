/* tm/cli/args.h - numbers, times and rates on the command line. */
#ifndef TM_CLI_ARGS_H
#define TM_CLI_ARGS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

/* Parses a command's arguments (argv[0] is its name) into `input`.  Wrong usage and --help are answered at once and end the process,
 * as argp does: status 2 and 0. */
void tm_args_parse(const struct argp *argp, int argc, char **argv, void *input);

/* "2s", "500ms", "250us", "5m", "1h", or seconds without a unit.  False when it is none of these or
 * longer than TM_MODEL_TIME_MAX_US. */
bool tm_args_parse_duration(const char *text, int64_t *out_us);

/* What `--option arg` says, from min to max.  Wrong usage is answered at once and ends the process, as argp does. */
uint64_t tm_args_number(const char *arg, const char *option, uint64_t min, uint64_t max,
                        const struct argp_state *st);
int64_t tm_args_duration(const char *arg, const char *option, int64_t min_us, int64_t max_us,
                         const struct argp_state *st);
/* Bits a second: "100M", "1.5G", "64k", or a plain number. */
uint64_t tm_args_rate(const char *arg, const char *option, uint64_t min, uint64_t max,
                      const struct argp_state *st);

#endif
