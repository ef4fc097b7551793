/* tm/app/outfile.c - see outfile.h. */
#include "tm/app/outfile.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

int tm_outfile_open(FILE **out, const struct tm_options *o, enum tm_opt opt, struct tm_msg *msg)
{
    const char *path = o->v[opt].text;
    *out = path != NULL ? fopen(path, "we") : NULL;
    if (path == NULL || *out != NULL)
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_IO, "--%s: cannot write %s: %s", tm_options_info(opt)->name, path,
                      strerror(errno));
}

int tm_outfile_close(FILE *take_f, const struct tm_options *o, enum tm_opt opt, struct tm_msg *msg)
{
    bool bad = take_f != NULL && ferror(take_f) != 0;
    if (take_f == NULL || (fclose(take_f) == 0 && !bad))
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_IO, "could not write all of %s: %s", o->v[opt].text,
                      strerror(errno));
}
