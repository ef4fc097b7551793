/* tm/sim/card_text.h - a card's numbers as people read them: three digits and a unit. */
#ifndef TM_SIM_CARD_TEXT_H
#define TM_SIM_CARD_TEXT_H

#include <stdint.h>

#define TM_CARD_TEXT_LEN 24U /* bytes that hold every text, terminator included */

void tm_card_text_us(char out[TM_CARD_TEXT_LEN],
                     uint64_t us); /* 0 us, 12.3 ms, 3.21 s, 12.5 min, 26.0 h */
void tm_card_text_bps(char out[TM_CARD_TEXT_LEN], uint64_t bps);     /* 8.20 kb/s, 1.40 Mb/s */
void tm_card_text_bytes(char out[TM_CARD_TEXT_LEN], uint64_t bytes); /* 517 B, 3.20 kB, 38.1 GB */

#endif
