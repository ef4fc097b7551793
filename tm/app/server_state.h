/* tm/app/server_state.h - a server's directory.
 *
 *   DIR/config         options, "name = value" (tm/app/options.h)
 *   DIR/identity.pem   Ed25519 private key; its public half is the pin in links
 *   DIR/token          prefix and key of the tokens, shared with every enrolled client
 *   DIR/identity-old.pem, DIR/token-old   those before the last renewal, and until when they count
 *   DIR/invites/ID     an invitation: secret, when it expires, label; ID.used once a client has joined with it
 *   DIR/clients/ID     an enrolled client: its secret, when it joined, label
 *   DIR/models/DIGEST  models as clients fetch them (tm/app/supply.h)
 *   DIR/usage/ID       when a client was last seen, its bytes of the month (tm/app/usage.h)
 *   DIR/bridge         an invitation for many (tm/app/open_invite.h)
 *   DIR/replay         tokens' times (tm/net/replay.h)
 *
 * Directories have mode 0700 and files 0600; both are enforced at load.  IDs are 16 hexadecimal digits.  Every
 * change is one link(2), rename(2) or unlink(2), so a crash leaves the old or the new state and two processes may work
 * on the directory at the same time. */
#ifndef TM_APP_SERVER_STATE_H
#define TM_APP_SERVER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/app/file.h"
#include "tm/base/err.h"
#include "tm/core/token.h"
#include "tm/net/identity.h"
#include "tm/net/ticket.h"

#define TM_SERVER_ID_TEXT   (2 * TM_CLIENT_ID_LEN + 1)
#define TM_SERVER_LABEL_MAX 40 /* characters */

struct tm_server_state {
    char dir[TM_FILE_PATH_MAX];
    struct tm_identity *identity; /* owned */
    struct tm_ticket_key token;
    int64_t made_s; /* when they were renewed last; 0: never */
    /* Those before, which count until old_until_s; expired ones are not here. */
    struct tm_identity *identity_old; /* owned; NULL: none */
    struct tm_ticket_key token_old;
    int64_t old_until_s;
};

/* Makes the directory with new keys and the given config text.  TM_ERR_CLOSED: a server lives there already.
 * On error what was made is left for a person to look at. */
TM_MUST_CHECK int tm_server_state_create(struct tm_server_state *s, const char *dir,
                                         const char *config, struct tm_msg *msg);
/* Reads the keys.  msg names the file and says what to do. */
TM_MUST_CHECK int tm_server_state_load(struct tm_server_state *s, const char *dir,
                                       struct tm_msg *msg);
/* Makes new keys, and leaves the present ones valid for overlap_s.  TM_ERR_CLOSED: a renewal is under way at now_s, and overlap_s
 * is not 0; a crash leaves keys that clients know. */
TM_MUST_CHECK int tm_server_state_renew(struct tm_server_state *s, int64_t overlap_s, int64_t now_s,
                                        struct tm_msg *msg);
/* Frees and clears; {0} is allowed. */
void tm_server_state_deinit(struct tm_server_state *s);
struct tm_invite {
    uint8_t id[TM_CLIENT_ID_LEN];
    uint8_t secret[TM_SECRET_LEN];
    int64_t expires_s; /* wall clock, seconds since 1970 */
    int64_t made_s;    /* 0: not known, by an older release */
    bool used;
    char label[TM_SERVER_LABEL_MAX + 1]; /* what its owner calls the client; "": nothing */
};
/* Stores a new invitation with random id and secret; label: as below, NULL or "": none. */
TM_MUST_CHECK int tm_server_state_invite(const struct tm_server_state *s, int64_t expires_s,
                                         const char *label, struct tm_invite *out,
                                         struct tm_msg *msg);
/* 1 to TM_SERVER_LABEL_MAX letters, digits and any of "._@+-", and not an id's text. */
bool tm_server_label_ok(const char *label);
/* TM_ERR_CLOSED: never existed; used and expired ones are found. */
TM_MUST_CHECK int tm_server_state_find_invite(const struct tm_server_state *s,
                                              const uint8_t id[TM_CLIENT_ID_LEN],
                                              struct tm_invite *out, struct tm_msg *msg);
/* Uses the invitation up and stores a new client with this secret.  TM_ERR_CLOSED: it has been used; others: the
 * client could not be stored, and the invitation is as before. */
TM_MUST_CHECK int tm_server_state_redeem(const struct tm_server_state *s,
                                         const uint8_t invite_id[TM_CLIENT_ID_LEN],
                                         const uint8_t secret[TM_SECRET_LEN], int64_t now_s,
                                         uint8_t client_id[TM_CLIENT_ID_LEN], struct tm_msg *msg);

struct tm_client_entry {
    uint8_t id[TM_CLIENT_ID_LEN];
    uint8_t secret[TM_SECRET_LEN];
    int64_t joined_s;
    char label[TM_SERVER_LABEL_MAX + 1]; /* of its invitation */
};
/* Stores a new client with this secret, who has no invitation of his own (tm/app/open_invite.h). */
TM_MUST_CHECK int tm_server_state_add_client(const struct tm_server_state *s,
                                             const uint8_t secret[TM_SECRET_LEN], int64_t now_s,
                                             uint8_t client_id[TM_CLIENT_ID_LEN],
                                             struct tm_msg *msg);
/* TM_ERR_CLOSED: no such client. */
TM_MUST_CHECK int tm_server_state_find_client(const struct tm_server_state *s,
                                              const uint8_t id[TM_CLIENT_ID_LEN],
                                              struct tm_client_entry *out, struct tm_msg *msg);
/* Removes a client.  TM_ERR_CLOSED: no such client. */
TM_MUST_CHECK int tm_server_state_revoke(const struct tm_server_state *s,
                                         const uint8_t id[TM_CLIENT_ID_LEN], struct tm_msg *msg);
/* Removes an invitation that was not used.  TM_ERR_CLOSED: no such invitation. */
TM_MUST_CHECK int tm_server_state_withdraw(const struct tm_server_state *s,
                                           const uint8_t id[TM_CLIENT_ID_LEN], struct tm_msg *msg);
/* Calls fn for every client, sorted by id.  Stops at the first error. */
typedef void (*tm_server_client_fn)(void *user, const struct tm_client_entry *c);
TM_MUST_CHECK int tm_server_state_each_client(const struct tm_server_state *s,
                                              tm_server_client_fn fn, void *user,
                                              struct tm_msg *msg);
/* The same for every invitation that was not used, expired ones too. */
typedef void (*tm_server_invite_fn)(void *user, const struct tm_invite *i);
TM_MUST_CHECK int tm_server_state_each_invite(const struct tm_server_state *s,
                                              tm_server_invite_fn fn, void *user,
                                              struct tm_msg *msg);

/* An id as its text, and back (TM_ERR_FORMAT). */
void tm_server_id_print(char out[TM_SERVER_ID_TEXT], const uint8_t id[TM_CLIENT_ID_LEN]);
TM_MUST_CHECK int tm_server_id_parse(uint8_t id[TM_CLIENT_ID_LEN], const char *text);

#endif
