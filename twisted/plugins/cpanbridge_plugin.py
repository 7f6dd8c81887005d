"""Tell twistd that the command ``cpanbridge`` exists.

twistd imports this file for every command it runs, so it holds strings only: importing a reactor here would break
``--reactor`` for every plugin on the machine.
"""

from twisted.application.service import ServiceMaker

cpanbridge = ServiceMaker(
    "cpanbridge",  # name shown in error messages
    "bridge.tap",  # module with Options and makeService
    "Python functions for Perl programs, on a Unix socket.",  # line in twistd --help
    "cpanbridge",  # the command: twistd cpanbridge
)
