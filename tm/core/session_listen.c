/* tm/core/session_listen.c - see session_listen.h. */
#include "tm/core/session_int.h"

static void say_later(struct tm_session *s, uint32_t listener)
{
    s->listening.news |= 1U << listener;
}

int tm_session_listen(struct tm_session *s, const struct tm_dest *bind, uint32_t *listener)
{
    struct tm_listening *l = &s->listening;
    if (s->failed)
        return TM_ERR_CLOSED;
    if (bind->kind == TM_ADDR_NAME)
        return TM_ERR_RANGE;
    if (l->n == TM_LISTENERS_MAX || tm_sendbuf_room(&s->control.tx) < TM_CONTROL_WINDOW / 2)
        return TM_ERR_LIMIT;
    *listener = l->n++;
    l->of[*listener] = (struct tm_listener){.bind = *bind};
    tm_session_say(s, &(struct tm_message){
                          .kind = TM_MSG_LISTEN, .listener = (uint8_t)*listener, .u.dest = *bind});
    tm_session_heard_features(s);
    return TM_OK;
}

void tm_session_listening(struct tm_session *s, uint32_t listener, enum tm_reply reply,
                          uint16_t port)
{
    TM_ASSERT(listener < s->listening.n);
    s->listening.of[listener].is_open = reply == TM_REPLY_OK;
    tm_session_say(s, &(struct tm_message){.kind = TM_MSG_LISTENING,
                                           .listener = (uint8_t)listener,
                                           .u.listening = {(uint8_t)reply, port}});
}

bool tm_session_is_listening(const struct tm_session *s, uint32_t listener)
{
    return listener < s->listening.n && s->listening.of[listener].is_open;
}

void tm_session_heard_features(struct tm_session *s)
{
    struct tm_listening *l = &s->listening;
    if (!s->settings_seen || s->peer_features & TM_FEATURE_LISTEN)
        return;
    for (uint32_t i = 0; i < l->n; i++) {
        l->of[i].reply = TM_REPLY_COMMAND_UNSUPPORTED;
        say_later(s, i);
    }
}

/* The client's wish. */
static int on_listen(struct tm_session *s, const struct tm_message *m)
{
    struct tm_listening *l = &s->listening;
    if (s->cfg.side != TM_SERVER || m->listener != l->n || l->n == TM_LISTENERS_MAX)
        return TM_ERR_PROTO;
    l->of[l->n] = (struct tm_listener){.bind = m->u.dest};
    say_later(s, l->n++);
    return TM_OK;
}

/* The server's answer. */
static int on_listening(struct tm_session *s, const struct tm_message *m)
{
    if (s->cfg.side != TM_CLIENT || m->listener >= s->listening.n)
        return TM_ERR_PROTO;
    struct tm_listener *l = &s->listening.of[m->listener];
    l->reply = (enum tm_reply)m->u.listening.code;
    l->is_open = l->reply == TM_REPLY_OK;
    l->bind.port = m->u.listening.port;
    say_later(s, m->listener);
    return TM_OK;
}

int tm_session_heard_listener(struct tm_session *s, const struct tm_message *m)
{
    return m->kind == TM_MSG_LISTEN ? on_listen(s, m) : on_listening(s, m);
}

bool tm_session_listen_event(struct tm_session *s, struct tm_event *ev)
{
    struct tm_listening *l = &s->listening;
    if (l->news == 0)
        return false;
    uint32_t i = (uint32_t)__builtin_ctz(l->news);
    l->news &= l->news - 1;
    *ev = (struct tm_event){.kind = s->cfg.side == TM_SERVER ? TM_EVENT_LISTEN : TM_EVENT_LISTENING,
                            .listener = i,
                            .reply = l->of[i].reply,
                            .dest = l->of[i].bind};
    return true;
}
