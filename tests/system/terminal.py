# terminal.py WAIT TYPE COMMAND...: run it on a terminal of 80 columns, type TYPE
# once WAIT was seen, print all it wrote; its exit status, or 99 after 30 s.
# PTY_SIZES "24x40 50x120": once WAIT was seen the terminal takes on these sizes,
# 20 times over without a pause, and TYPE comes when WAIT was seen once more, in
# what was drawn since; 98: the command did not live so long.
import fcntl, os, pty, select, struct, sys, termios, time

wait, typed, command = sys.argv[1].encode(), sys.argv[2].encode(), sys.argv[3:]
resizes = 'PTY_SIZES' in os.environ
sizes = [tuple(map(int, s.split('x'))) for s in os.environ.get('PTY_SIZES', '').split()]


def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


pid, fd = pty.fork()
if pid == 0:
    resize(0, 24, 80)
    os.environ['TERM'] = os.environ.get('PTY_TERM', 'xterm')
    os.execvp(command[0], command)
seen, since, end = b'', 0, time.monotonic() + 200
while time.monotonic() < end:
    if select.select([fd], [], [], 1)[0]:
        try:
            more = os.read(fd, 65536)
        except OSError:         # what Linux says when the other side is closed
            more = b''
        if not more:
            break
        seen += more
    if wait not in seen[since:]:
        continue
    if sizes:
        for rows, columns in 20 * sizes:
            resize(fd, rows, columns)
        # Of what is on its way already nothing counts: two whole drawings more.
        sizes, since, drawn = [], len(seen), seen.count(b'\033[H') + 3
    elif typed and (not resizes or seen.count(b'\033[H') >= drawn):
        os.write(fd, typed)
        typed = b''
else:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    sys.exit(99)
sys.stdout.buffer.write(seen)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(98 if resizes and typed else status)
