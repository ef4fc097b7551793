#include "learner/capture/inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "learner/pcap_source.h"
#include "tm/base/grow.h"
#include "tm/base/time.h"

#define DEPTH_MAX 32U

/* Takes the path in every case. */
static int add(struct tm_inputs *in, struct tm_input take)
{
    int rc = tm_grow(&in->input, &in->cap, in->n, sizeof *in->input);
    if (rc != TM_OK) {
        free(take.path);
        return rc;
    }
    take.index = in->n;
    in->input[in->n++] = take;
    return TM_OK;
}

static int add_path(struct tm_inputs *in, const char *path, struct tm_input input)
{
    input.path = strdup(path);
    return input.path ? add(in, input) : TM_ERR_NOMEM;
}

static int add_file(struct tm_inputs *in, const char *path, struct tm_msg *msg)
{
    struct tm_pcap_source *src = NULL;
    int rc = tm_pcap_open(&src, path, msg);
    if (rc != TM_OK)
        return rc;
    struct tm_input input = {
        .first_us = tm_pcap_first_us(src), .size_bytes = tm_pcap_size_bytes(src), .is_file = true};
    tm_pcap_close(src);
    return add_path(in, path, input);
}

static int not_hidden(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int add_directory(struct tm_inputs *in, const char *path, unsigned depth,
                         struct tm_msg *msg);

/* An entry of a directory: what is no capture is passed over. */
static int add_entry(struct tm_inputs *in, const char *path, unsigned depth, struct tm_msg *msg)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return tm_msg_set(msg, TM_ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return add_directory(in, path, depth + 1, msg);
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        in->n_passed_over++;
        return TM_OK;
    }
    struct tm_msg why = {""};
    int rc = add_file(in, path, &why);
    if (rc != TM_ERR_FORMAT)
        return rc == TM_OK ? TM_OK : tm_msg_set(msg, rc, "%s", why.text);
    in->n_passed_over++;
    return TM_OK;
}

static int add_directory(struct tm_inputs *in, const char *path, unsigned depth, struct tm_msg *msg)
{
    struct dirent **entry = NULL;
    if (depth == DEPTH_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT, "%s: more than %u directories deep", path, DEPTH_MAX);
    int n = scandir(path, &entry, not_hidden, alphasort);
    if (n < 0)
        return tm_msg_set(msg, TM_ERR_IO, "%s: cannot read the directory: %s", path,
                          strerror(errno));
    int rc = TM_OK;
    for (int i = 0; i < n; i++) {
        char *name = NULL;
        if (rc == TM_OK && asprintf(&name, "%s/%s", path, entry[i]->d_name) < 0) {
            name = NULL;
            rc = TM_ERR_NOMEM;
        }
        if (rc == TM_OK)
            rc = add_entry(in, name, depth, msg);
        free(name);
        free(entry[i]);
    }
    free(entry);
    return rc;
}

static int add_trace(struct tm_inputs *in, const char *path, struct tm_msg *msg)
{
    struct stat st;
    if (strcmp(path, "-") == 0)
        return add_path(in, path, (struct tm_input){.first_us = TM_NEVER});
    bool is_there = stat(path, &st) == 0;
    if (is_there && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return add_path(in, path, (struct tm_input){.first_us = TM_NEVER});
    if (!is_there || !S_ISDIR(st.st_mode))
        return add_file(in, path, msg);
    size_t n_before = in->n;
    int rc = add_directory(in, path, 0, msg);
    if (rc == TM_OK && in->n == n_before)
        rc = tm_msg_set(msg, TM_ERR_FORMAT, "%s: is a directory without a capture in it", path);
    return rc;
}

int tm_inputs_find(struct tm_inputs *out, char *const *traces, size_t n_traces, struct tm_msg *msg)
{
    *out = (struct tm_inputs){0};
    for (size_t i = 0; i < n_traces; i++) {
        int rc = add_trace(out, traces[i], msg);
        if (rc == TM_ERR_NOMEM)
            (void)tm_msg_set(msg, rc, "%s: out of memory", traces[i]);
        if (rc != TM_OK)
            return rc;
    }
    return TM_OK;
}

void tm_inputs_deinit(struct tm_inputs *in)
{
    for (size_t i = 0; i < in->n; i++)
        free(in->input[i].path);
    free(in->input);
    *in = (struct tm_inputs){0};
}

static int by_time(const void *a, const void *b)
{
    const struct tm_input *x = a;
    const struct tm_input *y = b;
    if (x->is_file != y->is_file)
        return x->is_file ? -1 : 1;
    if (x->first_us != y->first_us)
        return x->first_us < y->first_us ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

void tm_inputs_sort(struct tm_inputs *in)
{
    if (in->n > 1)
        qsort(in->input, in->n, sizeof *in->input, by_time);
}
