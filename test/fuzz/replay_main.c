/* test/fuzz/replay_main.c - a plain main for a fuzz target: runs every file of the given corpus directories
 * through it once.  So the corpus is a regression test of every build, with any compiler.
 *
 * Exit status: 0 when each directory held at least one file and all were run; 1 when a directory is missing
 * or empty or a file cannot be read; 2 without arguments.  A finding ends the process (sanitizer, assertion). */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 22 }; /* far above any corpus file of ours */

/* The whole file in exactly as much memory, so that a read past its end is seen; NULL with errno set. */
static uint8_t *read_file(const char *path, size_t *len)
{
    uint8_t *bytes = NULL;
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    if (fstat(fileno(f), &st) != 0)
        goto out;
    if (!S_ISREG(st.st_mode) || st.st_size > INPUT_MAX) {
        errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
        goto out;
    }
    *len = (size_t)st.st_size;
    bytes = malloc(*len > 0 ? *len : 1);
    if (bytes && fread(bytes, 1, *len, f) != *len) {
        free(bytes);
        bytes = NULL;
        errno = EIO;
    }
out:
    (void)fclose(f);
    return bytes;
}

/* 0 when run, -1 with a line on stderr when the file cannot be read. */
static int replay_file(const char *path)
{
    size_t len = 0;
    uint8_t *bytes = read_file(path, &len);
    if (!bytes) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    (void)LLVMFuzzerTestOneInput(bytes, len);
    free(bytes);
    return 0;
}

static int not_hidden(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

/* The number of files run (> 0), or -1 with a line on stderr. */
static int replay_dir(const char *dir)
{
    struct dirent **names = NULL;
    int rc = 0;
    int n = scandir(dir, &names, not_hidden, alphasort);
    if (n <= 0) {
        (void)fprintf(stderr, "%s: %s\n", dir, n < 0 ? strerror(errno) : "no input files");
        rc = -1;
    }
    for (int i = 0; i < n; i++) {
        char path[4096];
        int len = snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
        if (len < 0 || (size_t)len >= sizeof path || replay_file(path) != 0)
            rc = -1;
        free(names[i]);
    }
    free(names);
    return rc < 0 ? -1 : n;
}

int main(int argc, char **argv)
{
    int rc = 0;
    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s DIRECTORY...\n", argv[0]);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        int n = replay_dir(argv[i]);
        if (n < 0)
            rc = 1;
        else
            (void)printf("%s: %d inputs\n", argv[i], n);
    }
    return rc;
}
