#include "audit/commands.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole file, terminated; NULL with msg set. */
char *tm_audit_read_file(const char *path, size_t *len, struct tm_msg *msg)
{
    size_t cap = 1 << 16;
    char *text = malloc(cap);
    FILE *f = fopen(path, "rb");
    *len = 0;
    while (f && text && !feof(f) && !ferror(f)) {
        if (cap - *len < 2) {
            char *more = cap <= SIZE_MAX / 2 ? realloc(text, cap * 2) : NULL;
            if (!more)
                break;
            text = more;
            cap *= 2;
        }
        *len += fread(text + *len, 1, cap - *len - 1, f);
    }
    if (text && f && feof(f)) {
        text[*len] = '\0';
    } else {
        (void)tm_msg_set(msg, TM_ERR_IO, "%s: %s", path,
                         errno != 0 ? strerror(errno) : "cannot be read");
        free(text);
        text = NULL;
    }
    if (f)
        (void)fclose(f);
    return text;
}

int tm_audit_load_log(struct tm_schedule *s, const char *path, struct tm_msg *msg)
{
    size_t len = 0;
    errno = 0;
    char *text = tm_audit_read_file(path, &len, msg);
    if (!text)
        return TM_ERR_IO;
    int rc = tm_schedule_add(s, text, len, path, msg);
    free(text);
    return rc;
}

int64_t tm_audit_number(const struct argp_state *state, const char *name, const char *text,
                        int64_t min, int64_t max)
{
    char *end = NULL;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || v < min || v > max)
        argp_error(state, "--%s %s: a whole number from %" PRId64 " to %" PRId64 " is wanted", name,
                   text, min, max);
    return v;
}

int tm_audit_complain(const struct tm_msg *msg)
{
    (void)fprintf(stderr, "tm-audit: %s\n", msg->text);
    return 1;
}

int tm_audit_nomem(void)
{
    (void)fputs("tm-audit: out of memory\n", stderr);
    return 1;
}
