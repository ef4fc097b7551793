/* tm/app/file.h - small files that hold keys: private, whole or not there, never silently replaced. */
#ifndef TM_APP_FILE_H
#define TM_APP_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

#define TM_FILE_MAX      65536U /* bytes of a file read by tm_file_load */
#define TM_FILE_PATH_MAX 1024U

/* dir/name or, with name2, dir/name/name2 into out.  TM_ERR_RANGE with msg: too long. */
TM_MUST_CHECK int tm_file_path(char out[TM_FILE_PATH_MAX], const char *dir, const char *name,
                               const char *name2, struct tm_msg *msg);

/* Makes the directory with mode 0700.  One that exists is taken when it passes tm_file_check_dir. */
TM_MUST_CHECK int tm_file_make_dir(const char *path, struct tm_msg *msg);
/* TM_OK when path is a directory of ours (effective user) that nobody else may enter.  TM_ERR_IO: not there or
 * none; TM_ERR_AUTH: somebody else's, or open to others; msg says what to do. */
TM_MUST_CHECK int tm_file_check_dir(const char *path, struct tm_msg *msg);

/* Reads a whole regular file that nobody but us can read; the text is followed by a NUL, *len does not count
 * it, and the caller frees it with tm_file_free.  TM_ERR_IO: cannot be read (not there: TM_ERR_CLOSED);
 * TM_ERR_AUTH: readable by others, or another user's (root's are taken); TM_ERR_FORMAT: larger than TM_FILE_MAX, or with NUL bytes in it; NOMEM. */
TM_MUST_CHECK int tm_file_load(const char *path, char **text, size_t *len, struct tm_msg *msg);
/* The same of a file that others may read, but not write: a config, or a credential that systemd holds for us.  TM_ERR_AUTH: others
 * may write it. */
TM_MUST_CHECK int tm_file_load_public(const char *path, char **text, size_t *len,
                                      struct tm_msg *msg);
/* The same of up to max bytes of any kind. */
TM_MUST_CHECK int tm_file_load_bytes(const char *path, size_t max, char **bytes, size_t *len,
                                     struct tm_msg *msg);
/* Clears and frees; NULL does nothing. */
void tm_file_free(char *text, size_t len);

/* Writes a file of mode 0600, on disk and complete when it appears under its name.  TM_ERR_CLOSED: it
 * exists already, and stays as it is; TM_ERR_IO with msg. */
TM_MUST_CHECK int tm_file_create(const char *path, const void *data, size_t len,
                                 struct tm_msg *msg);
/* The same in place of one that may be there: whoever reads gets the old or the new one, whole.  TM_ERR_IO. */
TM_MUST_CHECK int tm_file_replace(const char *path, const void *data, size_t len,
                                  struct tm_msg *msg);

#endif
