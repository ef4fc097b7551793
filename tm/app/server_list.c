/* tm/app/server_list.c - the commands of tm-server about those it knows: clients, invite --list, revoke. */
#include "tm/app/server_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "tm/app/server_state.h"
#include "tm/app/usage.h"

#define TIME_MAX 32

static const char *state_of(const struct tm_options *o)
{
    return o->v[TM_OPT_STATE].text;
}

static void print_time(char out[TIME_MAX], int64_t s)
{
    time_t t = (time_t)s;
    struct tm tm;
    out[0] = '\0';
    if (gmtime_r(&t, &tm) != NULL)
        strftime(out, TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

struct list {
    const struct tm_server_state *s;
    int64_t now_s;
};

static void print_client(void *user, const struct tm_client_entry *c)
{
    const struct list *l = user;
    char id[TM_SERVER_ID_TEXT], joined[TIME_MAX], seen[TIME_MAX] = "never";
    struct tm_usage u;
    struct tm_msg why;
    if (tm_usage_load(&u, l->s->dir, c->id, &why) != TM_OK)
        fprintf(stderr, "tm-server: %s\n", why.text);
    tm_server_id_print(id, c->id);
    print_time(joined, c->joined_s);
    if (u.seen_s != 0)
        print_time(seen, u.seen_s);
    printf("%s joined %s seen %s month %" PRId64 "%s%s\n", id, joined, seen,
           tm_usage_bytes(&u, l->now_s), c->label[0] != '\0' ? " label " : "", c->label);
}

enum tm_exit tm_cmd_clients(struct tm_options *o, struct tm_msg *msg)
{
    struct tm_server_state s = {0};
    struct list l = {&s, (int64_t)time(NULL)};
    enum tm_exit status = TM_EXIT_FAILED;
    if (tm_server_state_load(&s, state_of(o), msg) == TM_OK &&
        tm_server_state_each_client(&s, print_client, &l, msg) == TM_OK)
        status = TM_EXIT_DONE;
    tm_server_state_deinit(&s);
    return status;
}

static void print_invite(void *user, const struct tm_invite *i)
{
    const struct list *l = user;
    char id[TM_SERVER_ID_TEXT], when[TIME_MAX];
    tm_server_id_print(id, i->id);
    print_time(when, i->expires_s);
    printf("%s %s %s%s%s\n", id, l->now_s < i->expires_s ? "expires" : "expired", when,
           i->label[0] != '\0' ? " label " : "", i->label);
}

enum tm_exit tm_server_list_invites(const struct tm_options *o, struct tm_msg *msg)
{
    struct tm_server_state s = {0};
    struct list l = {&s, (int64_t)time(NULL)};
    enum tm_exit status = TM_EXIT_FAILED;
    if (tm_server_state_load(&s, state_of(o), msg) == TM_OK &&
        tm_server_state_each_invite(&s, print_invite, &l, msg) == TM_OK)
        status = TM_EXIT_DONE;
    tm_server_state_deinit(&s);
    return status;
}

/* ---- revoke ---- */

/* Whose label it is. */
struct search {
    const char *label;
    uint8_t id[TM_CLIENT_ID_LEN];
    unsigned n;
};

static void compare_client(void *user, const struct tm_client_entry *c)
{
    struct search *q = user;
    if (strcmp(c->label, q->label) != 0)
        return;
    memcpy(q->id, c->id, sizeof q->id);
    q->n++;
}

static void compare_invite(void *user, const struct tm_invite *i)
{
    struct search *q = user;
    if (strcmp(i->label, q->label) != 0)
        return;
    memcpy(q->id, i->id, sizeof q->id);
    q->n++;
}

/* The identifier that the operand is, or the one whose label it is. */
static int find(uint8_t id[TM_CLIENT_ID_LEN], const struct tm_server_state *s, const char *text,
                struct tm_msg *msg)
{
    struct search q = {.label = text};
    if (tm_server_id_parse(id, text) == TM_OK)
        return TM_OK;
    int rc = tm_server_state_each_client(s, compare_client, &q, msg);
    if (rc == TM_OK && q.n == 0)
        rc = tm_server_state_each_invite(s, compare_invite, &q, msg);
    if (rc == TM_OK && q.n > 1)
        rc = tm_msg_set(msg, TM_ERR_RANGE,
                        "%u have the label %s; revoke by identifier: tm-server clients --state %s",
                        q.n, text, s->dir);
    memcpy(id, q.id, sizeof q.id);
    return rc != TM_OK ? rc : q.n == 1 ? TM_OK : TM_ERR_CLOSED;
}

static int revoke(const struct tm_server_state *s, const char *text, struct tm_msg *msg)
{
    uint8_t id[TM_CLIENT_ID_LEN];
    int rc = find(id, s, text, msg);
    if (rc == TM_OK) {
        rc = tm_server_state_revoke(s, id, msg);
        if (rc == TM_OK)
            tm_usage_forget(s->dir, id);
        if (rc == TM_ERR_CLOSED)
            rc = tm_server_state_withdraw(s, id, msg);
    }
    if (rc == TM_ERR_CLOSED)
        tm_msg_set(
            msg, rc,
            "there is no client or invitation %.60s; list them: tm-server clients --state %s", text,
            s->dir);
    return rc;
}

enum tm_exit tm_cmd_revoke(struct tm_options *o, struct tm_msg *msg)
{
    struct tm_server_state s = {0};
    uint8_t id[TM_CLIENT_ID_LEN];
    if (tm_server_id_parse(id, o->operand) != TM_OK && !tm_server_label_ok(o->operand)) {
        tm_msg_set(msg, TM_ERR_FORMAT,
                   "'%.40s' is no client; list them: tm-server clients --state %s", o->operand,
                   state_of(o));
        return TM_EXIT_USAGE;
    }
    enum tm_exit status = TM_EXIT_FAILED;
    if (tm_server_state_load(&s, state_of(o), msg) == TM_OK && revoke(&s, o->operand, msg) == TM_OK)
        status = TM_EXIT_DONE;
    tm_server_state_deinit(&s);
    return status;
}
