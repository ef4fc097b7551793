/* tm/app/client_state.h - what a client knows of its server: the file DIR/server, written by join. */
#ifndef TM_APP_CLIENT_STATE_H
#define TM_APP_CLIENT_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"
#include "tm/core/join.h"
#include "tm/core/link.h"
#include "tm/core/token.h"
#include "tm/net/ticket.h"

#define TM_CLIENT_STATE_TEXT_MAX 16384U

struct tm_client_state {
    char host[TM_LINK_HOST_MAX + 1];
    int64_t port;                    /* 1..65535 */
    char name[TM_LINK_NAME_MAX + 1]; /* SNI; "": none */
    uint8_t pin[TM_LINK_PIN_LEN];
    uint8_t client_id[TM_CLIENT_ID_LEN];
    uint8_t secret[TM_SECRET_LEN];
    struct tm_ticket_key token;
    size_t n_models;
    struct tm_join_model models[TM_JOIN_MODELS_MAX]; /* the server's, when it was asked last */
};

/* The file's text into w; TM_CLIENT_STATE_TEXT_MAX bytes suffice. */
void tm_client_state_encode(const struct tm_client_state *s, struct tm_wr *w);
/* TM_ERR_FORMAT, TM_ERR_UNSUPPORTED with msg (without the file's name); *s is then all zero. */
TM_MUST_CHECK int tm_client_state_decode(struct tm_client_state *s, const char *text, size_t len,
                                         struct tm_msg *msg);

/* Writes dir/server.  TM_ERR_CLOSED: there is one already; others as tm_file_create. */
TM_MUST_CHECK int tm_client_state_create(const struct tm_client_state *s, const char *dir,
                                         struct tm_msg *msg);
/* The same in place of the one that is there. */
TM_MUST_CHECK int tm_client_state_replace(const struct tm_client_state *s, const char *dir,
                                          struct tm_msg *msg);
/* Reads dir/server; checks that only we can read it.  msg names the file and says what to do. */
TM_MUST_CHECK int tm_client_state_load(struct tm_client_state *s, const char *dir,
                                       struct tm_msg *msg);

#endif
