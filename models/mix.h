/* models/mix.h - several models in one tunnel, each with its users: what an office's router shows.
 *
 *   https-browsing:5+https-chat:2      five users of one and two of the other
 *
 * A mix is a model (kind `mix`) that is made where a session begins, out of models that this end has; no database holds one.  Its users
 * are those of its first part, then those of the second, and so on; each part is played as it would be alone (models/gen.h).  The
 * digest covers the digests of the parts, their users and their order, so two ends agree on a mix when they agree on every part of it.
 * Its name is the text above, with every number. */
#ifndef TM_MODELS_MIX_H
#define TM_MODELS_MIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "tm/base/err.h"

/* What such a text says. */
struct tm_mix_text {
    size_t n; /* 1..TM_MIX_PARTS_MAX */
    struct {
        char name[TM_MODEL_NAME_MAX + 1];
        uint32_t n_users; /* 1 where none was given */
    } part[TM_MIX_PARTS_MAX];
};

/* Whether a text says how many users there are: it has a number, or several parts. */
bool tm_mix_is_counted(const char *text);
/* Reads NAME[:USERS][+NAME[:USERS]...].  TM_ERR_FORMAT with msg: an empty name or one that no model can have, a number that is none or 0, a
 * name twice; TM_ERR_LIMIT: more than TM_MIX_PARTS_MAX parts, or more than TM_GEN_USERS_MAX users in all. */
TM_MUST_CHECK int tm_mix_parse(struct tm_mix_text *out, const char *text, struct tm_msg *msg);

/* Makes m the mix of these parts and names it; borrows the models, which must outlive it; m needs no deinit.  TM_ERR_RANGE: as of
 * tm_mix_check, or the text is longer than TM_MODEL_LABEL_MAX. */
TM_MUST_CHECK int tm_mix_make(struct tm_model *m, const struct tm_mix *parts, struct tm_msg *msg);
/* The part of tm_model_check that is the mix's own: two parts or more, none a mix, each one that can be played and has users,
 * TM_GEN_USERS_MAX in all.  TM_ERR_RANGE. */
TM_MUST_CHECK int tm_mix_check(const struct tm_model *m, struct tm_msg *msg);
/* Of all parts; UINT32_MAX when they are too many to count. */
uint32_t tm_mix_users(const struct tm_mix *mix);

#endif
