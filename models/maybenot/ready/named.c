#include "models/maybenot/ready/named.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"front", "tamaraw", "regulator", "interspace", "break-pad"};

bool tm_mb_ready_is_named(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static int build(struct tm_mb_ready *out, const char *name, bool is_client, struct tm_mb_rng *rng,
                 struct tm_msg *msg)
{
    if (strcmp(name, "front") == 0)
        return tm_mb_ready_front(out, &TM_MB_FRONT, rng, msg);
    if (strcmp(name, "tamaraw") == 0)
        return tm_mb_ready_tamaraw(out, is_client ? &TM_MB_TAMARAW_CLIENT : &TM_MB_TAMARAW_SERVER,
                                   msg);
    if (strcmp(name, "regulator") == 0)
        return is_client ? tm_mb_ready_regulator_client(out, &TM_MB_REGULATOR_HEAVY, msg)
                         : tm_mb_ready_regulator_server(out, &TM_MB_REGULATOR_HEAVY, msg);
    if (strcmp(name, "interspace") == 0)
        return is_client ? tm_mb_ready_interspace_client(out, rng)
                         : tm_mb_ready_interspace_server(out, rng);
    if (strcmp(name, "break-pad") == 0)
        return is_client ? tm_mb_ready_break_pad_client(out) : tm_mb_ready_break_pad_server(out);
    return tm_msg_set(msg, TM_ERR_RANGE, "%.60s is no ready defence", name);
}

static int append(char **text, size_t *len, const struct tm_mb_machine *m)
{
    char *line = NULL;
    int rc = tm_mb_machine_text(&line, m);
    if (rc != TM_OK)
        return rc;
    size_t n = strlen(line);
    char *grown = realloc(*text, *len + n + 2);
    if (grown) {
        memcpy(grown + *len, line, n);
        memcpy(grown + *len + n, "\n", 2);
        *text = grown;
        *len += n + 1;
    }
    free(line);
    return grown ? TM_OK : TM_ERR_NOMEM;
}

int tm_mb_ready_named_text(char **out, const char *name, enum tm_mb_end end, struct tm_mb_rng *rng,
                           struct tm_msg *msg)
{
    struct tm_mb_ready ready = {0};
    char *text = NULL;
    size_t len = 0;
    *out = NULL;
    int rc = build(&ready, name, end == TM_MB_END_CLIENT, rng, msg);
    for (size_t i = 0; rc == TM_OK && i < ready.n; i++)
        rc = append(&text, &len, ready.machines[i]);
    tm_mb_ready_free(&ready);
    if (rc == TM_OK)
        *out = text;
    else
        free(text);
    return rc;
}
