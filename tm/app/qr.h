/* tm/app/qr.h - a text as a QR code on a terminal: two modules a character, upper half blocks of UTF-8.
 *
 * By libqrencode, when it was there at build time (TM_QR).  Source: ISO/IEC 18004; a quiet zone of 4 modules. */
#ifndef TM_APP_QR_H
#define TM_APP_QR_H

#include <stdbool.h>
#include <stdio.h>

#include "tm/base/err.h"

/* How light and dark look.  PLAIN: light is drawn, in the terminal's own colour, which suits light text on a dark ground;
 * COLOUR: white on black by ECMA-48, whatever the ground. */
enum tm_qr_look { TM_QR_PLAIN, TM_QR_COLOUR };

bool tm_qr_is_built(void);
/* Prints the code of text, error correction level L.  TM_ERR_RANGE: it takes more than max_columns; TM_ERR_UNSUPPORTED: this
 * build has no libqrencode; TM_ERR_LIMIT: the text is too long for any code.  msg says what to do. */
TM_MUST_CHECK int tm_qr_print(FILE *out, const char *text, enum tm_qr_look look,
                              unsigned max_columns, struct tm_msg *msg);

#endif
