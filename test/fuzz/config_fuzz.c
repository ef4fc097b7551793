/* test/fuzz/config_fuzz.c - any text as a config file of either program: it is read to its end, and what is printed of it is read again
 * without a fault. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tm/app/options_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_fault(void *user, unsigned line, const char *text)
{
    unsigned *n = user;
    TM_ASSERT(line > 0 && text[0] != '\0');
    (*n)++;
}

/* Reads text, which is changed, into *o. */
static int read_text(struct tm_options *o, enum tm_program program, char *text)
{
    char *argv[] = {"p", "run", NULL};
    unsigned n = 0;
    TM_ASSERT(tm_options_parse(o, program, 2, argv, NULL) == TM_OK);
    int rc = tm_options_config(o, text, on_fault, &n);
    TM_ASSERT((rc == TM_OK) == (n == 0));
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tm_options o, again;
    for (unsigned i = 0; i < 2; i++) {
        enum tm_program program = i == 0 ? TM_PROGRAM_CLIENT : TM_PROGRAM_SERVER;
        char *text = malloc(size + 1), *printed = NULL;
        size_t len = 0;
        if (text == NULL)
            abort();
        if (size > 0)
            memcpy(text, data, size);
        text[size] = '\0';
        if (read_text(&o, program, text) == TM_OK) {
            FILE *f = open_memstream(&printed, &len);
            if (f == NULL)
                abort();
            tm_options_print(f, &o);
            if (fclose(f) != 0)
                abort();
            TM_ASSERT(read_text(&again, program, printed) == TM_OK);
            TM_ASSERT(again.n_list == o.n_list);
        }
        free(printed);
        free(text);
    }
    return 0;
}
