# terminal.py WAIT TYPE COMMAND...: run it on a terminal of 80 columns, type TYPE
# once WAIT was seen, print all it wrote; its exit status, or 99 after 30 s.
import fcntl, os, pty, select, struct, sys, termios, time

wait, typed, command = sys.argv[1].encode(), sys.argv[2].encode(), sys.argv[3:]
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
    os.environ['TERM'] = os.environ.get('PTY_TERM', 'xterm')
    os.execvp(command[0], command)
seen, end = b'', time.monotonic() + 30
while time.monotonic() < end:
    if select.select([fd], [], [], 1)[0]:
        try:
            more = os.read(fd, 65536)
        except OSError:         # what Linux says when the other side is closed
            more = b''
        if not more:
            break
        seen += more
    if typed and wait in seen:
        os.write(fd, typed)
        typed = b''
else:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    sys.exit(99)
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
