"""terminal.py STEPS CMD...: runs CMD in a pseudo-terminal and prints what it shows. STEPS is a JSON list of [text, keys]: once the
text has been shown, the keys are typed. Ends with the status of CMD."""

import json
import os
import pty
import sys

steps = json.loads(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
shown = b""
seen = 0
while True:
    try:
        chunk = os.read(terminal, 65536)
    except OSError:  # On Linux this error means that the other end was closed.
        break
    if not chunk:
        break
    shown += chunk
    while steps and (at := shown.find(steps[0][0].encode(), seen)) >= 0:
        seen = at + len(steps[0][0])
        os.write(terminal, steps.pop(0)[1].encode())
_, status = os.waitpid(child, 0)
sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(status))
