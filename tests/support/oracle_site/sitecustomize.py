"""Run by Python at its start where this folder is on its path: connections to Oracle are the stand-in's."""

from __future__ import annotations

import fake_oracledb

fake_oracledb.install()
