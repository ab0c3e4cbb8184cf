# SPDX-License-Identifier: Apache-2.0
"""What is to be remembered, one JSON object a line. Each call is one write(), so kill -9 costs no line that was noted."""

import json
import os
import time


class Journal:
    def __init__(self, path):
        self.fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def note(self, **fields):
        self.note_all([fields])

    def note_all(self, lines):
        """@lines: dicts. Those without a time get the present one."""
        now = time.time()
        text = "".join(json.dumps({"at": now, **line}, separators=(",", ":")) + "\n" for line in lines)
        os.write(self.fd, text.encode())

    def close(self):
        os.close(self.fd)


def read(path):
    """The lines of a journal, as dicts. A last line without its end was never noted."""
    try:
        with open(path, "rb") as file:
            return [json.loads(line) for line in file if line.endswith(b"\n")]
    except FileNotFoundError:
        return []
