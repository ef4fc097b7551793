/* audit/correlate/correlate_command.h - `tm-audit correlate` with what happens to its result handed in. */
#ifndef TM_AUDIT_CORRELATE_COMMAND_H
#define TM_AUDIT_CORRELATE_COMMAND_H

struct tm_correlate;

/* Does something with the result, which lives until it returns.  0, or the exit status of a failure. */
typedef int (*tm_correlate_emit_fn)(void *ctx, const struct tm_correlate *r);
/* Parses argv as the command does (wrong usage and --help end the process, status 2 and 0), reads, attacks, and calls
 * emit once with ctx; emit NULL: prints.  The exit status: of emit when that is not 0, else the command's. */
int tm_correlate_command(int argc, char **argv, tm_correlate_emit_fn emit, void *ctx);

#endif
