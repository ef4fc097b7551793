/* audit/features/zip.h - a zip archive, written member by member, stored.
 *
 * Source: PKWARE APPNOTE.TXT 4.3 (local file header, central directory); CRC-32 as in ISO 3309.  Without Zip64: members and archive
 * stay below 4 GiB. */
#ifndef TM_AUDIT_ZIP_H
#define TM_AUDIT_ZIP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tm/base/err.h"

#define TM_ZIP_MEMBERS_MAX 16U
#define TM_ZIP_NAME_LEN    32U

struct tm_zip_member {
    char name[TM_ZIP_NAME_LEN];
    uint32_t crc, bytes, at;
};

struct tm_zip {
    FILE *out; /* borrowed; can be sought in */
    uint32_t table[256];
    struct tm_zip_member member[TM_ZIP_MEMBERS_MAX];
    uint32_t n;
    uint64_t at; /* bytes written */
    int rc;      /* the first error: later calls do nothing */
};

void tm_zip_start(struct tm_zip *z, FILE *out);
/* A new member (the name is cut at TM_ZIP_NAME_LEN - 1); at most TM_ZIP_MEMBERS_MAX. */
void tm_zip_member(struct tm_zip *z, const char *name);
/* More bytes of the newest member. */
void tm_zip_data(struct tm_zip *z, const void *p, size_t len);
/* The directory.  TM_ERR_IO (errno says why) or TM_ERR_LIMIT when anything went wrong since start. */
TM_MUST_CHECK int tm_zip_end(struct tm_zip *z);

#endif
