/* audit/detect/detect_command.h - the command for callers that want its result rather than its text. */
#ifndef TM_AUDIT_DETECT_COMMAND_H
#define TM_AUDIT_DETECT_COMMAND_H

#include "audit/detect/detect.h"

/* Called once with the result, borrowed for the call; returns an exit status. */
typedef int (*tm_detect_got_fn)(void *ctx, const struct tm_detect_result *r);

/* Parses options as `tm-audit detect` does (wrong usage and --help end the process), reads the files, runs the attack and hands over the
 * result; got NULL: prints it.  Returns got's exit status, but 1 when a control failed; 1, with a line on stderr and
 * without a call, when the files cannot be used. */
int tm_detect_command(int argc, char **argv, tm_detect_got_fn got, void *ctx);

#endif
