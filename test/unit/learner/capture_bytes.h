/* test/unit/learner/capture_bytes.h - capture files written into memory, byte by byte, in either byte
 * order. */
#ifndef TM_TEST_UNIT_LEARNER_CAPTURE_BYTES_H
#define TM_TEST_UNIT_LEARNER_CAPTURE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Grows as needed; aborts without memory. */
struct capture_bytes {
    uint8_t *b;
    size_t len;
    size_t cap;
    bool is_big;
};

void capture_put(struct capture_bytes *f, const void *p, size_t n);
void capture_put_int(struct capture_bytes *f, uint64_t v, size_t n_bytes);
void capture_free(struct capture_bytes *f);

#define CAPTURE_US        0xa1b2c3d4U
#define CAPTURE_NS        0xa1b23c4dU
#define CAPTURE_KUZNETZOV 0xa1b2cd34U

void capture_pcap_header(struct capture_bytes *f, uint32_t magic, uint32_t link_type);
void capture_pcap_frame(struct capture_bytes *f, uint32_t sec, uint32_t fraction,
                        const uint8_t *frame, uint32_t cap_len, uint32_t wire_len);

void capture_ng_section(struct capture_bytes *f);
/* `resolution` as if_tsresol, `offset_s` as if_tsoffset; 6 and 0 are not written. */
void capture_ng_interface(struct capture_bytes *f, uint16_t link_type, uint32_t snap_len,
                          uint8_t resolution, int64_t offset_s);
void capture_ng_frame(struct capture_bytes *f, uint32_t iface, uint64_t ticks, const uint8_t *frame,
                      uint32_t cap_len, uint32_t wire_len);
void capture_ng_old_frame(struct capture_bytes *f, uint16_t iface, uint64_t ticks,
                          const uint8_t *frame, uint32_t len);
void capture_ng_simple(struct capture_bytes *f, const uint8_t *frame, uint32_t cap_len,
                       uint32_t wire_len);
/* Any other block, its body zeros. */
void capture_ng_block(struct capture_bytes *f, uint32_t type, uint32_t body_len);

#endif
