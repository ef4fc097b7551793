/* audit/features/labels.h - which session, page load and class the connections of a recording belong to.
 *
 * scripts/record gives each session a prefix of server addresses of its own and writes down when each page load
 * began; that is an exact label for every connection, and the programs on the wire know nothing of it:
 *
 *   # comment
 *   from_us,prefix,class,split,path,session,load
 *   1763710000000000,10.1.2.32/27,https-browsing,train,20ms,https-browsing-17,3
 *
 * A connection belongs, among the lines whose from_us is at or before its first packet (0: from the beginning), to the one with
 * the longest prefix that holds its server's address and, among these, the largest from_us.  Session names are unique in a
 * recording; loads are numbers inside their session.  Empty lines and those that begin with # say nothing; the first other line
 * is the head above.  Pure: text in, structure out. */
#ifndef TM_AUDIT_LABELS_H
#define TM_AUDIT_LABELS_H

#include <stddef.h>
#include <stdint.h>

#include "audit/features/names.h"
#include "learner/packet.h"
#include "tm/base/err.h"

#define TM_LABEL_NONE UINT32_MAX

struct tm_label {
    int64_t from_us; /* since 1970 */
    uint8_t prefix[TM_ADDR_LEN];
    uint8_t prefix_bits;                /* of the 128-bit form: an IPv4 /27 is 123 */
    uint32_t cls, split, path, session; /* indices into tm_labels.names */
    uint32_t load;
    uint32_t line; /* where it stands in its file */
};

struct tm_labels {      /* empty: {0} */
    struct tm_label *v; /* owned; sorted by prefix_bits (falling), prefix, from_us */
    size_t n, cap;
    char **names; /* owned: every distinct class, split, path and session name */
    uint32_t n_names, cap_names;
    struct tm_names index;
};

/* Adds the lines of `text` (len bytes); `name` is for messages, which name the line and say what is wrong with it.  Prefixes must
 * not have bits behind their length, and no two lines may begin at the same time with the same prefix.  After an error only
 * deinit may follow.  TM_ERR_FORMAT, TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_labels_add(struct tm_labels *l, const char *text, size_t len, const char *name,
                                struct tm_msg *msg);
/* Borrowed until the next add; NULL: no line holds it. */
const struct tm_label *tm_labels_find(const struct tm_labels *l, const uint8_t addr[TM_ADDR_LEN],
                                      int64_t t_us);
void tm_labels_deinit(struct tm_labels *l);

#endif
