/* tm/app/client_supply.h - the models that --model names, from wherever this client has them: its database, what it fetched before,
 * or the server. */
#ifndef TM_APP_CLIENT_SUPPLY_H
#define TM_APP_CLIENT_SUPPLY_H

#include <stdbool.h>

#include "models/store/mix.h"
#include "tm/app/client_state.h"
#include "tm/app/options.h"
#include "tm/base/err.h"

/* Every model as the server has it, by digest.  What is not here, or is another, is fetched (tm/app/client_fetch.h).  Errors with msg. */
TM_MUST_CHECK int tm_client_supply_load(struct tm_store_mix *out, struct tm_client_state *s,
                                        const struct tm_options *o, struct tm_msg *msg);

/* The server did not take us: has it other models than when we heard of them?  Asks, and true when what --model names is another now; *out is
 * then that.  False: no, or it is not to be reached either, or *out is empty; *out is as before. */
bool tm_client_supply_renew(struct tm_store_mix *out, struct tm_client_state *s,
                            const struct tm_options *o);

/* Where a model of the server is: "here", "fetched" (dir/models), or "at the server". */
const char *tm_client_supply_place(const struct tm_client_state *s, const struct tm_options *o,
                                   const struct tm_join_model *m);

#endif
