/* test/unit/app/qr_test.c - what is drawn is a QR code: quiet zone, finders and timing where ISO/IEC 18004 has them, and of the
 * size that the text takes. */
#include "tm/app/qr.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

#define SIDE_MAX 200

struct picture {
    bool dark[SIDE_MAX][SIDE_MAX]; /* [y][x] */
    int width, height;
};
static struct picture p;

/* Two modules from the half block at *s. */
static void take(const char **s, int x, int y)
{
    if (**s == ' ') {
        p.dark[y][x] = p.dark[y + 1][x] = true;
        (*s)++;
        return;
    }
    CHECK(strncmp(*s, "\xe2\x96", 2) == 0);
    p.dark[y][x] = (*s)[2] == '\x84';
    p.dark[y + 1][x] = (*s)[2] == '\x80';
    *s += 3;
}

static void draw(const char *text)
{
    char *out = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&out, &len);
    memset(&p, 0, sizeof p);
    CHECK_INT(tm_qr_print(f, text, TM_QR_PLAIN, 100, NULL), TM_OK);
    fclose(f);
    const char *s = out;
    for (; *s != '\0' && p.height + 2 < SIDE_MAX; p.height += 2) {
        int x = 0;
        for (; *s != '\n' && *s != '\0' && x < SIDE_MAX; x++)
            take(&s, x, p.height);
        CHECK(p.width == 0 || p.width == x);
        p.width = x;
        s += *s == '\n';
    }
    free(out);
}

/* The 7 by 7 square with a ring and a core. */
static bool is_finder(int x0, int y0)
{
    for (int y = 0; y < 7; y++)
        for (int x = 0; x < 7; x++) {
            int ring = x < y ? x : y;
            ring = 6 - x < ring ? 6 - x : ring;
            ring = 6 - y < ring ? 6 - y : ring;
            if (p.dark[y0 + y][x0 + x] != (ring != 1))
                return false;
        }
    return true;
}

static void code_has_its_marks(void)
{
    char text[201];
    memset(text, 'k', 200);
    text[200] = '\0';
    draw(text);
    int n = p.width - 8; /* modules of a side */
    CHECK_INT(n, 53);    /* version 9-L: 230 bytes; 8-L holds 192 */
    CHECK(p.height >= p.width);
    for (int i = 0; i < p.width; i++)
        for (int k = 0; k < 4; k++)
            CHECK(!p.dark[k][i] && !p.dark[i][k] && !p.dark[p.width - 1 - k][i] &&
                  !p.dark[i][p.width - 1 - k]);
    CHECK(is_finder(4, 4));
    CHECK(is_finder(4 + n - 7, 4));
    CHECK(is_finder(4, 4 + n - 7));
    for (int i = 8; i < n - 8; i++) {
        CHECK_INT(p.dark[4 + 6][4 + i], i % 2 == 0);
        CHECK_INT(p.dark[4 + i][4 + 6], i % 2 == 0);
    }
}

static void narrow_terminals_get_no_code(void)
{
    struct tm_msg msg;
    char *out = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&out, &len);
    CHECK_INT(tm_qr_print(f, "hello", TM_QR_PLAIN, 28, &msg), TM_ERR_RANGE);
    CHECK(strstr(msg.text, "29 columns and 15 lines") != NULL);
    fflush(f);
    CHECK_INT(len, 0);
    CHECK_INT(tm_qr_print(f, "hello", TM_QR_COLOUR, 29, &msg), TM_OK);
    fclose(f);
    CHECK(strncmp(out, "\033[40;97m\xe2\x96\x88", 11) == 0);
    free(out);
}

static void too_much_text_is_refused(void)
{
    static char text[4000];
    struct tm_msg msg;
    memset(text, 'k', sizeof text - 1);
    CHECK_INT(tm_qr_print(stdout, text, TM_QR_PLAIN, 1000, &msg), TM_ERR_LIMIT);
}

static const struct check_case cases[] = {
    {"code_has_its_marks", code_has_its_marks},
    {"narrow_terminals_get_no_code", narrow_terminals_get_no_code},
    {"too_much_text_is_refused", too_much_text_is_refused},
};
CHECK_MAIN("qr", cases)
