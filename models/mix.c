#include "models/mix.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/canon.h"
#include "models/gen.h"

bool tm_mix_is_counted(const char *text)
{
    return strpbrk(text, ":+") != NULL;
}

/* A number in decimal digits alone; false: it is none, 0, or beyond TM_GEN_USERS_MAX. */
static bool read_users(uint32_t *out, const char *p, size_t len)
{
    uint32_t n = 0;
    bool is_ok = len > 0;
    for (size_t i = 0; i < len && is_ok; i++) {
        is_ok = p[i] >= '0' && p[i] <= '9';
        n = is_ok ? n * 10 + (uint32_t)(p[i] - '0') : 0;
        is_ok = is_ok && n <= TM_GEN_USERS_MAX;
    }
    *out = n;
    return is_ok && n > 0;
}

/* One NAME[:USERS] of `len` bytes. */
static int read_part(struct tm_mix_text *out, const char *p, size_t len, struct tm_msg *msg)
{
    const char *colon = memchr(p, ':', len);
    size_t name_len = colon ? (size_t)(colon - p) : len;
    int shown = len < 64 ? (int)len : 64;
    char name[TM_MODEL_NAME_MAX + 1] = "";
    uint32_t n_users = 1;
    if (out->n == TM_MIX_PARTS_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT, "a mix has at most %u models", TM_MIX_PARTS_MAX);
    if (name_len <= TM_MODEL_NAME_MAX)
        memcpy(name, p, name_len);
    if (!tm_model_name_ok(name))
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "\"%.*s\" names no model; write NAME, NAME:USERS or "
                          "NAME:USERS+NAME:USERS",
                          shown, p);
    if (colon && !read_users(&n_users, colon + 1, len - name_len - 1))
        return tm_msg_set(msg, TM_ERR_FORMAT, "\"%.*s\": users are a number from 1 to %u", shown, p,
                          TM_GEN_USERS_MAX);
    for (size_t i = 0; i < out->n; i++) {
        if (strcmp(out->part[i].name, name) == 0)
            return tm_msg_set(msg, TM_ERR_FORMAT, "%s stands twice in the mix; add its users up",
                              name);
    }
    memcpy(out->part[out->n].name, name, sizeof name);
    out->part[out->n].n_users = n_users;
    out->n++;
    return TM_OK;
}

int tm_mix_parse(struct tm_mix_text *out, const char *text, struct tm_msg *msg)
{
    uint32_t n_users = 0;
    int rc;
    *out = (struct tm_mix_text){0};
    for (;;) {
        size_t len = strcspn(text, "+");
        rc = read_part(out, text, len, msg);
        if (rc != TM_OK || text[len] == '\0')
            break;
        text += len + 1;
    }
    for (size_t i = 0; i < out->n; i++)
        n_users += out->part[i].n_users;
    if (rc == TM_OK && n_users > TM_GEN_USERS_MAX)
        rc = tm_msg_set(msg, TM_ERR_LIMIT, "%" PRIu32 " users; a tunnel has at most %u", n_users,
                        TM_GEN_USERS_MAX);
    return rc;
}

uint32_t tm_mix_users(const struct tm_mix *mix)
{
    uint64_t n = 0;
    for (size_t i = 0; i < mix->n_parts; i++)
        n += mix->part[i].n_users;
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

int tm_mix_check(const struct tm_model *m, struct tm_msg *msg)
{
    const struct tm_mix *mix = &m->u.mix;
    if (mix->n_parts < 2 || mix->n_parts > TM_MIX_PARTS_MAX)
        return tm_msg_set(msg, TM_ERR_RANGE, "a mix has 2 to %u models", TM_MIX_PARTS_MAX);
    for (size_t i = 0; i < mix->n_parts; i++) {
        const struct tm_model *part = mix->part[i].model;
        if (!part || part->kind == TM_MODEL_MIX || mix->part[i].n_users < 1)
            return tm_msg_set(msg, TM_ERR_RANGE, "part %zu of the mix is no model with users",
                              i + 1);
        int rc = tm_model_check(part, msg);
        if (rc != TM_OK)
            return rc;
    }
    if (tm_mix_users(mix) > TM_GEN_USERS_MAX)
        return tm_msg_set(msg, TM_ERR_RANGE, "%" PRIu32 " users; a tunnel has at most %u",
                          tm_mix_users(mix), TM_GEN_USERS_MAX);
    return TM_OK;
}

int tm_mix_make(struct tm_model *m, const struct tm_mix *parts, struct tm_msg *msg)
{
    size_t used = 0;
    *m = (struct tm_model){.kind = TM_MODEL_MIX, .u.mix = *parts};
    int rc = tm_mix_check(m, msg);
    for (size_t i = 0; i < parts->n_parts && rc == TM_OK; i++) {
        int n = snprintf(m->name + used, sizeof m->name - used, "%s%s:%" PRIu32, i > 0 ? "+" : "",
                         parts->part[i].model->name, parts->part[i].n_users);
        used += n > 0 ? (size_t)n : 0;
        if (n < 0 || used >= sizeof m->name)
            rc = tm_msg_set(msg, TM_ERR_RANGE, "the names of the mix are longer than %d bytes",
                            TM_MODEL_LABEL_MAX);
    }
    if (rc != TM_OK)
        *m = (struct tm_model){0};
    return rc;
}

void tm_canon_mix(struct tm_canon *c, const struct tm_mix *mix)
{
    tm_canon_u32(c, (uint32_t)mix->n_parts);
    for (size_t i = 0; i < mix->n_parts; i++) {
        uint8_t digest[TM_DIGEST_LEN];
        tm_model_digest(mix->part[i].model, digest);
        tm_canon_bytes(c, digest, sizeof digest);
        tm_canon_u32(c, mix->part[i].n_users);
    }
}
