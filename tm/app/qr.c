/* tm/app/qr.c - see qr.h; the only user of libqrencode. */
#include "tm/app/qr.h"

#ifdef TM_HAVE_QR

#include <qrencode.h>

#define QUIET 4

bool tm_qr_is_built(void)
{
    return true;
}

/* Outside the code is light. */
static bool is_dark(const QRcode *q, int x, int y)
{
    return x >= 0 && y >= 0 && x < q->width && y < q->width && (q->data[y * q->width + x] & 1) != 0;
}

/* Two modules, one above the other: what is light is drawn. */
static const char *cell(bool upper_dark, bool lower_dark)
{
    if (upper_dark)
        return lower_dark ? " " : "\xe2\x96\x84"; /* U+2584 lower half block */
    return lower_dark ? "\xe2\x96\x80"
                      : "\xe2\x96\x88"; /* U+2580 upper half block, U+2588 full block */
}

static void print(FILE *out, const QRcode *q, enum tm_qr_look look)
{
    for (int y = -QUIET; y < q->width + QUIET; y += 2) {
        (void)fputs(look == TM_QR_COLOUR ? "\033[40;97m" : "", out);
        for (int x = -QUIET; x < q->width + QUIET; x++)
            (void)fputs(cell(is_dark(q, x, y), is_dark(q, x, y + 1)), out);
        (void)fputs(look == TM_QR_COLOUR ? "\033[0m\n" : "\n", out);
    }
}

int tm_qr_print(FILE *out, const char *text, enum tm_qr_look look, unsigned max_columns,
                struct tm_msg *msg)
{
    int rc = TM_OK;
    QRcode *q = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    if (q == NULL)
        return tm_msg_set(msg, TM_ERR_LIMIT, "the link is too long for a QR code");
    unsigned columns = (unsigned)q->width + 2 * QUIET;
    if (columns > max_columns)
        rc =
            tm_msg_set(msg, TM_ERR_RANGE,
                       "the terminal is too narrow for a QR code: it takes %u columns and %u lines",
                       columns, (columns + 1) / 2);
    else
        print(out, q, look);
    QRcode_free(q);
    return rc;
}

#else

bool tm_qr_is_built(void)
{
    return false;
}

int tm_qr_print(FILE *out, const char *text, enum tm_qr_look look, unsigned max_columns,
                struct tm_msg *msg)
{
    (void)out;
    (void)text;
    (void)look;
    (void)max_columns;
    return tm_msg_set(msg, TM_ERR_UNSUPPORTED,
                      "this build prints no QR codes; install libqrencode-dev and build again");
}

#endif
