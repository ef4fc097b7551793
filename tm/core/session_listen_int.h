/* tm/core/session_listen_int.h - listeners inside the engine: for its files alone. */
#ifndef TM_CORE_SESSION_LISTEN_INT_H
#define TM_CORE_SESSION_LISTEN_INT_H

#include "tm/core/message.h"
#include "tm/core/session_listen.h"

struct tm_listener {
    struct tm_dest bind; /* client: its port as the server said */
    enum tm_reply reply; /* client: the server's last word */
    bool is_open;
};

/* The server's listeners, as either end knows them. */
struct tm_listening {
    uint32_t n;    /* ever asked for */
    uint32_t news; /* bit 1 << listener: an event is due */
    struct tm_listener of[TM_LISTENERS_MAX];
};

/* A message about a listener (LISTEN, LISTENING). */
TM_MUST_CHECK int tm_session_heard_listener(struct tm_session *s, const struct tm_message *m);
/* The peer's features are known, or a listener was asked for: what it cannot do is told. */
void tm_session_heard_features(struct tm_session *s);
bool tm_session_is_listening(const struct tm_session *s, uint32_t listener);
/* The next event of a listener; false: there is none. */
bool tm_session_listen_event(struct tm_session *s, struct tm_event *ev);

#endif
