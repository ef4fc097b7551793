/* tm/app/file.c - see file.h.  Files appear by link(2) from a temporary name: atomic, and it refuses to
 * replace; by rename(2) where they are to be replaced. */
#include "tm/app/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#define OTHERS (S_IRWXG | S_IRWXO)

int tm_file_path(char out[TM_FILE_PATH_MAX], const char *dir, const char *name, const char *name2,
                 struct tm_msg *msg)
{
    int n = snprintf(out, TM_FILE_PATH_MAX, "%s/%s%s%s", dir, name, name2 != NULL ? "/" : "",
                     name2 != NULL ? name2 : "");
    /* Room for the suffixes of temporary and used files. */
    if (n < 0 || (size_t)n + 32 >= TM_FILE_PATH_MAX)
        return tm_msg_set(msg, TM_ERR_RANGE, "the path %.100s... is too long", dir);
    return TM_OK;
}

int tm_file_check_dir(const char *path, struct tm_msg *msg)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return tm_msg_set(msg, TM_ERR_IO, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return tm_msg_set(msg, TM_ERR_IO, "%s is not a directory", path);
    if (st.st_uid != geteuid())
        return tm_msg_set(msg, TM_ERR_AUTH, "%s belongs to another user (uid %u); run as that user",
                          path, (unsigned)st.st_uid);
    if ((st.st_mode & OTHERS) != 0)
        return tm_msg_set(msg, TM_ERR_AUTH,
                          "%s holds keys, but others may enter it (mode %03o); run: chmod 700 %s",
                          path, (unsigned)st.st_mode & 0777U, path);
    return TM_OK;
}

int tm_file_make_dir(const char *path, struct tm_msg *msg)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return tm_file_check_dir(path, msg);
    return tm_msg_set(msg, TM_ERR_IO, "cannot make the directory %s: %s", path, strerror(errno));
}

enum secrecy { SECRET, PUBLIC };

static int check_file(int fd, const char *path, enum secrecy secrecy, size_t max, size_t *size,
                      struct tm_msg *msg)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return tm_msg_set(msg, TM_ERR_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode) || st.st_size < 0 || (size_t)st.st_size > max)
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s is not a file of ours", path);
    if (secrecy == PUBLIC && (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return tm_msg_set(msg, TM_ERR_AUTH,
                          "%s decides what we do, but others may write it (mode %03o); run: chmod "
                          "go-w %s",
                          path, (unsigned)st.st_mode & 0777U, path);
    if (secrecy == SECRET && st.st_uid != geteuid() && st.st_uid != 0)
        return tm_msg_set(
            msg, TM_ERR_AUTH,
            "%s holds keys, but belongs to another user (uid %u), who may change it; run: "
            "chown %u %s",
            path, (unsigned)st.st_uid, (unsigned)geteuid(), path);
    if (secrecy == SECRET && (st.st_mode & OTHERS) != 0)
        return tm_msg_set(msg, TM_ERR_AUTH,
                          "%s holds keys, but others may read it (mode %03o); run: chmod 600 %s",
                          path, (unsigned)st.st_mode & 0777U, path);
    *size = (size_t)st.st_size;
    return TM_OK;
}

static int read_all(int fd, char *text, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = read(fd, text + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return TM_ERR_IO;
        done += (size_t)n;
    }
    text[size] = '\0';
    return TM_OK;
}

static int load(const char *path, enum secrecy secrecy, size_t max, char **bytes, size_t *len,
                struct tm_msg *msg)
{
    int rc;
    char *t = NULL;
    size_t size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return tm_msg_set(msg, errno == ENOENT || errno == ENOTDIR ? TM_ERR_CLOSED : TM_ERR_IO,
                          "%s: %s", path, strerror(errno));
    rc = check_file(fd, path, secrecy, max, &size, msg);
    if (rc != TM_OK)
        goto out;
    t = malloc(size + 1);
    if (t == NULL) {
        rc = tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
        goto out;
    }
    rc = read_all(fd, t, size);
    if (rc != TM_OK)
        rc = tm_msg_set(msg, rc, "cannot read %s: %s", path, strerror(errno));
    if (rc != TM_OK)
        goto out;
    *bytes = t;
    *len = size;
    t = NULL;
out:
    tm_file_free(t, size);
    close(fd);
    return rc;
}

int tm_file_load_bytes(const char *path, size_t max, char **bytes, size_t *len, struct tm_msg *msg)
{
    return load(path, SECRET, max, bytes, len, msg);
}

static int load_text(const char *path, enum secrecy secrecy, char **text, size_t *len,
                     struct tm_msg *msg)
{
    char *t = NULL;
    size_t size = 0;
    int rc = load(path, secrecy, TM_FILE_MAX, &t, &size, msg);
    if (rc != TM_OK || t == NULL) /* never NULL when it is TM_OK, which clang-tidy does not see */
        return rc;
    if (memchr(t, '\0', size) != NULL) {
        tm_file_free(t, size);
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s is not a file of ours", path);
    }
    *text = t;
    *len = size;
    return TM_OK;
}

int tm_file_load(const char *path, char **text, size_t *len, struct tm_msg *msg)
{
    return load_text(path, SECRET, text, len, msg);
}

int tm_file_load_public(const char *path, char **text, size_t *len, struct tm_msg *msg)
{
    return load_text(path, PUBLIC, text, len, msg);
}

void tm_file_free(char *text, size_t len)
{
    if (text != NULL)
        OPENSSL_cleanse(text, len);
    free(text);
}

static int write_all(int fd, const char *p, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return TM_ERR_IO;
        p += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0 ? TM_OK : TM_ERR_IO;
}

/* So that the new name survives a power cut. */
static int sync_dir_of(const char *path)
{
    char copy[TM_FILE_PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return TM_ERR_IO;
    int rc = fsync(fd) == 0 ? TM_OK : TM_ERR_IO;
    close(fd);
    return rc;
}

/* How a file that is complete gets its name. */
typedef int (*name_fn)(const char *temp, const char *path);

static int name_it(const char *temp, const char *path)
{
    if (link(temp, path) == 0)
        return TM_OK;
    return errno == EEXIST ? TM_ERR_CLOSED : TM_ERR_IO;
}

static int rename_it(const char *temp, const char *path)
{
    return rename(temp, path) == 0 ? TM_OK : TM_ERR_IO;
}

static int write_file(const char *path, const void *data, size_t len, name_fn name,
                      struct tm_msg *msg)
{
    char temp[TM_FILE_PATH_MAX + 16];
    snprintf(temp, sizeof temp, "%s.%ld", path, (long)getpid());
    unlink(temp);
    int rc = TM_ERR_IO;
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return tm_msg_set(msg, TM_ERR_IO, "cannot write %s: %s", path, strerror(errno));
    rc = write_all(fd, data, len);
    if (rc == TM_OK)
        rc = name(temp, path);
    if (rc == TM_OK)
        rc = sync_dir_of(path);
    if (rc == TM_ERR_CLOSED)
        tm_msg_set(msg, rc, "%s exists already", path);
    else if (rc != TM_OK)
        tm_msg_set(msg, rc, "cannot write %s: %s", path, strerror(errno));
    close(fd);
    unlink(temp);
    return rc;
}

int tm_file_create(const char *path, const void *data, size_t len, struct tm_msg *msg)
{
    return write_file(path, data, len, name_it, msg);
}

int tm_file_replace(const char *path, const void *data, size_t len, struct tm_msg *msg)
{
    return write_file(path, data, len, rename_it, msg);
}
