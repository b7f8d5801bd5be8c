"""DRAM devices: measured modules, their operating points and partitions.

A device comes from a JSON description in SI units (``specs/``, or a path of the user's). Error
rates are carried as a range: the measurements count 64-byte lines with an error, and for a line
fraction f the bit error rate lies between f / 512 (one bad bit a bad line, ``ber_low``) and f
(whole lines bad, ``ber_high``); 1 - (1 - f)^(1/512) (independent bits) is the estimate ``ber``. A
measured zero is censored: the rate is an upper limit, one over the cells tested. What longer
refresh intervals lose is a source of errors of its own (``retention``). A further device is a file
in ``specs/``; scripts/make_devices.py makes those of public studies.
"""

from eden.devices import _arguments  # noqa: F401 - for what it does
from eden.devices._device import LEVELS as LEVELS
from eden.devices._device import Device as Device
from eden.devices._device import Partition as Partition
from eden.devices._device import from_json as from_json
from eden.devices._listing import print_device as print_device
from eden.devices._listing import print_devices as print_devices
from eden.devices._load import load as load
from eden.devices._load import names as names
from eden.devices._plot import plot_device as plot_device
from eden.devices._plot import save_plot as save_plot
from eden.devices._points import ESTIMATES as ESTIMATES
from eden.devices._points import Ber as Ber
from eden.devices._points import OperatingPoint as OperatingPoint
from eden.devices._points import pick as pick
from eden.devices._points import uniform as uniform
