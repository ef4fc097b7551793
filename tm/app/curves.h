/* tm/app/curves.h - the model's sizes and pauses beside those that were played, as cumulated distributions in JSON, for the page.
 *
 *   {"parts":[{"name":"...","users":4,"plots":[{"what":"size_up","model":CURVE,"played":CURVE,"distance_permille":31},...]}],"late":CURVE}
 *   CURVE: {"n":512,"points":[[value,share],...]}, share in 1/10000 of the values at or below; bytes or microseconds
 *
 * The distance is that of tm_likeness_distance, 1000 when one of them is empty.  Pure. */
#ifndef TM_APP_CURVES_H
#define TM_APP_CURVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/likeness.h"
#include "tm/core/session_cfg.h"
#include "tm/core/tally.h"

#define TM_CURVES_POINTS_MAX 120U
#define TM_CURVES_MAX        262144U /* bytes that hold any answer */

/* What a session's model holds, kept between answers: looking through a deck takes a fraction of a millisecond.  Empty: {0}. */
struct tm_curves {
    bool is_of;                          /* of this: */
    uint8_t digest[TM_TOKEN_DIGEST_LEN]; /* digest of a model or schedule */
    struct tm_likeness *model; /* owned: TM_MIX_PARTS_MAX, by part; NULL: not needed yet */
};

void tm_curves_deinit(struct tm_curves *c);
/* Of the session `cfg` with the digest, TM_TOKEN_DIGEST_LEN bytes (NULL: there is none); played: TM_MIX_PARTS_MAX, or NULL; total may be NULL.  A
 * session without plans has no parts.  Returns the length without the NUL; 0 when cap is too small or there is no memory. */
struct tm_curves_source {
    const struct tm_session_cfg *cfg;
    const uint8_t *digest;
    const struct tm_likeness *played;
    const struct tm_tally_total *total;
};
size_t tm_curves_write(struct tm_curves *c, const struct tm_curves_source *src, char *out,
                       size_t cap);

#endif
