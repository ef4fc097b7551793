/* audit/classify/classify_command.h - `tm-audit classify` with what happens to its result handed in. */
#ifndef TM_AUDIT_CLASSIFY_COMMAND_H
#define TM_AUDIT_CLASSIFY_COMMAND_H

struct tm_classify_result;

/* Does something with the result, which lives until it returns.  0, or the exit status of a failure. */
typedef int (*tm_classify_emit_fn)(void *ctx, const struct tm_classify_result *r);
/* Parses argv as the command does (wrong usage and --help end the process, status 2 and 0), reads, attacks, and calls
 * emit once with ctx; emit NULL: prints.  The exit status: of emit when that is not 0, else the command's. */
int tm_classify_command(int argc, char **argv, tm_classify_emit_fn emit, void *ctx);

#endif
