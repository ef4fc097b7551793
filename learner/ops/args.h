/* learner/ops/args.h - arguments that several commands take: models by file and name, files and the way a command ends. */
#ifndef TM_LEARNER_OPS_ARGS_H
#define TM_LEARNER_OPS_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "models/store/store.h"
#include "tm/base/err.h"
#include "tm/cli/args.h"

/* Whether the file begins as a database does; false also when it cannot be read. */
bool tm_args_is_database(const char *path);
/* "FILE" of a database or "FILE:NAME" of a model in it.  Cuts the name off in place (NULL: none), when there is one and no file is called
 * like the whole. */
const char *tm_args_cut_name(char *arg);

/* The model `name` of a database with its digest and provenance, built-in ones included; NULL: the only one that the database has.  *out is
 * freed with tm_store_entries_free(*out, 1).  Errors of tm_store_load; TM_ERR_RANGE with the names that there are. */
TM_MUST_CHECK int tm_args_load(const char *path, const char *name, struct tm_store_entry **out,
                               struct tm_msg *msg);

/* The whole file, or standard input for "-", at most `max` bytes; *text is owned by the caller.  TM_ERR_IO, TM_ERR_LIMIT, TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_args_slurp(const char *path, size_t max, char **text, size_t *len,
                                struct tm_msg *msg);

/* Prints msg or what rc means when rc is an error; the exit status.  Data that could not be written is an error too. */
int tm_args_report(int rc, const struct tm_msg *msg);

#endif
