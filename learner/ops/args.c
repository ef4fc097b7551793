#include "learner/ops/args.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool tm_args_is_database(const char *path)
{
    static const char magic[16] = "SQLite format 3";
    char head[sizeof magic];
    if (strcmp(path, "-") == 0)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t n = pread(fd, head, sizeof head, 0);
    (void)close(fd);
    return n == (ssize_t)sizeof head && memcmp(head, magic, sizeof magic) == 0;
}

const char *tm_args_cut_name(char *arg)
{
    char *colon = strrchr(arg, ':');
    if (!colon || colon == arg || access(arg, F_OK) == 0 || !tm_model_name_ok(colon + 1))
        return NULL;
    *colon = '\0';
    return colon + 1;
}

/* The i-th of n entries alone; the others are freed. */
static int take_one(struct tm_store_entry *e, size_t n, size_t i, struct tm_store_entry **out)
{
    struct tm_store_entry *one = calloc(1, sizeof *one);
    if (one) {
        *one = e[i];
        e[i] = (struct tm_store_entry){0};
    }
    tm_store_entries_free(e, n);
    *out = one;
    return one ? TM_OK : TM_ERR_NOMEM;
}

static int load_built_in(const char *path, const char *name, struct tm_store_entry **out,
                         struct tm_msg *msg)
{
    struct tm_store_entry *one = calloc(1, sizeof *one);
    if (!one)
        return TM_ERR_NOMEM;
    int rc = tm_store_load_model(path, name, &one->model, msg);
    if (rc != TM_OK) {
        free(one);
        return rc;
    }
    tm_model_digest(&one->model, one->digest);
    *out = one;
    return TM_OK;
}

static int which_one(const char *path, const struct tm_store_entry *e, size_t n, struct tm_msg *msg)
{
    char names[300] = "";
    size_t len = 0;
    for (size_t i = 0; i < n && len < sizeof names; i++)
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", i > 0 ? ", " : "",
                                e[i].model.name);
    return n == 0 ? tm_msg_set(msg, TM_ERR_RANGE, "%s: holds no model", path)
                  : tm_msg_set(msg, TM_ERR_RANGE, "%s: holds %zu models; name one: %s", path, n,
                               names);
}

int tm_args_load(const char *path, const char *name, struct tm_store_entry **out,
                 struct tm_msg *msg)
{
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    *out = NULL;
    int rc = tm_store_load(path, &e, &n, msg);
    if (rc != TM_OK)
        return rc;
    size_t i = 0;
    while (name && i < n && strcmp(e[i].model.name, name) != 0)
        i++;
    if (name && i == n)
        rc = load_built_in(path, name, out, msg);
    else if (!name && n != 1)
        rc = which_one(path, e, n, msg);
    if (rc != TM_OK || *out) {
        tm_store_entries_free(e, n);
        return rc;
    }
    return take_one(e, n, i, out);
}

int tm_args_slurp(const char *path, size_t max, char **text, size_t *len, struct tm_msg *msg)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *f = is_stdin ? stdin : fopen(path, "rbe");
    size_t cap = 65536;
    size_t n = 0;
    char *p = malloc(cap);
    int rc = TM_ERR_NOMEM;
    if (!f)
        rc = tm_msg_set(msg, TM_ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
    while (f && p) {
        n += fread(p + n, 1, cap - n, f);
        rc = n > max ? tm_msg_set(msg, TM_ERR_LIMIT, "%s: larger than %zu bytes", path, max)
             : ferror(f) != 0 ? tm_msg_set(msg, TM_ERR_IO, "%s: %s", path, strerror(errno))
                              : TM_OK;
        if (rc != TM_OK || n < cap)
            break;
        cap *= 2;
        char *more = realloc(p, cap);
        if (!more)
            rc = TM_ERR_NOMEM;
        if (!more)
            break;
        p = more;
    }
    if (f && !is_stdin)
        (void)fclose(f);
    if (rc != TM_OK) {
        free(p);
        return rc;
    }
    *text = p;
    *len = n;
    return TM_OK;
}

int tm_args_report(int rc, const struct tm_msg *msg)
{
    if (rc != TM_OK) {
        (void)fprintf(stderr, "tm-learn: %s\n", msg->text[0] != '\0' ? msg->text : tm_strerror(rc));
        return 1;
    }
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return 0;
    (void)fprintf(stderr, "tm-learn: standard output: %s\n", strerror(errno));
    return 1;
}
