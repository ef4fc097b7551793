/* audit/commands.h - the commands of tm-audit, and the files and messages that they share. */
#ifndef TM_AUDIT_COMMANDS_H
#define TM_AUDIT_COMMANDS_H

#include <argp.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/schedule.h"
#include "tm/base/err.h"

#define TM_AUDIT_LOGS_MAX 2

/* Each parses its options (wrong usage and --help end the process, status 2 and 0), does its work, and returns
 * the exit status. */
int tm_cmd_conform(int argc, char **argv);
int tm_cmd_invariant(int argc, char **argv);
int tm_cmd_interference(int argc, char **argv);
int tm_cmd_features(int argc, char **argv);
int tm_cmd_classify(int argc, char **argv);
int tm_cmd_detect(int argc, char **argv);
int tm_cmd_correlate(int argc, char **argv);
int tm_cmd_wf(int argc, char **argv);
int tm_cmd_netflow(int argc, char **argv);
int tm_cmd_probe(int argc, char **argv);
int tm_cmd_report(int argc, char **argv);

/* The whole file, terminated; the caller frees it.  NULL with msg set. */
char *tm_audit_read_file(const char *path, size_t *len, struct tm_msg *msg);
/* Adds the log in the file to s; errors as tm_schedule_add, and TM_ERR_IO. */
TM_MUST_CHECK int tm_audit_load_log(struct tm_schedule *s, const char *path, struct tm_msg *msg);
/* The number that --name was given, min..max; anything else is wrong usage and ends the process. */
int64_t tm_audit_number(const struct argp_state *state, const char *name, const char *text,
                        int64_t min, int64_t max);
/* One line to stderr; both return the exit status 1. */
int tm_audit_complain(const struct tm_msg *msg);
int tm_audit_nomem(void);

#endif
