#include "audit/features/zip.h"

#include <string.h>

#define LOCAL_LEN   30U
#define CENTRAL_LEN 46U
#define END_LEN     22U
#define CRC_AT      14 /* in a local header: CRC, then the length twice */
#define VERSION     20U
#define DATE        0x21U /* 1 January 1980: the same input gives the same file */

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v & 0xffffU);
    put16(p + 2, v >> 16);
}

static void write_bytes(struct tm_zip *z, const void *p, size_t len)
{
    if (z->rc != TM_OK)
        return;
    if (z->at + len > UINT32_MAX)
        z->rc = TM_ERR_LIMIT;
    else if (len > 0 && fwrite(p, 1, len, z->out) != len)
        z->rc = TM_ERR_IO;
    z->at += len;
}

void tm_zip_start(struct tm_zip *z, FILE *out)
{
    *z = (struct tm_zip){.out = out};
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c >> 1 ^ (c & 1 ? UINT32_C(0xedb88320) : 0);
        z->table[i] = c;
    }
}

/* CRC and length of the newest member into its header. */
static void close_member(struct tm_zip *z)
{
    if (z->n == 0 || z->rc != TM_OK)
        return;
    struct tm_zip_member *m = &z->member[z->n - 1];
    uint8_t patch[12];
    put32(patch, m->crc);
    put32(patch + 4, m->bytes);
    put32(patch + 8, m->bytes);
    if (fseek(z->out, (long)m->at + CRC_AT, SEEK_SET) != 0 ||
        fwrite(patch, 1, sizeof patch, z->out) != sizeof patch ||
        fseek(z->out, (long)z->at, SEEK_SET) != 0)
        z->rc = TM_ERR_IO;
}

void tm_zip_member(struct tm_zip *z, const char *name)
{
    close_member(z);
    TM_ASSERT(z->n < TM_ZIP_MEMBERS_MAX);
    struct tm_zip_member *m = &z->member[z->n++];
    *m = (struct tm_zip_member){.at = (uint32_t)z->at};
    (void)snprintf(m->name, sizeof m->name, "%s", name);
    uint8_t head[LOCAL_LEN] = {'P', 'K', 3, 4};
    put16(head + 4, VERSION);
    put16(head + 12, DATE);
    put16(head + 26, (uint32_t)strlen(m->name));
    write_bytes(z, head, sizeof head);
    write_bytes(z, m->name, strlen(m->name));
}

void tm_zip_data(struct tm_zip *z, const void *p, size_t len)
{
    struct tm_zip_member *m = &z->member[z->n - 1];
    const uint8_t *b = p;
    uint32_t c = ~m->crc;
    for (size_t i = 0; i < len; i++)
        c = c >> 8 ^ z->table[(c ^ b[i]) & 0xff];
    m->crc = ~c;
    m->bytes += (uint32_t)len;
    write_bytes(z, p, len);
}

int tm_zip_end(struct tm_zip *z)
{
    close_member(z);
    uint64_t from = z->at;
    for (uint32_t i = 0; i < z->n; i++) {
        const struct tm_zip_member *m = &z->member[i];
        uint8_t head[CENTRAL_LEN] = {'P', 'K', 1, 2};
        put16(head + 4, VERSION);
        put16(head + 6, VERSION);
        put16(head + 14, DATE);
        put32(head + 16, m->crc);
        put32(head + 20, m->bytes);
        put32(head + 24, m->bytes);
        put16(head + 28, (uint32_t)strlen(m->name));
        put32(head + 42, m->at);
        write_bytes(z, head, sizeof head);
        write_bytes(z, m->name, strlen(m->name));
    }
    uint8_t end[END_LEN] = {'P', 'K', 5, 6};
    put16(end + 8, z->n);
    put16(end + 10, z->n);
    put32(end + 12, (uint32_t)(z->at - from));
    put32(end + 16, (uint32_t)from);
    write_bytes(z, end, sizeof end);
    if (z->rc == TM_OK && fflush(z->out) != 0)
        z->rc = TM_ERR_IO;
    return z->rc;
}
