"""What is installed and built, and whether the injector flips as many bits as it should."""

from eden.doctor._doctor import main as main
