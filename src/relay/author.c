#include "relay/author.h"

#include "relay/phrase.h"

static void
put_origin(struct buf *b, struct span user, struct span host)
{
	buf_span(b, user);
	buf_str(b, " on ");
	buf_span(b, host);
}

static bool
says(struct span name, struct span word)
{
	return word.n > 0 && span_icontains(name, word);
}

void
author_put_name(struct buf *b, struct span plain, struct span user, struct span host)
{
	struct buf name;

	buf_init(&name, plain.n + user.n + host.n + 10);
	buf_span(&name, plain);
	if (user.n > 0 && !(says(plain, user) && says(plain, host))) {
		buf_str(&name, plain.n > 0 ? " (" : "");
		put_origin(&name, user, host);
		buf_str(&name, plain.n > 0 ? ")" : "");
	}
	phrase_put(b, buf_view(&name));
	buf_done(&name);
}

/* Encoded words stay as they are: what they say is not ours to read. */
static void
put_encoded(struct buf *b, struct span phrase, struct span user, struct span host)
{
	struct buf origin;

	buf_span(b, phrase);
	if (user.n == 0)
		return;
	buf_init(&origin, user.n + host.n + 10);
	buf_char(&origin, '(');
	put_origin(&origin, user, host);
	buf_char(&origin, ')');
	buf_char(b, ' ');
	phrase_put(b, buf_view(&origin));
	buf_done(&origin);
}

/* The text of a phrase without its quotes, or of a comment. */
static void
put_plain(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			continue;
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
		buf_char(b, s.p[i]);
	}
}

static bool
has_encoded_words(struct span s)
{
	return span_icontains(s, SPAN("=?")) && phrase_is_valid(s);
}

void
author_put_kept(struct buf *b, struct span display, struct span comment, struct span user,
    struct span host)
{
	bool        phrase = display.n > 0;
	struct span name = phrase ? display : span_trim(comment);
	struct buf  plain;

	if (has_encoded_words(name)) {
		put_encoded(b, name, user, host);
	} else if (phrase && user.n == 0 && phrase_is_valid(name)) {
		buf_span(b, name);
	} else if (phrase && !phrase_is_valid(name)) {
		author_put_name(b, name, user, host);
	} else {
		buf_init(&plain, name.n + 1);
		put_plain(&plain, name);
		author_put_name(b, buf_view(&plain), user, host);
		buf_done(&plain);
	}
}
