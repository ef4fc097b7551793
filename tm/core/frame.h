/* tm/core/frame.h - what stands in a record's plaintext (DESIGN.md sec. 3).
 *
 * A record is parsed alone: frames never cross records.  In the order in which a record is composed:
 *   PLAN  0x03 | n (1) | n entries (tm/core/entry.h)     next entries of this carrier's explicit plan
 *   ACK   0x01 | records (varint)                        of this carrier
 *         0x02 | carrier (varint) | records (varint)     of another one: all its records below that number
 *   DATA  0x08 + flags | stream (varint) | offset (varint) | [length (varint)] | bytes
 *         flag 1: the stream ends behind these bytes; flag 2: length present, else the bytes fill the record
 *         0x20 + place * 4 + flags | distance (2) | [length (varint)] | bytes
 *         the same of a stream that was on this carrier before (tm/core/trail.h), so far from where it stood, two's complement
 *         0x80 + place * 16 + distance / 256 | distance % 256 | bytes
 *         the same, 0 to 4095 bytes further on, of bytes that fill the record and do not end the stream
 *   FAIL  0x04                                           this end does not know the session: it is over
 *   PAD   0x00                                           the rest of the record means nothing
 * Stream 0 is control (tm/core/message.h): reliable and in order, as any stream; its offsets are the sequence
 * numbers of control.  Records are numbered 0, 1, 2, ... for each carrier and direction. */
#ifndef TM_CORE_FRAME_H
#define TM_CORE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"

enum tm_frame_kind { TM_FRAME_PAD, TM_FRAME_ACK, TM_FRAME_PLAN, TM_FRAME_DATA, TM_FRAME_FAIL };

#define TM_FRAME_OFFSET_MAX (UINT64_C(1) << 61)

struct tm_frame {
    enum tm_frame_kind kind;
    union {
        struct {
            bool here; /* of the carrier that the frame came on; else `carrier` */
            uint32_t carrier;
            uint64_t n_records;
        } ack;
        struct {
            unsigned n_entries; /* 1..255; they follow in the reader */
        } plan;
        struct {
            bool
                is_near; /* it says where by the carrier's trail: tm_trail_follow fills in stream and offset */
            uint8_t place; /* is_near */
            int16_t distance;
            uint64_t stream;
            uint64_t offset;
            bool fin;
            struct tm_view bytes; /* borrowed from the record */
        } data;
    } u;
};

/* Reads the next frame from a non-empty record.  The entries of a PLAN are left in the reader.
 * TM_ERR_FORMAT on anything malformed; PAD consumes the rest. */
TM_MUST_CHECK int tm_frame_decode(struct tm_rd *r, struct tm_frame *f);

size_t tm_frame_ack_len(bool here, uint32_t carrier, uint64_t n_records);
void tm_frame_encode_ack(struct tm_wr *w, bool here, uint32_t carrier, uint64_t n_records);

/* The header of a PLAN of n entries (1..255), which the caller appends (tm_entry_encode). */
void tm_frame_encode_plan_header(struct tm_wr *w, size_t n);
void tm_frame_encode_fail(struct tm_wr *w);

#define TM_FRAME_NEAR_LEN  3U /* of a DATA header by the trail, without the length field */
#define TM_FRAME_CLOSE_LEN 2U /* of the shortest one; no length field */
#define TM_FRAME_CLOSE_MAX 4095
/* The same of one that says stream and offset. */
size_t tm_frame_data_len(uint64_t stream, uint64_t offset);

/* How many of `want` bytes of stream data fit in `room` behind a DATA header of `bare` bytes and its length field; *header is the length of both and
 * *with_len whether it needs the length field (it does unless the bytes fill the room).  Returns 0 with
 * *header 0 when not even the header and one byte (or none, when want is 0: a bare end) fit. */
size_t tm_frame_data_fit(size_t bare, size_t want, size_t room, size_t *header, bool *with_len);
void tm_frame_encode_data_header(struct tm_wr *w, uint64_t stream, uint64_t offset, bool fin,
                                 bool with_len, size_t len);
/* By the trail: place < 8, distance as it fits in 16 bits. */
void tm_frame_encode_near_header(struct tm_wr *w, unsigned place, int distance, bool fin,
                                 bool with_len, size_t len);
/* The shortest: distance 0..TM_FRAME_CLOSE_MAX, the bytes fill the record. */
void tm_frame_encode_close_header(struct tm_wr *w, unsigned place, int distance);

#endif
