/* test/unit/learner/capture_variants.h - a capture, and the same packets as other tools and networks
 * would have written them. */
#ifndef TM_TEST_UNIT_LEARNER_CAPTURE_VARIANTS_H
#define TM_TEST_UNIT_LEARNER_CAPTURE_VARIANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct variant_frame {
    int64_t t_us;
    uint8_t *b; /* owned */
    uint32_t cap_len;
    uint32_t wire_len;
};

/* Frames of one link type. */
struct variant {
    uint32_t link_type;
    struct variant_frame *frame;
    size_t n;
    size_t cap;
};

/* The IP packets of an Ethernet capture; n is 0 when there are none. */
void variant_load(struct variant *v, const char *path);
void variant_free(struct variant *v);

/* What stands between the addresses, or the frame's start, and IP. */
struct variant_link {
    const char *name;
    uint32_t link_type;
    bool has_macs;
    const char *head[2]; /* of IPv4 and IPv6 */
    size_t head_len;
};

extern const struct variant_link variant_links[];
extern const size_t variant_n_links;

/* The packets of an Ethernet variant behind other headers. */
struct variant variant_rewrap(const struct variant *v, const struct variant_link *link);
/* At most snap_len bytes of each frame. */
struct variant variant_cut(const struct variant *v, uint32_t snap_len);
/* TCP over IPv4 in packets of 400 bytes and more in two fragments, every other time the second first. */
struct variant variant_fragment(const struct variant *v);
/* Every frame i with of[i] == part. */
struct variant variant_part(const struct variant *v, const uint8_t *of, uint8_t part);

enum variant_format {
    VARIANT_PCAP,
    VARIANT_PCAP_BIG,
    VARIANT_PCAP_NS,
    VARIANT_PCAP_NS_BIG,
    VARIANT_KUZNETZOV,
    VARIANT_NG,
    VARIANT_NG_BIG,
    VARIANT_NG_NS,
    VARIANT_NG_MIXED, /* sections of 100 frames; of Ethernet every other frame as raw IP from a
                       * second interface with another clock */
    VARIANT_FORMATS   /* count */
};

enum variant_packing { VARIANT_PLAIN, VARIANT_GZIP, VARIANT_ZSTD, VARIANT_PACKINGS };

void variant_write(const struct variant *v, enum variant_format format,
                   enum variant_packing packing, const char *path);

#endif
