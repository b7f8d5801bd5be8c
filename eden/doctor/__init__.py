"""What is installed and built, and whether the injector does what it should.

A further fact is a line in `_facts`, a further check one in `_checks`, what a further format or
model must return one in `_golden`. Checks run in processes of their own (`_child`).
"""

from eden.doctor._doctor import main as main
