/* ask.c - see ask.h. */
#include "postern/ask.h"

#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

#define NSIGNALS (sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t stopped;
static sigset_t              before;    /* what was blocked, and is while we wait */
static struct sigaction      old[NSIGNALS];

static void
on_signal(int number)
{
	(void)number;
	stopped = 1;
}

bool
ask_is_person(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

void
ask_begin(void)
{
	struct sigaction act = { .sa_handler = on_signal };
	sigset_t ours;

	sigemptyset(&ours);
	sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < NSIGNALS; i++) {
		sigaddset(&ours, signals[i]);
		sigaction(signals[i], &act, &old[i]);
	}
	sigprocmask(SIG_BLOCK, &ours, &before);
}

void
ask_end(void)
{
	for (size_t i = 0; i < NSIGNALS; i++)
		sigaction(signals[i], &old[i], NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* One that came before it waits is delivered as it begins to wait: nothing is lost between two looks. */
static enum ask
await_input(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	int n;

	do
		n = stopped ? 0 : ppoll(&in, 1, NULL, &before);
	while (n < 0 && errno == EINTR && !stopped);
	return stopped ? ASK_STOPPED : n < 0 ? ASK_END : ASK_OK;
}

/* A byte at a time: what stands behind the line end is the next question's, or another program's. */
static enum ask
read_line(struct buf *ret)
{
	enum ask a;
	ssize_t n = 0;
	char c = '\0';

	buf_clear(ret);
	while ((a = await_input()) == ASK_OK) {
		n = read(STDIN_FILENO, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || c == '\n')
			break;
		buf_char(ret, c);
	}
	if (a == ASK_OK && n <= 0)
		a = ASK_END;
	if (ret->n > 0 && ret->p[ret->n - 1] == '\r')
		buf_cut(ret, ret->n - 1);
	return a;
}

static enum ask
left(enum ask a)
{
	if (a != ASK_OK)
		putchar('\n');
	fflush(stdout);
	return a;
}

enum ask
ask_line(const char *question, const char *otherwise, struct buf *ret)
{
	struct span typed;
	enum ask a;

	printf("%s", question);
	if (otherwise != NULL)
		printf(" [%s]", otherwise);
	fputs(": ", stdout);
	fflush(stdout);
	a = left(read_line(ret));
	typed = span_trim(buf_view(ret));
	buf_cut(ret, (size_t)(typed.p + typed.n - buf_view(ret).p));
	buf_drop(ret, ret->n - typed.n);
	if (a == ASK_OK && ret->n == 0 && otherwise != NULL)
		buf_str(ret, otherwise);
	return a;
}

enum ask
ask_secret(const char *question, struct buf *ret)
{
	struct termios was, unseen;
	bool hidden = tcgetattr(STDIN_FILENO, &was) == 0;
	enum ask a;

	if (hidden) {
		unseen = was;
		unseen.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
	}
	printf("%s (not shown): ", question);
	fflush(stdout);
	a = read_line(ret);
	if (hidden)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	putchar('\n');
	fflush(stdout);
	return a;
}

enum ask
ask_yes(const char *question, bool otherwise, bool *ret)
{
	struct buf answer;
	enum ask a;
	char c = '\0';

	buf_init(&answer, ASK_LINE_MAX);
	do {
		if (c != '\0')
			puts("Type y for yes or n for no.");
		a = ask_line(question, otherwise ? "Y/n" : "y/N", &answer);
		c = a == ASK_OK ? buf_cstr(&answer)[0] : 'n';
		if (span_eq(buf_view(&answer), SPAN("Y/n")) || span_eq(buf_view(&answer), SPAN("y/N")))
			c = otherwise ? 'y' : 'n';
	} while (c != 'y' && c != 'Y' && c != 'n' && c != 'N');
	buf_done(&answer);
	*ret = c == 'y' || c == 'Y';
	return a;
}

bool
ask_pause_ms(int ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	if (!stopped)
		ppoll(NULL, 0, &t, &before);
	return !stopped;
}

/* ^C is for the program then; ours waits until it has ended, and is asked after at the next question. */
int
ask_run(char *const argv[])
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		ask_end();
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		return 127;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
