/* tm/app/schedule.h - schedule files of the programs: read, and what TLS makes of them in words. */
#ifndef TM_APP_SCHEDULE_H
#define TM_APP_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

#include "models/schedfile.h"
#include "tm/base/err.h"
#include "tm/core/project.h"

#define TM_SCHEDULE_FILE_MAX ((size_t)1 << 30) /* bytes of a schedule file */
#define TM_SCHEDULE_TEXT_MAX 512U

/* Reads and checks the file.  *f must be empty; tm_schedfile_deinit frees it, and it is empty after an error.  TM_ERR_IO: cannot
 * be read; TM_ERR_LIMIT: larger than TM_SCHEDULE_FILE_MAX; errors of tm_schedfile_read; msg names the file, and the line where
 * it is one. */
TM_MUST_CHECK int tm_app_schedule_load(struct tm_schedfile *f, const char *path,
                                       struct tm_msg *msg);
/* "812 writes of 20 connections" and how many of them cannot be carried as they are, and why. */
void tm_app_schedule_text(char out[TM_SCHEDULE_TEXT_MAX], const struct tm_projection *p);

/* What TLS makes of the file's schedule goes to the log.  TM_ERR_LIMIT with msg: plans that cannot travel with their own connections;
 * TM_ERR_RANGE: is_strict, and it is not played as it stands; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_app_schedule_project(const struct tm_schedfile *f, const char *path,
                                          const struct tm_project_cfg *cfg, bool is_strict,
                                          struct tm_msg *msg);

#endif
