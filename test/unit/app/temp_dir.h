/* test/unit/app/temp_dir.h - a directory for a test's files, removed with all that is in it. */
#ifndef TM_TEST_UNIT_APP_TEMP_DIR_H
#define TM_TEST_UNIT_APP_TEMP_DIR_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline int temp_dir_remove_one(const char *path, const struct stat *st, int type,
                                      struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

/* A new directory of mode 0700; path has room for 64 bytes. */
static inline const char *temp_dir_make(char path[64])
{
    snprintf(path, 64, "/tmp/tm-test-XXXXXX");
    if (mkdtemp(path) == NULL)
        abort();
    return path;
}

static inline void temp_dir_remove(const char *path)
{
    nftw(path, temp_dir_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
