#include "models/maybenot/set.h"

#include <string.h>

#include <openssl/sha.h>

void tm_mb_set_free(struct tm_mb_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        tm_mb_machine_free(set->machine[i]);
    *set = (struct tm_mb_set){0};
}

static int add(struct tm_mb_set *set, const char *line, size_t len, size_t *n_states,
               struct tm_msg *msg)
{
    struct tm_msg why = {""};
    if (set->n == TM_MB_SET_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT, "more than %u machines", TM_MB_SET_MAX);
    int rc = tm_mb_machine_parse(&set->machine[set->n], line, len, &why);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "machine %zu: %.200s", set->n + 1, why.text);
    *n_states += set->machine[set->n++]->n_states;
    if (*n_states > TM_MB_SET_STATES_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT, "more than %u states", TM_MB_SET_STATES_MAX);
    return TM_OK;
}

int tm_mb_set_parse(struct tm_mb_set *out, const char *text, size_t len, struct tm_msg *msg)
{
    size_t n_states = 0;
    int rc = TM_OK;
    *out = (struct tm_mb_set){0};
    if (len > TM_MB_SET_TEXT_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT, "more than %u bytes of machines", TM_MB_SET_TEXT_MAX);
    for (size_t at = 0; rc == TM_OK && at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end ? (size_t)(end - text) - at : len - at;
        size_t bare = n > 0 && text[at + n - 1] == '\r' ? n - 1 : n;
        if (bare > 0 && text[at] != '#')
            rc = add(out, text + at, bare, &n_states, msg);
        at += n + (end != NULL);
    }
    if (rc != TM_OK)
        tm_mb_set_free(out);
    return rc;
}

void tm_mb_rules_digest(uint8_t out[32])
{
    static const uint8_t rules[] = "trafficmimic cells 1: maybenot 2";
    (void)SHA256(rules, sizeof rules - 1, out);
}
