/* models/gen.h - generators: a model and a seed give a schedule.  One interface for every model, and for schedule files.
 *
 * A generator is two pure functions of (model, seed, user, index), so that two ends which hold the same
 * seed compute the same schedule in any order:
 *   tm_gen_open    when a user's next connection opens; sequential, called by the side that opens;
 *   tm_gen_plan    the writes of connection `index` of `user`; random access, called by both sides.
 * The substreams (tm/base/rng.h): user = child(seed, USER, user); session s = child(user, SESSION, s);
 * RRE r = child(session, RRE, r); the writes of connection i = child(user, CONN, i).  Counts and gaps of
 * a level are drawn from the substream of that level (the gap before a session from the session's), writes
 * from the connection's; the order of draws is written in swing.c.
 *
 * Swing (ToN 2009 sec. III; doc/PAPER.md): a session is NUM_RRE RREs; an RRE is NUM_CONN connections,
 * each INTER_CONN after the last one's opening; the next RRE starts INTER_RRE after all connections of
 * this one ended; the next session INTER_SESSION after the last ended (both after the last byte of all, closings aside, in
 * models that were learned so: tm_swing, is_over).  A connection is NUM_PAIRS
 * exchanges REQ (REQ_THINK after the response before it; the first at once), RSP (SERVER_THINK after the
 * request); it closes CLOSE_THINK after its last byte.
 * User 0's first session starts at 0; user u > 0 starts at one draw from INTER_RRE (2 s if empty) so that
 * users do not start together; a draw above pace_us is replaced by a uniform one below it, for the same reason.
 * Where INTER_SESSION is empty, and all rests are the same 300 s, the first is a part of one, uniform below it: users
 * who began together would rest together for ever.  `pace_us` caps INTER_RRE and INTER_SESSION.
 * Joint: the same tree of sessions, RREs and openings; a connection's writes are those of a card of the deck,
 * which is put together anew for every batch (models/joint.h has the deal).
 * Mix: user u of the mix is user u - n of part p, where n users of parts 0 to p - 1 come before; a part is drawn as it would be alone,
 * with its own number of users and the seed child(seed, PART, p).
 * Constant: exchange j's request follows request j-1 by interval_us (reference: the own request, so
 * ref_back 2), the response follows at once; the connection closes interval_us after the last response and
 * the next opens at once (reference ENDED, gap 0).  User u > 0 starts at a uniform draw below interval_us
 * (and below pace_us).
 * Schedule file: what it says, nothing is drawn (models/playback.h). */
#ifndef TM_MODELS_GEN_H
#define TM_MODELS_GEN_H

#include <stdbool.h>
#include <stdint.h>

#include "models/model.h"
#include "models/plan.h"
#include "models/playback.h"
#include "tm/base/rng.h"

#define TM_GEN_USERS_MAX 1024U

struct tm_batches;
struct tm_batch_maker;

struct tm_gen_cfg {
    const struct tm_model *model; /* borrowed, must outlive the generator */
    uint8_t seed[TM_SEED_LEN];
    uint32_t n_users; /* 1..TM_GEN_USERS_MAX; of a mix: as many as it has */
    int64_t pace_us;  /* cap of the gaps between RREs and sessions; 0: none */
    struct tm_batches *
        batches; /* joint models: borrowed from whoever plays the same model, too (models/batches.h); NULL: its own */
    const struct tm_batch_maker *
        maker; /* joint models without `batches`, parts of mixes, too: puts theirs together; borrowed, must outlive the generator; NULL: none */
};

struct tm_gen; /* opaque; owns its per-user position */

/* TM_ERR_RANGE when the model fails tm_model_check, n_users is out of range or pace_us is negative;
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_gen_new(struct tm_gen **out, const struct tm_gen_cfg *cfg);
/* One that gives what the file says, for f->n_users users.  Borrows f, which must outlive it.  TM_ERR_NOMEM; TM_ERR_RANGE when it
 * has no user or more than TM_GEN_USERS_MAX. */
TM_MUST_CHECK int tm_gen_new_playback(struct tm_gen **out, const struct tm_schedfile *f,
                                      enum tm_playback_end at_end);
/* Clears the keys from memory; NULL is allowed. */
void tm_gen_free(struct tm_gen *g);

/* The user's next opening (index 0, 1, 2, ...).  user < n_users.  False: the user has no more, which only happens at the end of a
 * schedule file that is played once; models never end. */
bool tm_gen_open(struct tm_gen *g, uint32_t user, struct tm_open *open);

/* Fills `plan` (initialised by the caller; cleared first) with the model's writes of the connection,
 * sizes as learned, before any projection to what TLS can carry.  TM_ERR_NOMEM.  A joint model whose deck has
 * both roles counts a user's openings to know which this one is: TM_ERR_LIMIT for an index 65,536 or more
 * beyond those asked for before, more than 1,024 behind the furthest, or (any joint model) above 2^32 - 1.  A schedule file:
 * TM_ERR_RANGE for an index that it does not have. */
TM_MUST_CHECK int tm_gen_plan(struct tm_gen *g, uint32_t user, uint64_t index,
                              struct tm_plan *plan);

/* Does a piece of the work that coming plans would otherwise have to wait for (a joint model's first batches,
 * and its next one once in 8 to 256 connections of a user), or asks the maker for it; to be called when nothing is due soon (a maker: within a few ms),
 * and when the maker has brought something.  False: there is none that can be done now.  What plans hold does not depend on it. */
bool tm_gen_prepare(struct tm_gen *g);
/* Batches that somebody's first plan would have to wait for, about; 0: nobody's. */
uint32_t tm_gen_missing(const struct tm_gen *g);
/* The user's first plan would wait for none.  user < n_users. */
bool tm_gen_has(const struct tm_gen *g, uint32_t user);
/* How many batches were put together while a plan waited, although there is a maker. */
uint64_t tm_gen_late(const struct tm_gen *g);

#endif
