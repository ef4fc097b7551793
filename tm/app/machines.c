#include "tm/app/machines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "models/maybenot/ready/named.h"
#include "tm/base/log.h"

static int read_file(char **out, const char *path, struct tm_msg *msg)
{
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return tm_msg_set(msg, TM_ERR_IO, "cannot read %.300s: %s", path, strerror(errno));
    int rc = TM_OK;
    char *text = malloc(TM_MB_SET_TEXT_MAX + 2);
    size_t n = text != NULL ? fread(text, 1, TM_MB_SET_TEXT_MAX + 1, f) : 0;
    if (text == NULL)
        rc = TM_ERR_NOMEM;
    else if (ferror(f) != 0)
        rc = tm_msg_set(msg, TM_ERR_IO, "cannot read %.300s", path);
    else
        text[n] = '\0';
    (void)fclose(f);
    if (rc == TM_OK)
        *out = text;
    else
        free(text);
    return rc;
}

static int read_end(char **out, const char *what, enum tm_mb_end end, struct tm_msg *msg)
{
    uint8_t seed[TM_SEED_LEN];
    struct tm_mb_rng rng;
    if (!tm_mb_ready_is_named(what))
        return read_file(out, what, msg);
    if (RAND_bytes(seed, sizeof seed) != 1)
        return tm_msg_set(msg, TM_ERR_TLS, "no random bytes from OpenSSL");
    tm_mb_rng_init(&rng, seed);
    int rc = tm_mb_ready_named_text(out, what, end, &rng, msg);
    tm_mb_rng_deinit(&rng);
    return rc;
}

static int load_end(struct tm_machines *m, const struct tm_options *o, enum tm_mb_end end,
                    struct tm_msg *msg)
{
    enum tm_opt opt = end == TM_MB_END_CLIENT ? TM_OPT_MACHINES_CLIENT : TM_OPT_MACHINES_SERVER;
    struct tm_view *view = end == TM_MB_END_CLIENT ? &m->cells.client : &m->cells.server;
    struct tm_mb_set set;
    struct tm_msg why = {""};
    if (!o->v[opt].given)
        return TM_OK;
    int rc = read_end(&m->text[end], o->v[opt].text, end, &why);
    if (rc == TM_OK) {
        *view = (struct tm_view){(const uint8_t *)m->text[end], strlen(m->text[end])};
        rc = tm_mb_set_parse(&set, m->text[end], view->len, &why);
        tm_mb_set_free(&set);
    }
    return rc == TM_OK ? rc
                       : tm_msg_set(msg, rc, "--%s %.200s: %.250s", tm_options_info(opt)->name,
                                    o->v[opt].text, why.text);
}

int tm_machines_load(struct tm_machines *out, const struct tm_options *o, struct tm_msg *msg)
{
    *out = (struct tm_machines){0};
    out->cells.cell_bytes = (uint32_t)o->v[TM_OPT_CELL].num;
    out->cells.max_padding_ppm = (uint32_t)o->v[TM_OPT_MAX_PADDING_FRAC].num;
    out->cells.max_blocking_ppm = (uint32_t)o->v[TM_OPT_MAX_BLOCKING_FRAC].num;
    tm_log(TM_LOG_WARN, "--model maybenot: machines pad and delay what is carried; the wire still "
                        "depends on it");
    int rc = load_end(out, o, TM_MB_END_CLIENT, msg);
    return rc == TM_OK ? load_end(out, o, TM_MB_END_SERVER, msg) : rc;
}

void tm_machines_free(struct tm_machines *m)
{
    free(m->text[0]);
    free(m->text[1]);
    *m = (struct tm_machines){0};
}
