/* tm/core/pieces.c - who wants to hear of pieces hears of them. */
#include "tm/core/pieces.h"

#include "tm/core/session_int.h"

void tm_session_set_pieces(struct tm_session *s, tm_piece_fn fn, void *user)
{
    s->on_piece = fn;
    s->piece_user = user;
}

void tm_session_note_piece(struct tm_session *s, struct tm_stream *st, const struct tm_piece *p)
{
    if (s->shuffler && p->stream != 0 && p->bytes > 0)
        tm_deal_add(&st->deal, p->carrier, p->bytes);
    if (s->on_piece && p->stream != 0)
        s->on_piece(s->piece_user, p);
}
