/* tm/app/outfile.h - the files that options ask for: logs and statistics. */
#ifndef TM_APP_OUTFILE_H
#define TM_APP_OUTFILE_H

#include <stdio.h>

#include "tm/app/options.h"
#include "tm/base/err.h"

/* The file of an option, made anew; NULL when it is not given.  TM_ERR_IO with msg. */
TM_MUST_CHECK int tm_outfile_open(FILE **out, const struct tm_options *o, enum tm_opt opt,
                                  struct tm_msg *msg);
/* TM_ERR_IO with msg: not all of it could be written.  take_f may be NULL. */
TM_MUST_CHECK int tm_outfile_close(FILE *take_f, const struct tm_options *o, enum tm_opt opt,
                                   struct tm_msg *msg);

#endif
