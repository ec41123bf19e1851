# dialogue.py COMMAND STEP... -- ARGUMENT...: run it on a terminal.  A step is
# WAIT=>TYPE: once WAIT was seen since the last step, TYPE is typed, and a line
# end; ^C and ^D alone are those keys; WAIT alone is only waited for.  Prints all that the terminal showed;
# its exit status, 98 when a step never came, 99 after 30 s.
import fcntl, os, pty, select, struct, sys, termios, time

command, words = sys.argv[1], sys.argv[2:]
steps = [s.split('=>', 1) for s in words[:words.index('--')]]
arguments = words[words.index('--') + 1:]
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 200, 0, 0))
    os.execv(command, [command] + arguments)
seen, looked, end = b'', 0, time.monotonic() + 200
while time.monotonic() < end:
    if select.select([fd], [], [], 1)[0]:
        try:
            more = os.read(fd, 65536)
        except OSError:         # what Linux says when the other side is closed
            more = b''
        if not more:
            break
        seen += more
    while steps:
        at = seen.find(steps[0][0].encode(), looked)
        if at < 0:
            break
        looked = at + len(steps[0][0].encode())
        if len(steps[0]) == 1:
            steps.pop(0)
            continue
        typed = {'^C': b'\x03', '^D': b'\x04'}.get(steps[0][1], steps[0][1].encode() + b'\n')
        os.write(fd, typed)
        steps.pop(0)
else:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    sys.stdout.buffer.write(seen)
    sys.exit(99)
sys.stdout.buffer.write(seen.replace(b'\r\n', b'\n'))
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
if steps:
    print('never came: ' + steps[0][0], file=sys.stderr)
    status = 98
sys.exit(status)
