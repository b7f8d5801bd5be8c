"""What is installed and built, and whether the injector flips as many bits as it should.

A further fact is a line in `_facts`, a further check one in `_checks`.
"""

from eden.doctor._doctor import main as main
