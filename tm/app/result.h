/* tm/app/result.h - files that run writes while it goes, each named by an option. */
#ifndef TM_APP_RESULT_H
#define TM_APP_RESULT_H

#include <stdio.h>

#include "tm/app/options.h"

/* Opens the file of an option anew; *out is NULL when the option is not given.  TM_ERR_IO with msg. */
TM_MUST_CHECK int tm_result_open(FILE **out, const struct tm_options *o, enum tm_opt opt,
                                 struct tm_msg *msg);
/* Closes it; take_f may be NULL.  TM_ERR_IO with msg: not all of it is there. */
TM_MUST_CHECK int tm_result_close(FILE *take_f, const struct tm_options *o, enum tm_opt opt,
                                  struct tm_msg *msg);

#endif
