/* learner/capture/merge.h - several captures -> their TCP packets in the order of time.
 *
 * A heap over the next packet of each.  A file is opened when its first frame is due and closed at
 * its end, so that parts of one long recording cost the memory of one or two.  Within a file the
 * order stays as it is. */
#ifndef TM_LEARNER_CAPTURE_MERGE_H
#define TM_LEARNER_CAPTURE_MERGE_H

#include <stdbool.h>

#include "learner/capture/inputs.h"
#include "learner/pcap_source.h"
#include "tm/base/err.h"

struct tm_merge; /* opaque */

/* Called with each capture when its end, or damage, was reached, before it is closed. */
typedef void (*tm_merge_fn)(void *ctx, const struct tm_pcap_source *src, const char *path);

/* `in` is borrowed until the free.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_merge_new(struct tm_merge **out, const struct tm_inputs *in, tm_merge_fn done,
                               void *ctx);
void tm_merge_free(struct tm_merge *m);

/* The next packet, of those with the same time that of the capture that stands first in `in`.
 * Returns 1 and fills *p (p->payload lives until the next call); 0 at the end; TM_ERR_FORMAT or
 * TM_ERR_IO from tm_pcap_next when one capture ends there, after which the next call goes on with
 * the others.  What tm_pcap_open returns comes with *is_fatal set; TM_ERR_NOMEM too. */
TM_MUST_CHECK int tm_merge_next(struct tm_merge *m, struct tm_packet *p, bool *is_fatal,
                                struct tm_msg *msg);

/* The capture that the last packet came from; NULL when there is none. */
const struct tm_pcap_source *tm_merge_source(const struct tm_merge *m);

#endif
