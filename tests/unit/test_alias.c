/* test_alias.c - aliases files as they are found on machines, and names followed through them. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/alias.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static char       dir[] = "/tmp/postern-alias-XXXXXX";
static struct buf ends, told, steps;

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	buf_init(&ends, 1 << 20);
	buf_init(&told, 1 << 20);
	buf_init(&steps, 1 << 20);
}

static void
teardown(void)
{
	static const char *const names[] = { "a", "b", "c", "fifo" };
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
	buf_done(&ends);
	buf_done(&told);
	buf_done(&steps);
}

/* The temporary folder as DIR, so that rows can name it. */
static void
put_plain(struct buf *b, const char *s)
{
	const char *hit;

	while ((hit = strstr(s, dir)) != NULL) {
		buf_add(b, s, (size_t)(hit - s));
		buf_str(b, "DIR");
		s = hit + strlen(dir);
	}
	buf_str(b, s);
}

static void
on_wrong(void *arg, const char *where, const char *what)
{
	(void)arg;
	put_plain(&told, where);
	buf_str(&told, ": ");
	put_plain(&told, what);
	buf_char(&told, '\n');
}

static void
on_step(void *arg, const char *where, const char *what)
{
	(void)arg;
	buf_printf(&steps, "%s%s", where != NULL ? where : "", where != NULL ? ": " : "");
	put_plain(&steps, what);
	buf_char(&steps, '\n');
}

static bool
is_here(void *arg, const struct addr *a)
{
	(void)arg;
	return addr_is_bare(a) || span_ieq(addr_domain(a), SPAN("here"));
}

static void
on_end(void *arg, const struct alias_end *e)
{
	static const char *const marks[] = {
		[ALIAS_ADDRESS] = "", [ALIAS_FINAL] = "\\", [ALIAS_COMMAND] = "run ", [ALIAS_FILE] = "write ",
		[ALIAS_NOTHING] = "drop ", [ALIAS_BAD] = "bad ",
	};

	(void)arg;
	buf_printf(&ends, "%s%s", ends.n > 0 ? "; " : "", marks[e->kind]);
	put_plain(&ends, e->addr != NULL ? e->addr->text : e->text);
}

static const struct alias_ear ear = { .wrong = on_wrong };
static const struct alias_ops ops = { .is_local = is_here, .end = on_end, .step = on_step };

static int
expand(const struct aliases *t, const char *who)
{
	struct addr *a = addr_parse(span_of(who), NULL);
	int          r;

	ck_assert_ptr_nonnull(a);
	buf_clear(&ends);
	r = alias_expand(t, a, &ops, &ear);
	addr_free(a);
	return r;
}

/* ---- reading and following ---- */

static const struct {
	const char *text, *who, *ends, *told;
} rows[] = {
	/* the plain cases */
	{ "root: ops@x.org\n", "root", "ops@x.org", "" },
	{ "root: ops@x.org", "root", "ops@x.org", "" },
	{ "root:ops@x.org\r\nbob:a\r\n", "bob", "\\a", "" },
	{ "root\t :\tops@x.org  \n", "root", "ops@x.org", "" },
	{ "ROOT: ops@x.org\n", "root", "ops@x.org", "" },
	{ "root: ops@x.org\n", "Root@HERE", "ops@x.org", "" },
	{ "root: ops@x.org\n", "alice", "\\alice", "" },
	{ "root: ops@x.org\n", "alice@here", "\\alice@here", "" },
	{ "", "root", "\\root", "" },
	/* lists */
	{ "a: b@x.org, c@x.org,d@x.org\n", "a", "b@x.org; c@x.org; d@x.org", "" },
	{ "a: b@x.org,, ,c@x.org,\n", "a", "b@x.org; c@x.org", "" },
	{ "a: b@x.org\n  c@x.org\n", "a", "bad b@x.org c@x.org",
	  "f:1: \"b@x.org c@x.org\": domain has a character that no domain may have\n" },
	{ "a: b@x.org,\n\tc@x.org\n", "a", "b@x.org; c@x.org", "" },
	{ "a: b@x.org,\\\nc@x.org\nd: e\n", "a", "b@x.org; c@x.org", "" },
	{ "a:\n\tb@x.org\n", "a", "b@x.org", "" },
	{ "a: b@x.org,\n# between\n\n   # and this\n c@x.org\n", "a", "b@x.org; c@x.org", "" },
	/* comments */
	{ "# a: z\na: b@x.org # c, d@x.org\n", "a", "b@x.org", "" },
	{ "a: b@x.org (his, other), c@x.org\n", "a", "b@x.org; c@x.org", "" },
	{ "a: b#c@x.org\n", "a", "b#c@x.org", "" },
	{ "a: \"b # c\"@x.org\n", "a", "\"b # c\"@x.org", "" },
	/* forms of addresses */
	{ "a: Bob B <b@x.org>, \"C, D\" <c@x.org>\n", "a", "b@x.org; c@x.org", "" },
	{ "a: \"john doe\", \"j, d\"@x.org\n", "a", "\\\"john doe\"; \"j, d\"@x.org", "" },
	{ "\"john doe\": b@x.org\n", "\"john doe\"", "b@x.org", "" },
	{ "\"a:b\": c@x.org\n", "\"A:B\"", "c@x.org", "" },
	{ "a.b: c@x.org\n", "\"a.b\"@here", "c@x.org", "" },
	{ "a: /O=x/C=de/@gate.org\n", "a", "/O=x/C=de/@gate.org", "" },
	/* nesting */
	{ "a: b\nb: c, d@x.org\nc: e@x.org\n", "a", "e@x.org; d@x.org", "" },
	{ "a: b@here\nb: c@x.org\n", "a", "c@x.org", "" },
	{ "a: b, c\nb: d@x.org\nc: d@x.org, b\n", "a", "d@x.org; d@x.org", "" },
	/* back to itself */
	{ "a: a, b@x.org\n", "a", "\\a; b@x.org", "" },
	{ "a: A@here\n", "a", "\\A@here", "" },
	{ "a: \\a, b@x.org\n", "a", "\\a; b@x.org", "" },
	{ "a: \\b\nb: c@x.org\n", "a", "\\b", "" },
	{ "a: \\b@x.org\n", "a", "b@x.org", "" },
	{ "a: b\nb: a, c@x.org\n", "a", "\\a; c@x.org",
	  "f:2: a loop: a -> b -> a; mail for a stays a local user's\n" },
	{ "a: b\nb: c\nc: b\n", "a", "\\b", "f:3: a loop: b -> c -> b; mail for b stays a local user's\n" },
	/* tags and default names */
	{ "a: b@x.org\n", "a+tag", "b@x.org", "" },
	{ "a: b@x.org\na+tag: c@x.org\n", "a+tag", "c@x.org", "" },
	{ "a: b@x.org\n", "a+", "b@x.org", "" },
	{ "a: b@x.org\n", "+a", "\\+a", "" },
	{ "a: b@x.org\n", "c+a", "\\c+a", "" },
	{ "root: ops@x.org\n", "postmaster", "ops@x.org", "" },
	{ "root: ops@x.org\n", "Mailer-Daemon@here", "ops@x.org", "" },
	{ "root: ops@x.org\npostmaster: p@x.org\n", "postmaster", "p@x.org", "" },
	{ "root: ops@x.org\n", "postmaster+x", "ops@x.org", "" },
	{ "", "postmaster", "\\root", "" },
	{ "root: postmaster\n", "root", "\\root", "" },
	{ "mailer-daemon: postmaster\npostmaster: root\n", "mailer-daemon", "\\root", "" },
	/* what is never run, written or understood */
	{ "a: |/usr/bin/x -f, b@x.org\n", "a", "run |/usr/bin/x -f; b@x.org", "" },
	{ "a: \"|/usr/bin/x -a, 'b' #1\", c@x.org\n", "a", "run |/usr/bin/x -a, 'b' #1; c@x.org", "" },
	{ "a: \"|x \\\"y\\\"\"\n", "a", "run |x \"y\"", "" },
	{ "a: /var/mail/a, \"/tmp/b, c\"\n", "a", "write /var/mail/a; write /tmp/b, c", "" },
	{ "a: /dev/null\n", "a", "drop /dev/null", "" },
	{ "a: \"/dev/null\", b@x.org\n", "a", "drop /dev/null; b@x.org", "" },
	{ "a: :fail: gone\n", "a", "bad :fail: gone",
	  "f:1: \":fail: gone\": of the words in colons only :include: is known here\n" },
	{ "a: :include:list\n", "a", "bad :include:list",
	  "f:1: \":include:list\": an included file needs its full path\n" },
	{ "a: b@@x.org, c@x.org\n", "a", "bad b@@x.org; c@x.org", "f:1: \"b@@x.org\": more than one '@'\n" },
	{ "a: \\\n", "a", "\\a", "f:1: a: no target\n" },
	{ "a: <b@x.org, c@x.org\n", "a", "bad <b@x.org; c@x.org", "f:1: \"<b@x.org\": '<' without '>'\n" },
	{ "a: b@x.org (open, c@x.org\n", "a", "b@x.org; c@x.org", "" },
	{ "a: \"open, c@x.org\n", "a", "bad \"open; c@x.org", "f:1: \"\"open\": quoted local part is not closed\n" },
	/* lines that are no alias: the others count */
	{ "nonsense\na: b@x.org\n", "a", "b@x.org", "f:1: no colon; write \"name: target\"\n" },
	{ " a: b@x.org\nb: c@x.org\n", "b", "c@x.org",
	  "f:1: begins with a blank, but there is no alias to go on with\n" },
	{ ": b@x.org\n", "a", "\\a", "f:1: no name before the colon\n" },
	{ "a:\nb: c@x.org\n", "b", "c@x.org", "f:1: a: no target\n" },
	{ "a: # nothing\n", "a", "\\a", "f:1: a: no target\n" },
	{ "a@x.org: b\n", "a", "\\a",
	  "f:1: an alias is a local name, without a domain; for other addresses there is map { }\n" },
	{ "<a>: b\n", "a", "\\a", "f:1: a name has no angle brackets\n" },
	{ "john doe: b\n", "a", "\\a", "f:1: blank outside quotes\n" },
	{ "\"a: b\n", "a", "\\a", "f:1: quoted local part is not closed\n" },
	{ "a: b@x.org\nA: c@x.org\n", "a", "b@x.org", "f:2: a: is there already, in line 1, which counts\n" },
};

START_TEST(follows)
{
	struct aliases *t = aliases_parse(span_of(rows[_i].text), "f", &ear);

	ck_assert_int_eq(expand(t, rows[_i].who), 0);
	ck_assert_str_eq(buf_cstr(&ends), rows[_i].ends);
	ck_assert_str_eq(buf_cstr(&told), rows[_i].told);
	aliases_free(t);
}
END_TEST

START_TEST(no_table)
{
	ck_assert_int_eq(expand(NULL, "postmaster"), 0);
	ck_assert_str_eq(buf_cstr(&ends), "\\root");
	ck_assert_str_eq(buf_cstr(&steps), "postmaster is root, unless an alias says otherwise\n");
	ck_assert_ptr_null(aliases_find(NULL, SPAN("a")));
	aliases_free(NULL);
}
END_TEST

START_TEST(a_nul)
{
	struct aliases *t = aliases_parse((struct span){ "a: b\0c\nd: e@x.org\n", 18 }, "f", &ear);

	ck_assert_str_eq(buf_cstr(&told), "f:1: a NUL octet: this is no text\n");
	ck_assert_ptr_null(aliases_find(t, SPAN("a")));
	ck_assert_ptr_nonnull(aliases_find(t, SPAN("d")));
	aliases_free(t);
}
END_TEST

START_TEST(counts)
{
	struct aliases *t = aliases_parse(SPAN("b: c@x.org, d@x.org\n# x\na:  e@x.org \n\"C d\": f\n"), "f", NULL);

	ck_assert_uint_eq(t->n, 3);
	ck_assert_uint_eq(t->longest, 16);
	ck_assert_uint_eq(t->bytes, 16 + 7 + 1);
	ck_assert_str_eq(t->alias[0].name, "a");
	ck_assert_uint_eq(t->alias[0].line, 3);
	ck_assert_str_eq(t->alias[1].right, "c@x.org, d@x.org");
	ck_assert_str_eq(t->alias[2].name, "c d");
	aliases_free(t);
}
END_TEST

START_TEST(tells_the_way)
{
	struct aliases *t = aliases_parse(SPAN("postmaster: root\nroot: a,\n b@x.org\na: c@x.org\n"), "f", &ear);

	ck_assert_int_eq(expand(t, "postmaster@here"), 0);
	ck_assert_str_eq(buf_cstr(&steps), "f:1: postmaster is an alias: root\nf:2: root is an alias: a, b@x.org\n"
	    "f:4: a is an alias: c@x.org\n");
	aliases_free(t);
}
END_TEST

/* ---- bounds ---- */

/* a0: a1, a1 … a40: the paths are 2^40, the names 41. */
START_TEST(many_paths)
{
	struct aliases *t;
	struct buf      text;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 30; i++)
		buf_printf(&text, "a%d: a%d, a%d, b%d@x.org\n", i, i + 1, i + 1, i);
	buf_str(&text, "a30: end@x.org\n");
	t = aliases_parse(buf_view(&text), "f", &ear);
	ck_assert_int_eq(expand(t, "a0"), 0);
	ck_assert(span_starts(buf_view(&ends), SPAN("end@x.org; b29@x.org; b28@x.org")));
	ck_assert_str_eq(buf_cstr(&told), "");
	aliases_free(t);
	buf_done(&text);
}
END_TEST

START_TEST(too_deep)
{
	struct aliases *t;
	struct buf      text;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "a%d: a%d\n", i, i + 1);
	t = aliases_parse(buf_view(&text), "f", &ear);
	ck_assert_int_eq(expand(t, "a0"), 0);
	ck_assert_str_eq(buf_cstr(&ends), "\\a32");
	ck_assert_str_eq(buf_cstr(&told),
	    "f:32: a32: more than 32 aliases inside each other; it stays a local user's\n");
	ck_assert_int_eq(expand(t, "a970"), 0);
	ck_assert_str_eq(buf_cstr(&ends), "\\a1000");
	aliases_free(t);
	buf_done(&text);
}
END_TEST

START_TEST(too_many)
{
	struct aliases *t;
	struct buf      text;

	buf_init(&text, 1 << 20);
	buf_str(&text, "a: ");
	for (int i = 0; i < ALIAS_ENDS; i++)
		buf_printf(&text, "%su%d@x.org", i > 0 ? "," : "", i);
	t = aliases_parse(buf_view(&text), "f", &ear);
	ck_assert_int_eq(expand(t, "a"), 0);
	aliases_free(t);
	buf_str(&text, ",one@more.org\n");
	t = aliases_parse(buf_view(&text), "f", &ear);
	ck_assert_int_eq(expand(t, "a"), -E2BIG);
	ck_assert_str_eq(buf_cstr(&told), "f:1: expands to more than 10000 addresses\n");
	aliases_free(t);
	buf_done(&text);
}
END_TEST

/* ---- files ---- */

static void
put_file(const char *name, mode_t mode, const char *text)
{
	char path[64];
	int  fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static const struct {
	const char *a;                  /* files; %s is their folder.  NULL: none */
	mode_t      mode;
	const char *b;
	int         result;
	const char *ends, *told;
} includes[] = {
	{ "# a list\nb@x.org\nc@x.org, d\n\n", 0644, NULL, 0,
	  "first@x.org; b@x.org; c@x.org; e@x.org; last@x.org", "" },
	{ "", 0444, NULL, 0, "first@x.org; last@x.org", "" },
	{ ":include:%s/b\nb@x.org\n", 0644, "c@x.org\n", 0, "first@x.org; c@x.org; b@x.org; last@x.org", "" },
	{ ":include:%s/b\n", 0644, ":include:%s/a\nc@x.org\n", 0, "first@x.org; c@x.org; last@x.org", "" },
	{ "list\nb@x.org\n", 0644, NULL, 0, "first@x.org; \\list; b@x.org; last@x.org",
	  "DIR/a:1: a loop: list -> DIR/a -> list; mail for list stays a local user's\n" },
	{ "|x\n\"/y z\"\nb b\n", 0644, NULL, 0, "first@x.org; run |x; write /y z; bad b b; last@x.org",
	  "DIR/a:3: \"b b\": blank outside quotes\n" },
	{ "b@x.org\n", 0664, NULL, -EPERM, NULL, "f:1: DIR/a: others than its owner can write it; chmod go-w\n" },
	{ "b@x.org\n", 0646, NULL, -EPERM, NULL, "f:1: DIR/a: others than its owner can write it; chmod go-w\n" },
	{ "b@x.org\n", 0640, NULL, -EPERM, NULL, "f:1: DIR/a: not everybody can read it; chmod o+r\n" },
	{ NULL, 0, NULL, -ENOENT, NULL, "f:1: DIR/a: No such file or directory\n" },
	{ ":include:%s/b\n", 0644, NULL, -ENOENT, NULL, "DIR/a:1: DIR/b: No such file or directory\n" },
	{ ":include:%s\n", 0644, NULL, -EISDIR, NULL, "DIR/a:1: DIR: Is a directory\n" },
	{ ":include:%s/fifo\n", 0644, NULL, -EINVAL, NULL, "DIR/a:1: DIR/fifo: not a regular file\n" },
};

START_TEST(including)
{
	struct aliases *t;
	char            text[200], path[64];

	snprintf(path, sizeof(path), "%s/fifo", dir);
	ck_assert_int_eq(mkfifo(path, 0644), 0);
	if (includes[_i].a != NULL) {
		snprintf(text, sizeof(text), includes[_i].a, dir);
		put_file("a", includes[_i].mode, text);
	}
	if (includes[_i].b != NULL) {
		snprintf(text, sizeof(text), includes[_i].b, dir);
		put_file("b", 0644, text);
	}
	snprintf(text, sizeof(text), "list: first@x.org, \":include: %s/a\", last@x.org\nd: e@x.org\n", dir);
	t = aliases_parse(span_of(text), "f", &ear);
	ck_assert_int_eq(expand(t, "list"), includes[_i].result);
	if (includes[_i].ends != NULL)
		ck_assert_str_eq(buf_cstr(&ends), includes[_i].ends);
	ck_assert_str_eq(buf_cstr(&told), includes[_i].told);
	aliases_free(t);
}
END_TEST

START_TEST(a_large_include)
{
	struct aliases *t;
	struct buf      text;
	char            line[100];

	buf_init(&text, 2 * ALIAS_INCLUDE_MAX);
	while (text.n <= ALIAS_INCLUDE_MAX)
		buf_str(&text, "somebody@example.org\n");
	put_file("a", 0644, buf_cstr(&text));
	snprintf(line, sizeof(line), "list: :include:%s/a\n", dir);
	t = aliases_parse(span_of(line), "f", &ear);
	ck_assert_int_eq(expand(t, "list"), -EFBIG);
	ck_assert_str_eq(buf_cstr(&told), "f:1: DIR/a: longer than 1 MiB\n");
	aliases_free(t);
	buf_done(&text);
}
END_TEST

START_TEST(the_file)
{
	struct aliases *t = NULL;
	char            path[64], link[64];

	snprintf(path, sizeof(path), "%s/a", dir);
	snprintf(link, sizeof(link), "%s/b", dir);
	ck_assert_int_eq(aliases_read(path, &ear, &t), -ENOENT);
	ck_assert_int_eq(aliases_read(dir, &ear, &t), -EISDIR);
	put_file("a", 0646, "a: b@x.org\n");
	ck_assert_int_eq(aliases_read(path, &ear, &t), -EPERM);
	ck_assert_ptr_null(t);
	put_file("a", 0664, "a: b@x.org\nnonsense\n");
	ck_assert_int_eq(symlink("a", link), 0);
	ck_assert_int_eq(aliases_read(link, &ear, &t), 0);
	ck_assert_str_eq(buf_cstr(&told), "DIR/b:2: no colon; write \"name: target\"\n");
	ck_assert_int_eq(expand(t, "a"), 0);
	ck_assert_str_eq(buf_cstr(&ends), "b@x.org");
	aliases_free(t);
}
END_TEST

Suite *suite_alias(void);

Suite *
suite_alias(void)
{
	Suite *s = suite_create("alias");
	TCase *t = tcase_create("alias");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, follows, 0, ROWS(rows));
	tcase_add_test(t, no_table);
	tcase_add_test(t, a_nul);
	tcase_add_test(t, counts);
	tcase_add_test(t, tells_the_way);
	tcase_add_test(t, many_paths);
	tcase_add_test(t, too_deep);
	tcase_add_test(t, too_many);
	tcase_add_loop_test(t, including, 0, ROWS(includes));
	tcase_add_test(t, a_large_include);
	tcase_add_test(t, the_file);
	suite_add_tcase(s, t);
	return s;
}
